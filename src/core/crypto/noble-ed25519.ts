// SPDX-License-Identifier: Apache-2.0
/**
 * Ed25519 (RFC 8032) over noble's Edwards point: the reference and the fallback on every platform.
 *
 * noble's own `ed25519.verify` multiplies by the cofactor and no option turns that off, so the
 * check is written here over the point, with the one rule of the crypto port. Only the abstract
 * curve is imported: `@noble/curves/ed25519.js` would build X25519, ristretto, FROST and OPRF too.
 * Nothing is computed when this module is imported, so that it can be preloaded into flash.
 */
import { mulAddUnsafe } from "@noble/curves/abstract/curve.js";
import {
  type EdwardsPoint,
  type EdwardsPointCons,
  edwards,
} from "@noble/curves/abstract/edwards.js";
import { bytesToNumberLE, equalBytes } from "@noble/curves/utils.js";
import { assert } from "../errors/assert.ts";

/** p = 2²⁵⁵ − 19 (RFC 8032 section 5.1). */
const P = (1n << 255n) - 19n;
/** L = 2²⁵² + 27742317777372353535851937790883648493, the order of the base point. */
const L = (1n << 252n) + 27742317777372353535851937790883648493n;
/** 2^((p−1)/4), a square root of −1 modulo p. */
const SQRT_M1 = 19681161376707505956807079304988542015446066515923890162744021073123829784752n;

const CURVE = {
  p: P,
  n: L,
  h: 8n,
  a: P - 1n,
  d: 37095705934669439343138083508754565189542113879843219016388785533085940283555n,
  Gx: 15112221349535400772501151409588531511454012693041857206046113283949847762202n,
  Gy: 46316835694926478169428394003475163141307993866256225615783033603165251855960n,
};

/** Expanded keys that are kept: a node signs with its identity and a few wallets. */
const KEYS_MAX = 8;
const EMPTY = new Uint8Array(0);

export interface Ed25519Options {
  /**
   * Window of the base point's table in bits, 1 to 8: w needs about 256/w × 2^(w−1) points of RAM,
   * and half as many again where there is a random source for blinding. A table makes signing
   * faster (4.5 times with 4) and does nothing for verifying. 1 is no table at all, for devices
   * without PSRAM. Default 4.
   */
  windowBits?: number;
  /** noble's own is not imported here: it would take memory on a device that has one in C. */
  sha512: (data: Uint8Array) => Uint8Array;
}

