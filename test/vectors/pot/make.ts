// SPDX-License-Identifier: Apache-2.0
//
// Writes the vectors of proof-of-time: node test/vectors/pot/make.ts. They were made once and are fixed: a
// difference afterwards makes two versions draw two committees.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { toHex } from "#core/codec/bytes";
import { nobleCrypto } from "#core/crypto/noble";
import { nodeIdOf } from "#core/identity";
import { beaconDigest, beaconOf } from "#core/pot/beacon";
import { Committees } from "#core/pot/committee";
import { potParams } from "#core/pot/params";
import { medianMs, randomKeyOf, signToken, tokenDigest } from "#core/pot/token";
import { memberIds, type PotVectors } from "./check.ts";

const crypto = nobleCrypto();
const counting = (first: number, length = 32): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (first + i) & 255);
const NET = "street-7";

function beaconVector(first: number, epoch: number): PotVectors["beacons"][number] {
  const secretKey = counting(first);
  const digest = beaconDigest(crypto, NET, epoch);
  const reveals = crypto.sign(secretKey, digest);
  const beacon = toHex(beaconOf(crypto, reveals));
  const moved = plusOrder(reveals);
  const other = { reveals: toHex(moved), beacon: toHex(beaconOf(crypto, moved)) };
  const [secret, publicKey] = [secretKey, crypto.publicKey(secretKey)].map(toHex);
  const fixed = { net: NET, epoch, digest: toHex(digest), reveals: toHex(reveals), beacon };
  return { secretKey: secret, publicKey, ...fixed, other };
}

/** The signature with S + L: right by the equation, and refused by the one signature rule. */
function plusOrder(signature: Uint8Array): Uint8Array {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  let left = BigInt(`0x${toHex(signature.slice(32).reverse())}`) + order;
  const moved = signature.slice();
  for (let i = 32; i < 64; i++, left >>= 8n) moved[i] = Number(left & 255n);
  return moved;
}

function committeeVector(n: number, k: number, tick: number, author: number) {
  const members = memberIds(crypto, n).map((node) => ({ node, publicKey: node }));
  const beacon = counting(n);
  const from = author < n ? members[author].node : counting(1, 16);
  const fixed = { net: NET, gateway: from, epoch: 1, startMs: 0, epsilonMs: 0, tauMs: 0, m: 1 };
  const drawn = new Committees(crypto, {
    ...fixed,
    beacon,
    reveals: new Uint8Array(0),
    k,
    members,
  }).of(from, tick);
  const nodes = drawn.map((i) => toHex(members[i].node));
  return { n, k, beacon: toHex(beacon), from: toHex(from), tick, nodes };
}

function tokenVector(first: number, seq: number, tick: number, tMs: number) {
  const secretKey = counting(first);
  const witness = nodeIdOf(crypto, crypto.publicKey(secretKey));
  const [beacon, txid, from] = [counting(first + 1), counting(first + 2), counting(first + 3, 16)];
  const body = { from, seq, tick };
  const key = randomKeyOf(crypto, secretKey);
  const context = { net: NET, beacon, body, txid };
  const { random, signature } = signToken(crypto, secretKey, key, witness, context, tMs);
  const digest = tokenDigest(crypto, NET, beacon, body, txid, tMs, random);
  const bytes = { secretKey, witness, beacon, from, txid, random, digest, signature };
  const hexed = Object.fromEntries(Object.entries(bytes).map(([name, b]) => [name, toHex(b)]));
  return { ...hexed, net: NET, seq, tick, tMs } as PotVectors["tokens"][number];
}

const TIMES = [[7], [3, 1], [5, 1, 9], [4, 2, 8, 6], [1, 1, 1, 2, 2]];
const vectors: PotVectors = {
  params: [1, 2, 3, 4, 7, 10, 12, 13, 16, 17, 100].map((n) => ({ n, ...potParams(n) })),
  medians: TIMES.map((times) => ({ times, medianMs: medianMs(times) })),
  beacons: [beaconVector(1, 1), beaconVector(1, 2), beaconVector(9, 0xffffffff)],
  committees: [
    committeeVector(2, 1, 0, 0),
    committeeVector(12, 11, 57_000_000, 3),
    committeeVector(100, 7, 57_000_001, 99),
    committeeVector(100, 15, 2 ** 32 + 5, 50),
    committeeVector(256, 31, Number.MAX_SAFE_INTEGER, 256),
  ],
  tokens: [
    tokenVector(1, 1, 0, 0),
    tokenVector(2, 77, 57_000_000, 1_710_000_000_123),
    tokenVector(3, Number.MAX_SAFE_INTEGER, 2 ** 40, Number.MAX_SAFE_INTEGER),
  ],
};
const path = fileURLToPath(new URL("./pot.json", import.meta.url));
writeFileSync(path, `${JSON.stringify(vectors, null, 2)}\n`);
