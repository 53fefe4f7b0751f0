// SPDX-License-Identifier: Apache-2.0
/** The vectors of proof-of-time on V8, and committees and digests computed once more by other code. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { encodeCbor } from "#core/codec/cbor";
import { nobleCrypto } from "#core/crypto/noble";
import { sodiumCrypto } from "#node/crypto/sodium";
import { checkPotVectors, memberIds, type PotVectors } from "../../../vectors/pot/check.ts";

const file = new URL("../../../vectors/pot/pot.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as PotVectors;
const hex = (text: string): Buffer => Buffer.from(text, "hex");
const hashOf = (domain: string, ...parts: Uint8Array[]): Buffer =>
  createHash("sha256").update(`${domain}\0`).update(Buffer.concat(parts)).digest();

for (const crypto of [sodiumCrypto(), nobleCrypto()])
  test(`the vectors (${crypto.name})`, () => {
    assert.deepEqual(checkPotVectors(crypto, vectors), []);
    const [first, ...others] = vectors.committees;
    const turned = { ...first, nodes: [...others[0].nodes] };
    assert.equal(checkPotVectors(crypto, { ...vectors, committees: [turned] }).length, 1);
  });

test("committees by sorting all hashes", () => {
  for (const { n, k, beacon, from, tick, nodes } of vectors.committees) {
    const u64 = Buffer.alloc(8);
    u64.writeBigUInt64BE(BigInt(tick));
    const others = memberIds(sodiumCrypto(), n).filter((id) => !hex(from).equals(id));
    const ranked = others.map((id) => ({
      id,
      hash: hashOf("sc/com/1", hex(beacon), hex(from), u64, id),
    }));
    ranked.sort((a, b) => Buffer.compare(a.hash, b.hash));
    const wanted = ranked.slice(0, k).map(({ id }) => Buffer.from(id).toString("hex"));
    assert.deepEqual(nodes, wanted, `${n} members`);
  }
});

test("digests of tokens and beacons by their formulas", () => {
  for (const {
    net,
    beacon,
    from,
    seq,
    tick,
    txid,
    tMs,
    random,
    digest,
    secretKey,
  } of vectors.tokens) {
    const fields = [net, hex(beacon), hex(from), seq, tick, hex(txid), tMs, hex(random)];
    assert.equal(hashOf("sc/pot/1", encodeCbor(fields)).toString("hex"), digest);
    const key = hashOf("sc/pot-random-key/1", hex(secretKey));
    const drawn = hashOf("sc/pot-random/1", key, hex(txid)).subarray(0, 16);
    assert.equal(drawn.toString("hex"), random);
  }
  for (const { net, epoch, digest } of vectors.beacons)
    assert.equal(hashOf("sc/beacon-of/1", encodeCbor([net, epoch])).toString("hex"), digest);
});
