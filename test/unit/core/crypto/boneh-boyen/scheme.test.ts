// SPDX-License-Identifier: Apache-2.0
/** The scheme's equations over random keys and messages, against plain pairings; and what signing promises. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { bytesToNumberBE } from "@noble/curves/utils.js";
import fc from "fast-check";
import { bytesEqual, toHex } from "#core/codec/bytes";
import {
  decodePublicKey,
  deriveSecretKey,
  encodePublicKey,
  publicKeyOf,
} from "#core/crypto/boneh-boyen/keys";
import { messageScalar, ORDER } from "#core/crypto/boneh-boyen/scalar";
import { nonceAt, sign } from "#core/crypto/boneh-boyen/sign";
import { createVerifier } from "#core/crypto/boneh-boyen/verify";
import { scalarOf, sigmaOf } from "../../../../vectors/boneh-boyen/scheme.ts";

const { Fr, Fp12 } = bls12_381.fields;
const G1 = bls12_381.G1.Point;
const G2 = bls12_381.G2.Point;
const DOMAIN = "wattle/certificate/1";
const KEY_DOMAIN = "wattle/test-key/1";

const entropies = fc.uint8Array({ minLength: 32, maxLength: 64 });
const messages = fc.uint8Array({ maxLength: 600 });
const domains = fc.stringMatching(/^[!-~]{1,64}$/);
const scalars = fc.bigInt(1n, ORDER - 1n);

/** A key whose x is `x`; the rest is fixed. */
function keyWith(x: bigint) {
  return { ...deriveSecretKey(new Uint8Array(32).fill(1), KEY_DOMAIN), x };
}

function partsOf(signature: Uint8Array) {
  const sigma = G1.fromBytes(signature.slice(0, 48));
  return { sigma, r: bytesToNumberBE(signature.slice(48)) };
}

test("a signature verifies, with and without tables, and its equations hold", () => {
  const e = bls12_381.pairing;
  fc.assert(
    fc.property(entropies, domains, messages, (entropy, domain, message) => {
      const key = deriveSecretKey(entropy, KEY_DOMAIN);
      const publicKey = publicKeyOf(key);
      const signature = sign(key, domain, message);
      for (const windowBits of [1, 2])
        assert.ok(createVerifier(publicKey, { windowBits }).verify(domain, message, signature));
      const m = scalarOf(domain, message);
      const { sigma, r } = partsOf(signature);
      const exponent = Fr.create(key.x + m + key.y * r);
      assert.ok(sigma.multiply(exponent).equals(G1.BASE), "σ^(x + m + y·r) = g1");
      assert.ok(sigma.equals(sigmaOf(key, m, r)), "x and y alone give the same σ");
      const base = publicKey.u.add(G2.BASE.multiply(m)).add(publicKey.v.multiply(r));
      assert.ok(Fp12.eql(e(sigma, base), e(G1.BASE, G2.BASE)), "e(σ, u·g2^m·v^r) = e(g1, g2)");
    }),
    { numRuns: 12 },
  );
});

test("the pairing is bilinear, which the batch's products need", () => {
  const one = bls12_381.pairing(G1.BASE, G2.BASE);
  fc.assert(
    fc.property(scalars, scalars, (a, b) => {
      const both = bls12_381.pairing(G1.BASE.multiply(a), G2.BASE.multiply(b));
      assert.ok(Fp12.eql(both, Fp12.pow(one, Fr.mul(a, b))));
    }),
    { numRuns: 8 },
  );
});

test("the same message gets the same signature, another one another r", () => {
  const key = keyWith(5n);
  const message = new Uint8Array(40);
  const first = sign(key, DOMAIN, message);
  assert.ok(bytesEqual(first, sign(key, DOMAIN, message)));
  const nonces = [
    first,
    sign(key, "wattle/certificate/2", message),
    sign(key, DOMAIN, message.slice(1)),
    sign({ ...key, nonceKey: new Uint8Array(32) }, DOMAIN, message),
  ].map((signature) => toHex(signature.slice(48)));
  assert.equal(new Set(nonces).size, nonces.length);
});

