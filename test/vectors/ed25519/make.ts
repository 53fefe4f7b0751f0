// SPDX-License-Identifier: Apache-2.0
/**
 * Writes edge.json and mixed-order.json beside this file: what RFC 8032 leaves open and
 * implementations answer differently. Run `node test/vectors/ed25519/make.ts`; the output is a
 * function of SEED and is committed, so that a run that changes it shows up as a difference.
 *
 * Each verdict follows from how the vector is built, by the crypto port's rule; nothing is asked of
 * an implementation under test.
 */
import { writeFileSync } from "node:fs";
import type { EdwardsPoint } from "@noble/curves/abstract/edwards.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToNumberLE, numberToBytesLE } from "@noble/curves/utils.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { ascii, concatBytes, toHex } from "#core/codec/bytes";
import type { Ed25519Vector } from "./check.ts";

const SEED = "wattle ed25519 vectors 1";
const { Point } = ed25519;
const P = Point.Fp.ORDER;
const L = Point.Fn.ORDER;
/** Of order 8, so that its multiples 0 to 7 are the whole torsion group. */
const T8 = torsionGenerator();
const TORSION = Array.from({ length: 8 }, (_, i) => T8.multiplyUnsafe(BigInt(i)));

let counter = 0;
/** A scalar from 1 to L−1, the next of the seeded sequence. */
function nextScalar(): bigint {
  return 1n + (bytesToNumberLE(sha512(ascii(`${SEED}/${counter++}`))) % (L - 1n));
}

/** [L]Q of the first curve point Q (by y) where it has order 8: L clears the prime-order part. */
function torsionGenerator(): EdwardsPoint {
  for (let y = 2n; ; y++) {
    let point: EdwardsPoint;
    try {
      point = Point.fromBytes(numberToBytesLE(y, 32));
    } catch {
      continue; // no point has this y
    }
    const torsion = point.multiplyUnsafe(L - 1n).add(point);
    if (!torsion.double().double().is0()) return torsion;
  }
}

/** k = SHA-512(R ‖ A ‖ M) mod L, over the bytes as they are sent. */
function challenge(r: Uint8Array, a: Uint8Array, message: Uint8Array): bigint {
  return bytesToNumberLE(sha512(concatBytes(r, a, message))) % L;
}

interface Parts {
  a: Uint8Array;
  message: Uint8Array;
  r: Uint8Array;
  s: bigint;
}

function vector(name: string, { a, message, r, s }: Parts, valid: boolean): Ed25519Vector {
  const signature = toHex(concatBytes(r, numberToBytesLE(s, 32)));
  return { name, publicKey: toHex(a), message: toHex(message), signature, valid };
}

/** The first message "<i>" whose challenge makes `holds` true. */
function messageWhere(
  r: Uint8Array,
  a: Uint8Array,
  holds: (k: bigint) => boolean,
): { message: Uint8Array; k: bigint } {
  for (let i = 0; ; i++) {
    const message = ascii(`${i}`);
    const k = challenge(r, a, message);
    if (holds(k)) return { message, k };
  }
}

/** An honest signature by scalar `a` with nonce `nonce`. */
function honest(a: bigint, nonce: bigint, message: Uint8Array): Parts {
  const encodedA = Point.BASE.multiply(a).toBytes();
  const r = Point.BASE.multiply(nonce).toBytes();
  const s = (nonce + challenge(r, encodedA, message) * a) % L;
  return { a: encodedA, message, r, s };
}

/** Every 32-byte string that decodes leniently to a point of small order, canonical or not. */
function smallOrderEncodings(): { name: string; bytes: Uint8Array; point: EdwardsPoint }[] {
  const encodings: { name: string; bytes: Uint8Array; point: EdwardsPoint }[] = [];
  TORSION.forEach((point, i) => {
    encodings.push({ name: `${i}T`, bytes: point.toBytes(), point });
  });
  TORSION.forEach((point, i) => {
    const { x, y } = point.toAffine();
    const sign = x % 2n;
    // x = 0 may carry a wrong sign bit, and y + p fits into 255 bits where y < 19.
    if (x === 0n) encodings.push({ name: `${i}T with sign`, bytes: encode(y, 1n), point });
    if (y >= 19n) return;
    encodings.push({ name: `${i}T, y + p`, bytes: encode(y + P, sign), point });
    if (x === 0n) encodings.push({ name: `${i}T, y + p, sign`, bytes: encode(y + P, 1n), point });
  });
  return encodings;
}

function encode(y: bigint, sign: bigint): Uint8Array {
  const bytes = numberToBytesLE(y, 32);
  bytes[31] |= sign === 1n ? 0x80 : 0;
  return bytes;
}

/** A of small order, with kA = 0 and S = r: the equation holds exactly, only the rule refuses. */
function smallOrderKeys(): Ed25519Vector[] {
  return smallOrderEncodings().map(({ name, bytes, point }) => {
    const s = nextScalar();
    const r = Point.BASE.multiply(s).toBytes();
    const { message } = messageWhere(r, bytes, (k) => point.multiplyUnsafe(k).is0());
    return vector(`A of small order: ${name}`, { a: bytes, message, r, s }, false);
  });
}

