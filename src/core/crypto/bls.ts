// SPDX-License-Identifier: Apache-2.0
/**
 * BLS signatures on BLS12-381, the small ones: 48 bytes in G1, public keys of 96 bytes in G2 (the suite
 * BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_ of draft-irtf-cfrg-bls-signature, hashing by RFC 9380).
 *
 * What the beacon needs of them is that they are unique: for one key and one message exactly one 48-byte
 * string passes, so that no gateway can choose among several values for its part (ledger 4.4). Ed25519 is
 * not unique: its signer may take any nonce.
 */
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { bytesToNumberBE } from "@noble/curves/utils.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ascii } from "../codec/bytes.ts";
import { assert } from "../errors/assert.ts";

export const BLS_PUBLIC_KEY_BYTES = 96;
export const BLS_SIGNATURE_BYTES = 48;
export const BLS_SECRET_KEY_BYTES = 32;

/** Tags that keep signatures and proofs of possession apart (draft, 4.2.3). */
const SIGN_TAG = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";
const PROOF_TAG = "BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";
const ENTROPY_BYTES_MIN = 32;
/** Bytes for the scalar: the bias of the reduction is below 2^-128. */
const WIDE_BYTES = 48;

const { shortSignatures } = bls12_381;
const { Fr } = bls12_381.fields;

/** The secret key of at least 32 secret bytes, for one purpose such as "wattle/beacon-key/1". */
export function blsSecretKey(entropy: Uint8Array, purpose: string): Uint8Array {
  assert(entropy.length >= ENTROPY_BYTES_MIN, "BLS_ENTROPY", `${entropy.length} bytes`);
  const okm = hkdf(sha256, entropy, ascii("wattle/bls/1"), ascii(purpose), WIDE_BYTES);
  const scalar = Fr.create(bytesToNumberBE(okm));
  assert(scalar > 0n, "BLS_ENTROPY", "the scalar is zero");
  return Fr.toBytes(scalar);
}

export function blsPublicKey(secretKey: Uint8Array): Uint8Array {
  return shortSignatures.getPublicKey(secretKey).toBytes();
}

/** The one signature of `message` that `blsVerify` accepts for the key, 48 bytes. */
export function blsSign(secretKey: Uint8Array, message: Uint8Array): Uint8Array {
  return signTagged(secretKey, message, SIGN_TAG);
}

/**
 * Whether `signature` is the key's of `message`. `tag` is for published vectors of other suites. Never
 * throws: points that are malformed, not canonical, outside of the subgroup or the identity are no.
 */
export function blsVerify(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  tag: string = SIGN_TAG,
): boolean {
  if (publicKey.length !== BLS_PUBLIC_KEY_BYTES) return false;
  if (signature.length !== BLS_SIGNATURE_BYTES) return false;
  try {
    const key = bls12_381.G2.Point.fromBytes(publicKey);
    const sigma = bls12_381.G1.Point.fromBytes(signature);
    if (key.is0() || sigma.is0()) return false;
    key.assertValidity();
    sigma.assertValidity();
    return shortSignatures.verify(sigma, shortSignatures.hash(message, tag), key);
  } catch {
    return false;
  }
}

/** Shows that whoever registers `publicKey` knows its secret, so that no key can be made out of others'. */
export function blsProve(secretKey: Uint8Array): Uint8Array {
  return signTagged(secretKey, blsPublicKey(secretKey), PROOF_TAG);
}

export function blsProved(publicKey: Uint8Array, proof: Uint8Array): boolean {
  return blsVerify(publicKey, publicKey, proof, PROOF_TAG);
}

function signTagged(secretKey: Uint8Array, message: Uint8Array, tag: string): Uint8Array {
  return shortSignatures.sign(shortSignatures.hash(message, tag), secretKey).toBytes();
}
