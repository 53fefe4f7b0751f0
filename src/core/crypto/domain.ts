// SPDX-License-Identifier: Apache-2.0
/**
 * Domain-separated hashing: what is signed as a reading can never be read as a transaction.
 *
 *   domainHash(d, p₁ … pₙ) = SHA-256(ascii(d) ‖ 0x00 ‖ p₁ ‖ … ‖ pₙ)
 *
 * A domain holds no NUL, so the first zero byte ends it and no domain is the beginning of another.
 * The parts are simply joined: a caller with more than one part of variable length must encode them
 * first (records do, as CBOR).
 */
import { assert } from "../errors/assert.ts";
import type { Crypto } from "./port.ts";

/** Longer than any domain of the protocol ("wattle/token-request/1" has 22 characters). */
const DOMAIN_LENGTH_MAX = 64;

/**
 * The 32-byte hash of `parts` in `domain`, a string such as "wattle/reading/1".
 * A domain that is empty, too long or not printable ASCII fails the assertion `CRYPTO_DOMAIN`.
 */
export function domainHash(crypto: Crypto, domain: string, ...parts: Uint8Array[]): Uint8Array {
  assert(domain.length > 0 && domain.length <= DOMAIN_LENGTH_MAX, "CRYPTO_DOMAIN", domain);
  let length = domain.length + 1;
  for (const part of parts) length += part.length;
  const data = new Uint8Array(length);
  for (let i = 0; i < domain.length; i++) {
    const code = domain.charCodeAt(i);
    assert(code > 0x20 && code < 0x7f, "CRYPTO_DOMAIN", "only printable ASCII without spaces");
    data[i] = code;
  }
  let offset = domain.length + 1; // the byte between stays 0x00
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  return crypto.sha256(data);
}
