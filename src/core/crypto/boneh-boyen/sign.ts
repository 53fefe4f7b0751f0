// SPDX-License-Identifier: Apache-2.0
/**
 * Signatures of the authority: σ = g1^(1/(x + m + y·r)) (Boneh and Boyen, EUROCRYPT 2004, the scheme
 * without random oracles; the article of 2008 takes r from all of Z_r). On the wire σ ‖ r: 48 bytes
 * compressed, 32 big-endian.
 *
 * r is the output of a keyed function of m, which nobody without the key can tell from the even random r of
 * the proof, so that a bad random source cannot hurt. The same message gets the same signature.
 *
 * noble's multiplication runs a fixed sequence of point operations, but BigInt arithmetic and the inversion
 * modulo r take a time that depends on their values. Whoever can time signing closely may learn about x and
 * y: the authority signs offline or at least never at a stranger's bidding with a clock beside it.
 */
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { bytesToNumberBE, numberToBytesBE } from "@noble/curves/utils.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "../../codec/bytes.ts";
import { assert } from "../../errors/assert.ts";
import type { SecretKey } from "./keys.ts";
import { messageScalar, ORDER, SCALAR_BYTES } from "./scalar.ts";

const { Fr } = bls12_381.fields;

/** The 80-byte signature of `message` in `domain` (see {@link messageScalar}). */
export function sign(key: SecretKey, domain: string, message: Uint8Array): Uint8Array {
  const m = messageScalar(domain, message);
  // Each attempt fails with a probability below 1/10.
  for (let attempt = 0; attempt < 256; attempt++) {
    const r = nonceAt(key.nonceKey, m, attempt);
    if (r === undefined) continue;
    const exponent = (key.x + m + key.y * r) % ORDER;
    if (exponent < 1n) continue; // 0 has no inverse
    const sigma = bls12_381.G1.Point.BASE.multiply(Fr.inv(exponent));
    return concatBytes(sigma.toBytes(), numberToBytesBE(r, SCALAR_BYTES));
  }
  return assert(false, "BB_NONCE", "256 attempts without an r") as never;
}

/**
 * HMAC-SHA-256(nonceKey, m ‖ attempt) without its highest bit, or undefined where that is no scalar: what
 * is left is evenly spread over 0 … r − 1.
 */
export function nonceAt(nonceKey: Uint8Array, m: bigint, attempt: number): bigint | undefined {
  const data = concatBytes(numberToBytesBE(m, SCALAR_BYTES), Uint8Array.of(attempt));
  const bytes = hmac(sha256, nonceKey, data);
  bytes[0] &= 0x7f; // r has 255 bits
  const r = bytesToNumberBE(bytes);
  return r < ORDER ? r : undefined;
}
