// SPDX-License-Identifier: Apache-2.0
/** Keys of the Boneh–Boyen scheme: x and y modulo r, public u = g2^x and v = g2^y. */
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { bytesToNumberBE } from "@noble/curves/utils.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ascii, concatBytes } from "../../codec/bytes.ts";
import { assert } from "../../errors/assert.ts";
import { domainBytes, ORDER, SCHEME } from "./scalar.ts";

const { Point } = bls12_381.G2;
export type G2Point = typeof Point.BASE;

/** Compressed point of G2. */
const G2_BYTES = 96;
export const PUBLIC_KEY_BYTES = 2 * G2_BYTES;
const ENTROPY_BYTES_MIN = 32;
/** Bytes for one scalar: the bias of the reduction is below 2^-128. */
const WIDE_BYTES = 48;
const NONCE_KEY_BYTES = 32;

export interface SecretKey {
  /** From 1 to r − 1. */
  readonly x: bigint;
  readonly y: bigint;
  /** 32 bytes: the key of the function that gives a signature's r. */
  readonly nonceKey: Uint8Array;
}

/** Of two points of the subgroup of order r, neither the identity. */
export interface PublicKey {
  readonly u: G2Point;
  readonly v: G2Point;
}

/**
 * The key of at least 32 secret random bytes, for one purpose such as "wattle/authority-key/1":
 * HKDF-SHA-256 with the scheme as salt and `domain ‖ 0x00 ‖ attempt` as info gives 48 bytes for x, 48 for y
 * and 32 for the nonces. Less entropy fails the assertion `BB_ENTROPY`.
 */
export function deriveSecretKey(entropy: Uint8Array, domain: string): SecretKey {
  assert(entropy.length >= ENTROPY_BYTES_MIN, "BB_ENTROPY", `${entropy.length} bytes`);
  const name = domainBytes(domain);
  for (let attempt = 0; attempt < 256; attempt++) {
    const info = concatBytes(name, Uint8Array.of(0, attempt));
    const okm = hkdf(sha256, entropy, ascii(SCHEME), info, 2 * WIDE_BYTES + NONCE_KEY_BYTES);
    const x = bytesToNumberBE(okm.subarray(0, WIDE_BYTES)) % ORDER;
    const y = bytesToNumberBE(okm.subarray(WIDE_BYTES, 2 * WIDE_BYTES)) % ORDER;
    if (x > 0n && y > 0n) return { x, y, nonceKey: okm.slice(2 * WIDE_BYTES) };
  }
  return assert(false, "BB_ENTROPY", "256 keys with a zero") as never;
}

export function publicKeyOf({ x, y }: SecretKey): PublicKey {
  return { u: Point.BASE.multiply(x), v: Point.BASE.multiply(y) };
}

/** u ‖ v, compressed: 192 bytes. */
export function encodePublicKey({ u, v }: PublicKey): Uint8Array {
  return concatBytes(u.toBytes(), v.toBytes());
}

/**
 * The key of 192 bytes, or undefined unless both points are canonical, on the curve, in the subgroup and
 * not the identity: with u the identity anybody can sign (r = 0 and σ = g1^(1/m)), with v the identity r
 * does nothing.
 *
 * Nobody has to prove that they know x and y: that stops keys chosen to cancel others in a sum of keys, and
 * here nothing adds keys. There is one authority, and its key is signed by its anchor key.
 */
export function decodePublicKey(bytes: Uint8Array): PublicKey | undefined {
  if (bytes.length !== PUBLIC_KEY_BYTES) return undefined;
  const u = decodePoint(bytes.slice(0, G2_BYTES));
  const v = decodePoint(bytes.slice(G2_BYTES));
  return u && v && { u, v };
}

function decodePoint(bytes: Uint8Array): G2Point | undefined {
  try {
    // noble throws on coordinates ≥ p, on wrong flags, off the curve and outside of the subgroup. An
    // uncompressed point has 192 bytes, so that 96 are a compressed one.
    const point = Point.fromBytes(bytes);
    return point.is0() ? undefined : point;
  } catch {
    return undefined;
  }
}
