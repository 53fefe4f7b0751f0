// SPDX-License-Identifier: Apache-2.0
/**
 * Keys from one key: HKDF (RFC 5869) with HMAC (RFC 2104) on the port's SHA-256, so that a board with SHA-256
 * in C needs no second one.
 *
 *   HMAC(K, m) = H((K ⊕ opad) ‖ H((K ⊕ ipad) ‖ m))
 *   PRK = HMAC(salt, IKM);  T(i) = HMAC(PRK, T(i−1) ‖ info ‖ i);  OKM = T(1) ‖ T(2) ‖ …
 */
import { concatBytes } from "../codec/bytes.ts";
import { assert } from "../errors/assert.ts";
import type { Crypto } from "./port.ts";

const HASH_BYTES = 32;
/** Block of SHA-256 (FIPS 180-4): keys are brought to this length. */
const BLOCK_BYTES = 64;
/** RFC 5869 section 2.3: the counter is one byte. */
const OUTPUT_BYTES_MAX = 255 * HASH_BYTES;

/** HMAC-SHA-256 of `message`: 32 bytes. */
export function hmacSha256(crypto: Crypto, key: Uint8Array, message: Uint8Array): Uint8Array {
  const short = key.length > BLOCK_BYTES ? crypto.sha256(key) : key;
  const inner = new Uint8Array(BLOCK_BYTES + message.length).fill(0x36, 0, BLOCK_BYTES);
  const outer = new Uint8Array(BLOCK_BYTES + HASH_BYTES).fill(0x5c, 0, BLOCK_BYTES);
  for (let i = 0; i < short.length; i++) {
    inner[i] ^= short[i];
    outer[i] ^= short[i];
  }
  inner.set(message, BLOCK_BYTES);
  outer.set(crypto.sha256(inner), BLOCK_BYTES);
  return crypto.sha256(outer);
}

/** `length` bytes (at most 8160) derived from `key` for the purpose that `info` names. */
export function hkdfSha256(
  crypto: Crypto,
  key: Uint8Array,
  info: Uint8Array,
  length: number = HASH_BYTES,
  salt: Uint8Array = new Uint8Array(0),
): Uint8Array {
  assert(length > 0 && length <= OUTPUT_BYTES_MAX, "HKDF_LENGTH", String(length));
  const prk = hmacSha256(crypto, salt, key);
  const out = new Uint8Array(length);
  let block: Uint8Array = new Uint8Array(0);
  for (let i = 1, at = 0; at < length; i++, at += HASH_BYTES) {
    block = hmacSha256(crypto, prk, concatBytes(block, info, Uint8Array.of(i)));
    out.set(block.subarray(0, Math.min(HASH_BYTES, length - at)), at);
  }
  return out;
}
