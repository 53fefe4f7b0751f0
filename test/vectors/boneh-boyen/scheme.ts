// SPDX-License-Identifier: Apache-2.0
/**
 * The scheme a second time, from its definition and from Node's hashes: what vectors are made with. Of noble it
 * takes points only, and it never asks the implementation under test.
 */
import { createHash, createHmac, hkdfSync } from "node:crypto";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { bytesToNumberBE, numberToBytesBE } from "@noble/curves/utils.js";
import { ascii, concatBytes } from "#core/codec/bytes";

export const G1 = bls12_381.G1.Point;
export const G2 = bls12_381.G2.Point;
export const { Fp, Fp2, Fr } = bls12_381.fields;
export const ORDER = Fr.ORDER;
export type G1Point = typeof G1.BASE;
export type G2Point = typeof G2.BASE;

export interface Secret {
  x: bigint;
  y: bigint;
  nonceKey: Uint8Array;
}

/** RFC 5869 and reduction of 48 bytes; none of the keys of the vectors needs a second attempt. */
export function secretOf(entropy: Uint8Array, domain: string): Secret {
  const info = concatBytes(ascii(domain), Uint8Array.of(0, 0));
  const okm = new Uint8Array(hkdfSync("sha256", entropy, "wattle/boneh-boyen/1", info, 128));
  const scalar = (from: number) => bytesToNumberBE(okm.slice(from, from + 48)) % ORDER;
  return { x: scalar(0), y: scalar(48), nonceKey: okm.slice(96) };
}

function sha256(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(
    createHash("sha256")
      .update(concatBytes(...parts))
      .digest(),
  );
}

/** expand_message_xmd of RFC 9380 section 5.3.1 with SHA-256. */
export function expandXmd(message: Uint8Array, dst: Uint8Array, length: number): Uint8Array {
  const tag = concatBytes(dst, Uint8Array.of(dst.length));
  const size = Uint8Array.of(length >> 8, length & 0xff);
  const first = sha256(new Uint8Array(64), message, size, Uint8Array.of(0), tag);
  const blocks = [sha256(first, Uint8Array.of(1), tag)];
  for (let i = 2; blocks.length * 32 < length; i++) {
    const mixed = first.map((byte, j) => byte ^ blocks[i - 2][j]);
    blocks.push(sha256(mixed, Uint8Array.of(i), tag));
  }
  return concatBytes(...blocks).slice(0, length);
}

export function scalarOf(domain: string, message: Uint8Array): bigint {
  return bytesToNumberBE(expandXmd(message, ascii(`wattle/boneh-boyen/1 ${domain}`), 48)) % ORDER;
}

/** The first of the sequence HMAC(nonceKey, m ‖ i) without its highest bit that is below the order. */
export function nonceOf({ nonceKey }: Secret, m: bigint): bigint {
  for (let i = 0; ; i++) {
    const data = concatBytes(numberToBytesBE(m, 32), Uint8Array.of(i));
    const bytes = new Uint8Array(createHmac("sha256", nonceKey).update(data).digest());
    const r = bytesToNumberBE(bytes) % (1n << 255n);
    if (r < ORDER) return r;
  }
}

/** g1^(1/(x + m + y·r)). */
export function sigmaOf({ x, y }: Secret, m: bigint, r: bigint): G1Point {
  return G1.BASE.multiply(Fr.inv(Fr.create(x + m + y * r)));
}

/** A point's compressed encoding, whatever its order: noble's refuses those outside of the subgroup. */
export function encodeG1(point: G1Point): Uint8Array {
  const { x, y } = point.toAffine();
  return compressed(numberToBytesBE(x, 48), 2n * y > Fp.ORDER);
}

/** As {@link encodeG1}: c1 of x, then c0. */
export function encodeG2(point: G2Point): Uint8Array {
  const { x, y } = point.toAffine();
  const part = y.c1 === 0n ? y.c0 : y.c1;
  const bytes = concatBytes(numberToBytesBE(x.c1, 48), numberToBytesBE(x.c0, 48));
  return compressed(bytes, 2n * part > Fp.ORDER);
}

function compressed(bytes: Uint8Array, large: boolean): Uint8Array {
  bytes[0] |= large ? 0xa0 : 0x80;
  return bytes;
}

/** [r]P for the first curve point by x: what is left has an order that divides the cofactor. */
export function torsionG1(): G1Point {
  for (let x = 1n; ; x++) {
    const y2 = Fp.add(Fp.pow(x, 3n), 4n);
    if (!isSquare(() => Fp.sqrt(y2))) continue;
    const point = G1.fromAffine({ x, y: Fp.sqrt(y2) });
    return point.multiplyUnsafe(ORDER - 1n).add(point);
  }
}

export function torsionG2(): G2Point {
  for (let c0 = 1n; ; c0++) {
    if (!isSquare(() => Fp2.sqrt(y2OfG2(c0)))) continue;
    const point = G2.fromAffine({ x: Fp2.fromBigTuple([c0, 0n]), y: Fp2.sqrt(y2OfG2(c0)) });
    return point.multiplyUnsafe(ORDER - 1n).add(point);
  }
}

/** What would be a compressed point if its x were that of one. */
export function offCurveG2(): Uint8Array {
  let c0 = 1n;
  while (isSquare(() => Fp2.sqrt(y2OfG2(c0)))) c0++;
  return compressed(numberToBytesBE(c0, 96), false);
}

function y2OfG2(c0: bigint): ReturnType<typeof Fp2.create> {
  return Fp2.add(Fp2.pow(Fp2.fromBigTuple([c0, 0n]), 3n), Fp2.fromBigTuple([4n, 4n]));
}

function isSquare(root: () => unknown): boolean {
  try {
    root();
    return true;
  } catch {
    return false;
  }
}