/** R of small order: A = aB + T, S = k a and −kT = R, so that again the equation holds exactly. */
function smallOrderNonces(): Ed25519Vector[] {
  return smallOrderEncodings().map(({ name, bytes, point }) => {
    const scalar = nextScalar();
    const a = Point.BASE.multiply(scalar).add(T8).toBytes();
    const { message, k } = messageWhere(bytes, a, (k) =>
      T8.multiplyUnsafe(k).negate().equals(point),
    );
    const s = (k * scalar) % L;
    return vector(`R of small order: ${name}`, { a, message, r: bytes, s }, false);
  });
}

/**
 * Encodings y + p of points of large order. Nobody knows such a point's logarithm, so that these
 * cannot be signatures that a lenient verifier takes; they exercise the decoders.
 */
function nonCanonical(): Ed25519Vector[] {
  const vectors: Ed25519Vector[] = [];
  for (let y = 2n; y < 19n; y++) {
    const sign = y % 2n;
    const bytes = encode(y + P, sign);
    const parts = honest(nextScalar(), nextScalar(), ascii(`y = ${y}`));
    const which = `non-canonical: y = ${y} + p, sign ${sign}`;
    vectors.push(vector(`A ${which}`, { ...parts, a: bytes }, false));
    vectors.push(vector(`R ${which}`, { ...parts, r: bytes }, false));
  }
  return vectors;
}

/** The same signature with S + iL, for every i that 256 bits can hold. */
function largeS(): Ed25519Vector[] {
  const parts = honest(nextScalar(), nextScalar(), ascii("malleable"));
  const vectors = [vector("S in range", parts, true)];
  for (let i = 1n; parts.s + i * L < 1n << 256n; i++) {
    vectors.push(vector(`S + ${i}L`, { ...parts, s: parts.s + i * L }, false));
  }
  return vectors;
}

/** Every part too short, too long or empty, and a key that is on no curve point. */
function wrongShapes(): Ed25519Vector[] {
  const good = vector("", honest(nextScalar(), nextScalar(), ascii("shape")), true);
  const cut = (hex: string, bytes: number) => hex.slice(0, 2 * bytes);
  const notOnCurve = toHex(encode(2n, 0n)); // x² = 3/(4d + 1) has no root
  const change = (name: string, part: Partial<Ed25519Vector>): Ed25519Vector => ({
    ...good,
    ...part,
    name,
    valid: false,
  });
  return [
    { ...good, name: "the shape that is right" },
    change("A of 31 bytes", { publicKey: cut(good.publicKey, 31) }),
    change("A of 33 bytes", { publicKey: `${good.publicKey}00` }),
    change("A empty", { publicKey: "" }),
    change("A on no point", { publicKey: notOnCurve }),
    change("R on no point", { signature: notOnCurve + good.signature.slice(64) }),
    change("signature of 63 bytes", { signature: cut(good.signature, 63) }),
    change("signature of 65 bytes", { signature: `${good.signature}00` }),
    change("signature of 32 bytes", { signature: cut(good.signature, 32) }),
    change("signature empty", { signature: "" }),
    change("signature of zeros", { signature: "00".repeat(64) }),
    change("message longer by a zero", { message: `${good.message}00` }),
  ];
}

/**
 * Keys and nonces with a torsion part: A = aB + T, R = rB + U, S = r + k a. The cofactored equation
 * accepts all of them; without the cofactor it takes −kT = U.
 */
function mixedOrder(): Ed25519Vector[] {
  const vectors: Ed25519Vector[] = [];
  for (let i = 1; i < 8; i++) {
    const cases: [string, EdwardsPoint, (kT: EdwardsPoint) => boolean, EdwardsPoint, boolean][] = [
      [`A + ${i}T, kT = 0`, TORSION[i], (kT) => kT.is0(), TORSION[0], true],
      [`A + ${i}T, kT not 0`, TORSION[i], (kT) => !kT.is0(), TORSION[0], false],
      [`R + ${i}T`, TORSION[0], () => true, TORSION[i], false],
      [`A + T, R + ${i}T = R - kT`, T8, (kT) => kT.negate().equals(TORSION[i]), TORSION[i], true],
      [`A + T, R + ${i}T, kT = 0`, T8, (kT) => kT.is0(), TORSION[i], false],
    ];
    for (const [name, t, holds, u, valid] of cases) {
      const scalar = nextScalar();
      const nonce = nextScalar();
      const a = Point.BASE.multiply(scalar).add(t).toBytes();
      const r = Point.BASE.multiply(nonce).add(u).toBytes();
      const { message, k } = messageWhere(r, a, (k) => holds(t.multiplyUnsafe(k)));
      const s = (nonce + k * scalar) % L;
      vectors.push(vector(`mixed order: ${name}`, { a, message, r, s }, valid));
    }
  }
  return vectors;
}

function write(file: string, vectors: Ed25519Vector[]): void {
  const lines = vectors.map((v) => `  ${JSON.stringify(v)}`).join(",\n");
  writeFileSync(new URL(file, import.meta.url), `[\n${lines}\n]\n`);
}

write("edge.json", [
  ...smallOrderKeys(),
  ...smallOrderNonces(),
  ...nonCanonical(),
  ...largeS(),
  ...wrongShapes(),
]);
write("mixed-order.json", mixedOrder());
