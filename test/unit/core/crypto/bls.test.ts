// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ascii, fromHex, toHex } from "#core/codec/bytes";
import {
  blsProve,
  blsProved,
  blsPublicKey,
  blsSecretKey,
  blsSign,
  blsVerify,
} from "#core/crypto/bls";

const hex = (text: string) => fromHex(text)!;
const secretKey = blsSecretKey(new Uint8Array(32).fill(7), "test/1");
const publicKey = blsPublicKey(secretKey);
const message = ascii("epoch 12");
const signature = blsSign(secretKey, message);

test("a published signature: round 1000 of the quicknet beacon of drand", () => {
  const key = hex(
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510" +
      "d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
  );
  const found = hex(
    "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
  );
  const round = Uint8Array.of(0, 0, 0, 0, 0, 0, 1000 >> 8, 1000 & 255);
  const tag = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";
  assert.equal(blsVerify(key, sha256(round), found, tag), true);
  assert.equal(blsVerify(key, sha256(round), found), false, "under another tag");
  const randomness = "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd";
  assert.equal(toHex(sha256(found)), randomness);
});

test("keys and signatures depend on their inputs alone", () => {
  assert.equal(toHex(blsSign(secretKey, message)), toHex(signature));
  assert.equal(blsVerify(publicKey, message, signature), true);
  const other = blsSecretKey(new Uint8Array(32).fill(7), "test/2");
  assert.notEqual(toHex(other), toHex(secretKey));
  assert.throws(() => blsSecretKey(new Uint8Array(31), "test/1"), /BLS_ENTROPY/);
});

test("another message, key or signature is no", () => {
  assert.equal(blsVerify(publicKey, ascii("epoch 13"), signature), false);
  const other = blsSecretKey(new Uint8Array(32).fill(8), "test/1");
  assert.equal(blsVerify(blsPublicKey(other), message, signature), false);
  assert.equal(blsVerify(publicKey, message, blsSign(other, message)), false);
});

test("only one encoding passes", () => {
  const negated = signature.slice();
  negated[0] ^= 0x20; // the sign of y: −σ
  assert.equal(blsVerify(publicKey, message, negated), false);
  assert.equal(blsVerify(publicKey, message, signature.slice(0, 47)), false);
  const uncompressed = bls12_381.G1.Point.fromBytes(signature).toBytes(false);
  assert.equal(blsVerify(publicKey, message, uncompressed), false);
  const identity = Uint8Array.of(0xc0, ...new Uint8Array(47));
  assert.equal(blsVerify(publicKey, message, identity), false);
  const identityKey = Uint8Array.of(0xc0, ...new Uint8Array(95));
  assert.equal(blsVerify(identityKey, message, identity), false, "any message");
});

test("a point outside of the subgroup is no signature", () => {
  // The cofactor is large: of the curve's points hardly one is in the subgroup. The first x that has a y.
  const { Point } = bls12_381.G1;
  let found: Uint8Array | undefined;
  for (let x = 1; !found && x < 50; x++) {
    const bytes = Uint8Array.of(0x80, ...new Uint8Array(46), x);
    try {
      Point.fromBytes(bytes);
    } catch (error) {
      if (/subgroup|torsion/i.test(String(error))) found = bytes;
    }
  }
  assert.ok(found, "no such x: look at what noble says");
  assert.equal(blsVerify(publicKey, message, found), false);
});

test("possession is proved for one key, and a signature proves none", () => {
  const proof = blsProve(secretKey);
  assert.equal(blsProved(publicKey, proof), true);
  const other = blsPublicKey(blsSecretKey(new Uint8Array(32).fill(8), "test/1"));
  assert.equal(blsProved(other, proof), false);
  assert.equal(blsProved(publicKey, blsSign(secretKey, publicKey)), false);
});
