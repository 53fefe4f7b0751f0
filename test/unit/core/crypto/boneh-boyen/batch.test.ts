// SPDX-License-Identifier: Apache-2.0
/** Batches: the verdicts of one by one, whatever is bad and wherever, also where errors cancel each other. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { bytesToNumberBE } from "@noble/curves/utils.js";
import fc from "fast-check";
import { concatBytes } from "#core/codec/bytes";
import { equationOf, isOne } from "#core/crypto/boneh-boyen/equation";
import { deriveSecretKey, publicKeyOf } from "#core/crypto/boneh-boyen/keys";
import { messageScalar } from "#core/crypto/boneh-boyen/scalar";
import { sign } from "#core/crypto/boneh-boyen/sign";
import { createVerifier, type Signed } from "#core/crypto/boneh-boyen/verify";
import type { Entropy } from "#core/crypto/port";

const G1 = bls12_381.G1.Point;
const ORDER_PLUS_1 = bls12_381.fields.Fr.ORDER + 1n;
const DOMAIN = "wattle/certificate/1";
const key = deriveSecretKey(new Uint8Array(32).fill(2), "wattle/test-key/1");
const publicKey = publicKeyOf(key);
const verifier = createVerifier(publicKey);

const SIGNED = Array.from({ length: 9 }, (_, i): Signed => {
  const message = Uint8Array.of(i);
  return { domain: DOMAIN, message, signature: sign(key, DOMAIN, message) };
});

let draws = 0;
const entropy: Entropy = {
  bytes: (length) =>
    new Uint8Array(createHash("shake256", { outputLength: length }).update(`${draws++}`).digest()),
};
/** All exponents are 1. */
const noEntropy: Entropy = { bytes: (length) => new Uint8Array(length) };

/** Ways to be bad: refused when decoded, or only by the equation. */
const SPOIL: ((signed: Signed) => Signed)[] = [
  (signed) => ({ ...signed, signature: signed.signature.slice(1) }),
  (signed) => ({ ...signed, signature: withR(signed.signature, 0xff) }),
  (signed) => ({ ...signed, signature: withR(signed.signature, 0x11) }),
  (signed) => ({ ...signed, message: Uint8Array.of(200) }),
  (signed) => ({ ...signed, domain: "wattle/revocations/1" }),
  (signed) => times(signed, 3n),
];

function withR(signature: Uint8Array, first: number): Uint8Array {
  const bytes = signature.slice();
  bytes[48] = first;
  return bytes;
}

/** The signature with σ^factor. */
function times(signed: Signed, factor: bigint): Signed {
  const sigma = G1.fromBytes(signed.signature.slice(0, 48)).multiplyUnsafe(factor);
  return { ...signed, signature: concatBytes(sigma.toBytes(), signed.signature.slice(48)) };
}

test("good batches of any size, and none at all", () => {
  for (let size = 0; size <= SIGNED.length; size++)
    assert.deepEqual(verifier.verifyBatch(SIGNED.slice(0, size), entropy), [], `${size}`);
  assert.deepEqual(verifier.verifyBatch([...SIGNED, ...SIGNED], entropy), [], "all twice");
});

test("one bad signature is named at every index of every size", () => {
  for (const size of [1, 2, 5])
    for (let at = 0; at < size; at++) {
      const batch = SIGNED.slice(0, size);
      batch[at] = SPOIL[3](batch[at]);
      assert.deepEqual(verifier.verifyBatch(batch, entropy), [at], `${at} of ${size}`);
    }
});

test("any set of bad ones is named, as one by one", () => {
  const how = fc.option(fc.nat({ max: SPOIL.length - 1 }), { freq: 2, nil: undefined });
  fc.assert(
    fc.property(fc.array(how, { minLength: 1, maxLength: SIGNED.length }), (kinds) => {
      const batch = kinds.map((kind, i) =>
        kind === undefined ? SIGNED[i] : SPOIL[kind](SIGNED[i]),
      );
      const bad = kinds.flatMap((kind, i) => (kind === undefined ? [] : [i]));
      assert.deepEqual(verifier.verifyBatch(batch, entropy), bad);
      assert.equal(verifier.holdsAll(batch, entropy), bad.length === 0);
      batch.forEach(({ domain, message, signature }, i) => {
        assert.equal(verifier.verify(domain, message, signature), kinds[i] === undefined);
      });
    }),
    { numRuns: 10 },
  );
});

test("errors that cancel each other pass without random exponents, and never with them", () => {
  // (1 + d) + (1 − d) = 2: anybody can make these of two good signatures.
  const d = 12_345n;
  const batch = [
    SIGNED[0],
    times(SIGNED[1], 1n + d),
    SIGNED[2],
    times(SIGNED[3], ORDER_PLUS_1 - d),
  ];
  const terms = batch.map(({ domain, message, signature }) => ({
    sigma: G1.fromBytes(signature.slice(0, 48)),
    m: messageScalar(domain, message),
    r: bytesToNumberBE(signature.slice(48)),
    rho: 1n,
  }));
  const equation = equationOf(publicKey, 1);
  assert.ok(isOne(equation.product(terms)), "all exponents 1");
  assert.deepEqual(
    terms.map((term) => equation.holds(term)),
    [true, false, true, false],
  );
  assert.deepEqual(verifier.verifyBatch(batch, noEntropy), [], "what the random source is for");
  for (let run = 0; run < 5; run++) {
    assert.deepEqual(verifier.verifyBatch(batch, entropy), [1, 3]);
    assert.equal(verifier.holdsAll(batch, entropy), false);
  }
});

test("a batch of more than one product, with bad ones in each", () => {
  const batch = Array.from({ length: 515 }, (_, i) => SIGNED[i % SIGNED.length]);
  batch[0] = SPOIL[0](batch[0]);
  batch[300] = SPOIL[3](batch[300]);
  batch[513] = SPOIL[5](batch[513]);
  assert.deepEqual(verifier.verifyBatch(batch, entropy), [0, 300, 513]);
  assert.equal(verifier.holdsAll([...batch.slice(1, 300), ...batch.slice(301)], entropy), false);
});

test("a random source that gives too little is a bug", () => {
  const short: Entropy = { bytes: (length) => new Uint8Array(length - 1) };
  assert.throws(() => verifier.verifyBatch(SIGNED, short), { code: "BB_ENTROPY" });
});
