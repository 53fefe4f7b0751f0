// SPDX-License-Identifier: Apache-2.0
/**
 * Checks proof-of-time against pot.json. Imports nothing of Node, so that the same function runs in a bundle
 * on the XS engine.
 */
import { fromHex, toHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import { beaconDigest, beaconHolds, beaconOf } from "#core/pot/beacon";
import { Committees } from "#core/pot/committee";
import { potParams } from "#core/pot/params";
import { checkToken, medianMs, randomKeyOf, signToken, tokenDigest } from "#core/pot/token";

export interface PotVectors {
  params: { n: number; k: number; m: number }[];
  medians: { times: number[]; medianMs: number }[];
  beacons: {
    secretKey: string;
    publicKey: string;
    net: string;
    epoch: number;
    digest: string;
    reveals: string;
    beacon: string;
    /** The same signature with S + L in place of S, and the beacon that it would give. */
    other: { reveals: string; beacon: string };
  }[];
  /** Members are counted: id i is SHA-256 of the four bytes of i, the first 16 of it; ascending here. */
  committees: {
    n: number;
    k: number;
    beacon: string;
    from: string;
    tick: number;
    nodes: string[];
  }[];
  tokens: {
    secretKey: string;
    witness: string;
    net: string;
    beacon: string;
    from: string;
    seq: number;
    tick: number;
    txid: string;
    tMs: number;
    random: string;
    digest: string;
    signature: string;
  }[];
}

const hex = (text: string): Uint8Array => fromHex(text)!;

/** Ids of `n` members, ascending. */
export function memberIds(crypto: Crypto, n: number): Uint8Array[] {
  const ids: string[] = [];
  for (let i = 0; i < n; i++)
    ids.push(toHex(crypto.sha256(Uint8Array.of(0, 0, i >> 8, i & 255)).slice(0, 16)));
  return ids.sort().map(hex);
}

/** What disagrees; empty is a pass. */
export function checkPotVectors(crypto: Crypto, vectors: PotVectors): string[] {
  const faults: string[] = [];
  const same = (what: string, found: unknown, wanted: unknown) => {
    if (String(found) !== String(wanted)) faults.push(`${what}: ${found}, not ${wanted}`);
  };
  for (const { n, k, m } of vectors.params) {
    const found = potParams(n);
    same(`k and m of ${n}`, [found.k, found.m], [k, m]);
  }
  for (const { times, medianMs: wanted } of vectors.medians)
    same(`median of ${times}`, medianMs(times), wanted);
  for (const vector of vectors.beacons) beaconFaults(crypto, vector, same);
  for (const vector of vectors.committees) {
    const { n, k, tick } = vector;
    const members = memberIds(crypto, n).map((node) => ({ node, publicKey: node }));
    const rest = { net: "a", gateway: members[0].node, epoch: 1, startMs: 0, m: 1 };
    const times = { epsilonMs: 0, tauMs: 0 };
    const beacon = hex(vector.beacon);
    const committees = new Committees(crypto, {
      ...rest,
      ...times,
      k,
      beacon,
      reveals: new Uint8Array(0),
      members,
    });
    const drawn = committees.of(hex(vector.from), tick).map((i) => toHex(members[i].node));
    same(`committee of ${n} at ${tick}`, drawn, vector.nodes);
  }
  for (const vector of vectors.tokens) tokenFaults(crypto, vector, same);
  return faults;
}

function beaconFaults(
  crypto: Crypto,
  vector: PotVectors["beacons"][number],
  same: (what: string, found: unknown, wanted: unknown) => void,
): void {
  const { net, epoch } = vector;
  const [secretKey, publicKey, reveals] = [vector.secretKey, vector.publicKey, vector.reveals].map(
    hex,
  );
  const beacon = hex(vector.beacon);
  const signed = beaconDigest(crypto, net, epoch);
  same(`beacon digest ${epoch}`, toHex(signed), vector.digest);
  same(`reveals ${epoch}`, toHex(crypto.sign(secretKey, signed)), vector.reveals);
  same(`beacon ${epoch}`, toHex(beaconOf(crypto, reveals)), vector.beacon);
  const record = { net, epoch, reveals, beacon };
  const holds = (change: Partial<typeof record>, key = publicKey): boolean =>
    beaconHolds(crypto, key, { ...record, ...change });
  const other = { reveals: hex(vector.other.reveals), beacon: hex(vector.other.beacon) };
  const found = [
    ...[holds({}), holds({ epoch: epoch - 1 }), holds({ net: `${net}x` })],
    ...[holds({ beacon: secretKey }), holds({ reveals: other.reveals }), holds(other)],
    ...[holds({ reveals: new Uint8Array(0) }), holds({}, secretKey)],
  ];
  same(`beacon ${epoch} holds`, found, [true, ...found.slice(1).map(() => false)]);
}

function tokenFaults(
  crypto: Crypto,
  vector: PotVectors["tokens"][number],
  same: (what: string, found: unknown, wanted: unknown) => void,
): void {
  const { net, seq, tick, tMs } = vector;
  const [secretKey, beacon, txid] = [vector.secretKey, vector.beacon, vector.txid].map(hex);
  const body = { from: hex(vector.from), seq, tick };
  const context = { net, beacon, body, txid };
  const what = `token ${seq}`;
  const key = randomKeyOf(crypto, secretKey);
  const token = signToken(crypto, secretKey, key, hex(vector.witness), context, tMs);
  same(`${what} random`, toHex(token.random), vector.random);
  const digest = tokenDigest(crypto, net, beacon, body, txid, tMs, token.random);
  same(`${what} digest`, toHex(digest), vector.digest);
  same(`${what} signature`, toHex(token.signature), vector.signature);
  const publicKey = crypto.publicKey(secretKey);
  same(`${what} holds`, checkToken(crypto, publicKey, context, token), true);
  const other = { ...context, body: { ...body, tick: tick + 1 } };
  same(`${what} holds for another tick`, checkToken(crypto, publicKey, other, token), false);
}
