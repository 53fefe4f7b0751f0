// SPDX-License-Identifier: Apache-2.0
/** Scalars modulo r, the order of the groups of BLS12-381, and the scalar of a message. */
import { hash_to_field } from "@noble/curves/abstract/hash-to-curve.js";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { bytesToNumberBE } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ascii } from "../../codec/bytes.ts";
import { assert } from "../../errors/assert.ts";

/** r, a prime of 255 bits. */
export const ORDER = bls12_381.fields.Fr.ORDER;
export const SCALAR_BYTES = 32;
/** The scheme and its version, before the domain of the record. */
export const SCHEME = "wattle/boneh-boyen/1";
/** With SCHEME well below the 255 bytes that RFC 9380 section 5.3.3 leaves as they are. */
const DOMAIN_LENGTH_MAX = 64;

/** The bytes of a domain, a caller's constant: printable ASCII without spaces. */
export function domainBytes(domain: string): Uint8Array {
  assert(domain.length > 0 && domain.length <= DOMAIN_LENGTH_MAX, "CRYPTO_DOMAIN", domain);
  for (let i = 0; i < domain.length; i++) {
    const code = domain.charCodeAt(i);
    assert(code > 0x20 && code < 0x7f, "CRYPTO_DOMAIN", "only printable ASCII without spaces");
  }
  return ascii(domain);
}

/**
 * m of `message` in `domain`: hash_to_field of RFC 9380 section 5.2 with expand_message_xmd and SHA-256, 48
 * bytes modulo r, under the tag "wattle/boneh-boyen/1 " + domain. The expansion hashes the tag with its
 * length behind the message, so that no two pairs of domain and message give it the same input. A domain
 * that is no domain fails the assertion `CRYPTO_DOMAIN`.
 */
export function messageScalar(domain: string, message: Uint8Array): bigint {
  const tag = ascii(`${SCHEME} `);
  const name = domainBytes(domain);
  const DST = new Uint8Array(tag.length + name.length);
  DST.set(tag);
  DST.set(name, tag.length);
  // k = 128 makes it 48 bytes: the bias of the reduction is below 2^-128 (RFC 9380 section 5.1).
  const options = { DST, p: ORDER, m: 1, k: 128, expand: "xmd", hash: sha256 } as const;
  return hash_to_field(message, 1, options)[0][0];
}

/** The scalar of 32 bytes, big-endian, or undefined where they are not the encoding of one: r or more. */
export function decodeScalar(bytes: Uint8Array): bigint | undefined {
  if (bytes.length !== SCALAR_BYTES) return undefined;
  const scalar = bytesToNumberBE(bytes);
  return scalar < ORDER ? scalar : undefined;
}