test("an r that is no scalar is passed over", () => {
  const key = keyWith(5n);
  let i = 0;
  const messageAt = (n: number) => Uint8Array.of(n >> 8, n & 0xff);
  while (nonceAt(key.nonceKey, messageScalar(DOMAIN, messageAt(i)), 0) !== undefined) i++;
  const m = messageScalar(DOMAIN, messageAt(i));
  const { r } = partsOf(sign(key, DOMAIN, messageAt(i)));
  const next = [1, 2, 3, 4].map((attempt) => nonceAt(key.nonceKey, m, attempt));
  assert.equal(r, next.find((nonce) => nonce !== undefined) as bigint);
});

test("x + m + y·r = 0 takes the next r", () => {
  const message = Uint8Array.of(9);
  const m = messageScalar(DOMAIN, message);
  const { y, nonceKey } = keyWith(1n);
  const nonces = [0, 1, 2, 3, 4, 5]
    .map((attempt) => nonceAt(nonceKey, m, attempt))
    .filter((nonce) => nonce !== undefined);
  const key = keyWith(Fr.neg(Fr.create(m + y * nonces[0])));
  const signature = sign(key, DOMAIN, message);
  assert.equal(partsOf(signature).r, nonces[1]);
  assert.ok(createVerifier(publicKeyOf(key), { windowBits: 1 }).verify(DOMAIN, message, signature));
});

test("domain and message do not run into each other", () => {
  const pair = fc.tuple(domains, messages);
  fc.assert(
    fc.property(pair, pair, ([domainA, a], [domainB, b]) => {
      const same = domainA === domainB && bytesEqual(a, b);
      assert.equal(messageScalar(domainA, a) === messageScalar(domainB, b), same);
    }),
    { numRuns: 200 },
  );
  const moved = ["ab", "a", "abc"].map((domain, i) => {
    const message = new Uint8Array([98, 99].slice(0, [1, 2, 0][i]));
    return messageScalar(domain, message);
  });
  assert.equal(new Set(moved).size, 3);
});

test("keys: derived alike, coded back, too little entropy and no domain are a caller's bug", () => {
  const entropy = new Uint8Array(32).fill(3);
  const key = deriveSecretKey(entropy, KEY_DOMAIN);
  assert.deepEqual(deriveSecretKey(entropy, KEY_DOMAIN), key);
  assert.notDeepEqual(deriveSecretKey(entropy, "wattle/test-key/2"), key);
  const bytes = encodePublicKey(publicKeyOf(key));
  assert.equal(bytes.length, 192);
  const decoded = decodePublicKey(bytes);
  assert.ok(decoded && bytesEqual(encodePublicKey(decoded), bytes));
  assert.throws(() => deriveSecretKey(new Uint8Array(31), KEY_DOMAIN), { code: "BB_ENTROPY" });
  for (const domain of ["", "a b", "ä", "a\0", "d".repeat(65)]) {
    assert.throws(() => deriveSecretKey(entropy, domain), { code: "CRYPTO_DOMAIN" });
    assert.throws(() => sign(key, domain, entropy), { code: "CRYPTO_DOMAIN" });
  }
});

test("any bytes get an answer", () => {
  const key = keyWith(7n);
  const verifier = createVerifier(publicKeyOf(key));
  const message = new Uint8Array(100).fill(4);
  const signature = sign(key, DOMAIN, message);
  assert.ok(verifier.verify(DOMAIN, message, signature));
  const flip = (bit: number) => {
    const bytes = signature.slice();
    bytes[bit >> 3] ^= 1 << (bit & 7);
    return bytes;
  };
  fc.assert(
    fc.property(fc.nat({ max: 639 }), (bit) => !verifier.verify(DOMAIN, message, flip(bit))),
    { numRuns: 80 },
  );
  const sizes = fc.oneof(
    fc.uint8Array({ minLength: 80, maxLength: 80 }),
    fc.uint8Array({ maxLength: 200 }),
  );
  fc.assert(
    fc.property(sizes, messages, (bytes, any) => {
      assert.equal(verifier.verify(DOMAIN, any, bytes), false);
    }),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 192, maxLength: 192 }), (bytes) => {
      assert.equal(decodePublicKey(bytes), undefined);
    }),
    { numRuns: 100 },
  );
  for (const windowBits of [0, 9, 1.5])
    assert.throws(() => createVerifier(publicKeyOf(key), { windowBits }), {
      code: "CRYPTO_WINDOW_BITS",
    });
});
