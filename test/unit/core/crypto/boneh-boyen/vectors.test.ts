// SPDX-License-Identifier: Apache-2.0
/** The published vectors, and that they are about what their names say. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { bytesToNumberBE } from "@noble/curves/utils.js";
import { ascii, toHex } from "#core/codec/bytes";
import { equationOf, isOne } from "#core/crypto/boneh-boyen/equation";
import { decodePublicKey, type PublicKey } from "#core/crypto/boneh-boyen/keys";
import { messageScalar } from "#core/crypto/boneh-boyen/scalar";
import { createVerifier } from "#core/crypto/boneh-boyen/verify";
import {
  bytesOf,
  checkSealing,
  checkVerdicts,
  type SealVector,
  type VerdictVector,
} from "../../../../vectors/boneh-boyen/check.ts";
import { expandXmd, ORDER } from "../../../../vectors/boneh-boyen/scheme.ts";

const { Fp } = bls12_381.fields;
const G1 = bls12_381.G1.Point;

function load<T>(file: string): T[] {
  const url = new URL(`../../../../vectors/boneh-boyen/${file}`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8"));
}

const verdicts = load<VerdictVector>("verdicts.json");

test("keys, scalars and signatures come out as published", () => {
  const vectors = load<SealVector>("sealing.json");
  assert.equal(vectors.length, 6);
  assert.deepEqual(checkSealing(vectors), []);
  const signed = vectors.map((vector) => ({ ...vector, valid: true }));
  assert.deepEqual(checkVerdicts(signed, 1), []);
  const [first] = vectors;
  assert.deepEqual(checkSealing([{ ...first, m: first.x, name: "turned" }]), ["turned"]);
});

test("the expansion that makes the vectors is that of RFC 9380 appendix K.1", () => {
  const expanded = expandXmd(ascii(""), ascii("QUUX-V01-CS02-with-expander-SHA256-128"), 32);
  assert.equal(toHex(expanded), "68a985b87eb6b46952128911f2a4412bbc302a9d759667f87f7a21d803f07235");
});

for (const windowBits of [1, 4, 8])
  test(`verdicts with a window of ${windowBits} bits`, () => {
    assert.ok(verdicts.filter(({ valid }) => valid).length >= 5);
    assert.ok(verdicts.filter(({ valid }) => !valid).length >= 50);
    assert.deepEqual(checkVerdicts(verdicts, windowBits), []);
    const turned = { ...verdicts[0], valid: false, name: "turned" };
    assert.deepEqual(checkVerdicts([turned], windowBits), ["turned"]);
  });

test("a batch of all vectors of one key names those that are not valid", () => {
  const [{ publicKey }] = verdicts;
  const batch = verdicts
    .filter((vector) => vector.publicKey === publicKey)
    .map(({ domain, message, signature, valid }) => ({
      signed: { domain, message: bytesOf(message), signature: bytesOf(signature) },
      valid,
    }));
  assert.ok(batch.length > 40);
  const bad = batch.flatMap(({ valid }, index) => (valid ? [] : [index]));
  const verifier = createVerifier(decodePublicKey(bytesOf(publicKey)) as PublicKey);
  const entropy = { bytes: (length: number) => new Uint8Array(length).map((_, i) => 7 * i + 1) };
  const found = verifier.verifyBatch(
    batch.map(({ signed }) => signed),
    entropy,
  );
  assert.deepEqual(found, bad);
});

/** What a decoder that does not check the subgroup makes of a compressed point. */
function decodeAnyOrder(bytes: Uint8Array): typeof G1.BASE {
  const x = bytesToNumberBE(bytes) % (1n << 381n);
  const y = Fp.sqrt(Fp.add(Fp.pow(x, 3n), 4n));
  const large = 2n * y > Fp.ORDER;
  return G1.fromAffine({ x, y: large === (bytes[0] & 0x20) > 0 ? y : Fp.neg(y) });
}

test("outside of the subgroup, and with r too large, only the decoder refuses: the equation holds", () => {
  const chosen = verdicts.filter(
    ({ name }) => /^σ \+ a point/.test(name) || /^r (\+ order|= order,|= 2\^256)/.test(name),
  );
  assert.equal(chosen.length, 6);
  for (const { name, publicKey, domain, message, signature } of chosen) {
    const bytes = bytesOf(signature);
    const sigma = decodeAnyOrder(bytes.slice(0, 48));
    const r = bytesToNumberBE(bytes.slice(48)) % ORDER;
    const term = { sigma, m: messageScalar(domain, bytesOf(message)), r, rho: 1n };
    const key = decodePublicKey(bytesOf(publicKey)) as PublicKey;
    assert.ok(isOne(equationOf(key, 1).product([term])), name);
    assert.ok(equationOf(key, 4).holds(term), name);
  }
});