export interface Ed25519 {
  publicKey(secretKey: Uint8Array): Uint8Array;
  sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array;
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

/** A secret key after RFC 8032 section 5.1.5: the scalar, the nonce prefix, the public key. */
interface ExpandedKey {
  seed: Uint8Array;
  scalar: bigint;
  prefix: Uint8Array;
  publicKey: Uint8Array;
}

/**
 * Makes an Ed25519 with its own curve point, tables and key cache.
 *
 * `publicKey` and `sign` fail the assertion `CRYPTO_SECRET_KEY` unless the key has 32 bytes;
 * `verify` never throws, whatever the lengths.
 */
export function createEd25519(options: Ed25519Options): Ed25519 {
  const windowBits = options.windowBits ?? 4;
  assert(Number.isInteger(windowBits) && windowBits >= 1 && windowBits <= 8, "CRYPTO_WINDOW_BITS");
  const hash = options.sha512;
  const Point = edwards(CURVE, { uvRatio: squareRootRatio });
  Point.BASE.precompute(windowBits);
  const keys: ExpandedKey[] = [];

  /** SHA-512(a ‖ b ‖ c) as a little-endian integer modulo L. */
  const hashToScalar = (a: Uint8Array, b: Uint8Array, c: Uint8Array): bigint => {
    const data = new Uint8Array(a.length + b.length + c.length);
    data.set(a);
    data.set(b, a.length);
    data.set(c, a.length + b.length);
    return bytesToNumberLE(hash(data)) % L;
  };

  const expand = (secretKey: Uint8Array): ExpandedKey => {
    assert(secretKey.length === 32, "CRYPTO_SECRET_KEY", `${secretKey.length} bytes, not 32`);
    const known = keys.find((key) => equalBytes(key.seed, secretKey));
    if (known) return known;
    const key = expandKey(Point, hash, secretKey);
    // The oldest goes: a working set of more keys than this pays an expansion each time.
    if (keys.length === KEYS_MAX) keys.shift();
    keys.push(key);
    return key;
  };

  return {
    publicKey: (secretKey) => expand(secretKey).publicKey.slice(),

    /** RFC 8032 section 5.1.6. The key's expansion is cached: one base multiplication, not two. */
    sign(secretKey, message) {
      const key = expand(secretKey);
      const r = hashToScalar(key.prefix, message, EMPTY);
      const encodedR = Point.BASE.multiply(r).toBytes();
      const k = hashToScalar(encodedR, key.publicKey, message);
      const signature = new Uint8Array(64);
      signature.set(encodedR);
      signature.set(Point.Fn.toBytes((r + k * key.scalar) % L), 32);
      return signature;
    },

    verify(publicKey, message, signature) {
      if (publicKey.length !== 32 || signature.length !== 64) return false;
      const s = bytesToNumberLE(signature.subarray(32));
      if (s >= L) return false;
      const a = decodeKey(Point, publicKey);
      if (a === undefined) return false;
      const encodedR = signature.subarray(0, 32);
      // k is reduced modulo L, as in libsodium: for a key with a torsion part that is not the same
      // as multiplying by the whole hash, and both sides of a trade must reach one verdict.
      const k = hashToScalar(encodedR, publicKey, message);
      // One chain of doublings for both products: faster than the table that signing uses.
      const r = mulAddUnsafe(Point, [Point.BASE, a.negate()], [s, k]);
      // R is never decoded: what equals a canonical encoding is canonical, and its order is r's.
      return !r.isSmallOrder() && equalBytes(r.toBytes(), encodedR);
    },
  };
}

/** The point A of a public key, or undefined unless it is canonical and not of small order. */
function decodeKey(Point: EdwardsPointCons, publicKey: Uint8Array): EdwardsPoint | undefined {
  try {
    // Strict decoding: noble refuses y ≥ p, an x that is no square root, and x = 0 with a sign.
    const a = Point.fromBytes(publicKey, false);
    return a.isSmallOrder() ? undefined : a;
  } catch {
    return undefined;
  }
}

/** RFC 8032 section 5.1.5: h = SHA-512(seed), clamp its first half, keep the second as prefix. */
function expandKey(
  Point: EdwardsPointCons,
  hash: (data: Uint8Array) => Uint8Array,
  secretKey: Uint8Array,
): ExpandedKey {
  const h = hash(secretKey);
  assert(h.length === 64, "CRYPTO_SHA512_LENGTH");
  const head = h.slice(0, 32);
  head[0] &= 0xf8;
  head[31] = (head[31] & 0x7f) | 0x40;
  const scalar = bytesToNumberLE(head) % L;
  const publicKey = Point.BASE.multiply(scalar).toBytes();
  return { seed: secretKey.slice(), scalar, prefix: h.slice(32), publicKey };
}

/** x to the power 2^count modulo p. */
function squared(x: bigint, count: number): bigint {
  for (; count > 0; count--) x = (x * x) % P;
  return x;
}

/**
 * √(u/v) by RFC 8032 section 5.1.3: x = u v³ (u v⁷)^((p−5)/8), then times √−1 where v x² = −u.
 * The exponent (p−5)/8 = 2²⁵² − 3 is 250 ones, a zero and a one in binary; `onesN` below is the
 * power 2^N − 1, so that the chain costs 252 squarings and 11 multiplications.
 */
function squareRootRatio(u: bigint, v: bigint): { isValid: boolean; value: bigint } {
  const v3 = (((v * v) % P) * v) % P;
  const z = (((((u * v3) % P) * v3) % P) * v) % P;
  const ones2 = (squared(z, 1) * z) % P;
  const ones4 = (squared(ones2, 2) * ones2) % P;
  const ones5 = (squared(ones4, 1) * z) % P;
  const ones10 = (squared(ones5, 5) * ones5) % P;
  const ones20 = (squared(ones10, 10) * ones10) % P;
  const ones40 = (squared(ones20, 20) * ones20) % P;
  const ones80 = (squared(ones40, 40) * ones40) % P;
  const ones160 = (squared(ones80, 80) * ones80) % P;
  const ones240 = (squared(ones160, 80) * ones80) % P;
  const ones250 = (squared(ones240, 10) * ones10) % P;
  const power = (squared(ones250, 2) * z) % P;
  const x = (((u * v3) % P) * power) % P;
  const vx2 = (((v * x) % P) * x) % P;
  if (vx2 === u) return { isValid: true, value: x };
  return { isValid: (vx2 + u) % P === 0n, value: (x * SQRT_M1) % P };
}
