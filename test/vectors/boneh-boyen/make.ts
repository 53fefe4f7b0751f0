// SPDX-License-Identifier: Apache-2.0
/**
 * Writes sealing.json and verdicts.json beside this file. Run `node test/vectors/boneh-boyen/make.ts`; the output is
 * a function of SEED and is committed. Each verdict follows from how the vector is built (scheme.ts); nothing is
 * asked of the implementation under test.
 */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { numberToBytesBE } from "@noble/curves/utils.js";
import { ascii, concatBytes, toHex } from "#core/codec/bytes";
import { hexOf, type SealVector, type VerdictVector } from "./check.ts";
import {
  encodeG1,
  encodeG2,
  Fp,
  Fr,
  G1,
  type G1Point,
  G2,
  nonceOf,
  ORDER,
  offCurveG2,
  type Secret,
  scalarOf,
  secretOf,
  sigmaOf,
  torsionG1,
  torsionG2,
} from "./scheme.ts";

const SEED = "wattle boneh-boyen vectors 1";
const KEY_DOMAIN = "wattle/authority-key/1";
const DOMAIN = "wattle/certificate/1";
const MESSAGE = ascii("a certificate");

function seeded(label: string, length = 32): Uint8Array {
  return new Uint8Array(
    createHash("shake256", { outputLength: length }).update(`${SEED}/${label}`).digest(),
  );
}

function publicOf({ x, y }: Secret): string {
  return toHex(concatBytes(G2.BASE.multiply(x).toBytes(), G2.BASE.multiply(y).toBytes()));
}

const secret = secretOf(seeded("key"), KEY_DOMAIN);
const publicKey = publicOf(secret);
const m = scalarOf(DOMAIN, MESSAGE);
const r = nonceOf(secret, m);
const sigma = sigmaOf(secret, m, r);

function join(point: Uint8Array, scalar: bigint): string {
  return toHex(concatBytes(point, numberToBytesBE(scalar, 32)));
}

const good: VerdictVector = {
  name: "a good one",
  publicKey,
  domain: DOMAIN,
  message: toHex(MESSAGE),
  signature: join(encodeG1(sigma), r),
  valid: true,
};

function bad(name: string, part: Partial<VerdictVector>): VerdictVector {
  return { ...good, ...part, name, valid: false };
}

function sealing(): SealVector[] {
  const cases: [string, Uint8Array, string, Uint8Array][] = [
    ["a certificate", seeded("key"), DOMAIN, MESSAGE],
    ["empty message", seeded("key"), DOMAIN, new Uint8Array(0)],
    ["another domain", seeded("key"), "wattle/revocations/1", MESSAGE],
    ["one byte, domain of one character", seeded("key"), "w", Uint8Array.of(0)],
    ["512 bytes, domain of 64 characters", seeded("key 2"), "d".repeat(64), seeded("long", 512)],
    ["entropy of 64 bytes", seeded("key 3", 64), DOMAIN, MESSAGE],
  ];
  return cases.map(([name, entropy, domain, message]) => {
    const key = secretOf(entropy, KEY_DOMAIN);
    const m = scalarOf(domain, message);
    const r = nonceOf(key, m);
    return {
      name,
      entropy: toHex(entropy),
      keyDomain: KEY_DOMAIN,
      x: hexOf(key.x),
      y: hexOf(key.y),
      nonceKey: toHex(key.nonceKey),
      publicKey: publicOf(key),
      domain,
      message: toHex(message),
      m: hexOf(m),
      signature: join(encodeG1(sigmaOf(key, m, r)), r),
    };
  });
}

/** Valid, though the authority would have taken another r. */
function otherNonces(): VerdictVector[] {
  return [1n, 0n, ORDER - 1n].map((r) => ({
    ...good,
    name: `r = ${r === ORDER - 1n ? "order - 1" : r}`,
    signature: join(encodeG1(sigmaOf(secret, m, r)), r),
  }));
}

function wrongScalars(): VerdictVector[] {
  const point = encodeG1(sigma);
  const turned = toHex(numberToBytesBE(r, 32).reverse());
  const degenerate = Fr.mul(Fr.neg(secret.x + m), Fr.inv(secret.y));
  const largest = (1n << 256n) - 1n;
  return [
    bad("r + 1", { signature: join(point, r + 1n) }),
    bad("-r", { signature: join(point, ORDER - r) }),
    bad("r + order", { signature: join(point, r + ORDER) }),
    bad("r = order, for r = 0", { signature: join(encodeG1(sigmaOf(secret, m, 0n)), ORDER) }),
    bad("r = 2^256 - 1", {
      signature: join(encodeG1(sigmaOf(secret, m, largest % ORDER)), largest),
    }),
    bad("r in the other byte order", { signature: toHex(point) + turned }),
    bad("x + m + y·r = 0", { signature: join(point, degenerate) }),
  ];
}

/** The equation holds for each: pairings do not see a part of another order. */
function outsideSubgroup(): VerdictVector[] {
  const torsion = torsionG1();
  // 11 and its square divide the cofactor, and no point of the curve has the order 121.
  const elevenFold = torsion.multiplyUnsafe(0x396c8c005555e1568c00aaab0000aaabn / 121n);
  if (elevenFold.is0() || !elevenFold.multiplyUnsafe(11n).is0()) throw new Error("not of order 11");
  const cases: [string, G1Point][] = [
    ["order 3", G1.fromAffine({ x: 0n, y: 2n })],
    ["order 11", elevenFold],
    ["an order that divides the cofactor", torsion],
  ];
  return cases.flatMap(([order, point]) => [
    bad(`σ + a point of ${order}`, { signature: join(encodeG1(sigma.add(point)), r) }),
    bad(`a point of ${order} alone`, { signature: join(encodeG1(point), r) }),
  ]);
}

/** The first message whose σ leaves room for x + p in 381 bits. */
function largeX(): VerdictVector[] {
  for (let i = 0; ; i++) {
    const message = ascii(`large x ${i}`);
    const scalar = scalarOf(DOMAIN, message);
    const nonce = nonceOf(secret, scalar);
    const point = sigmaOf(secret, scalar, nonce);
    const { x } = point.toAffine();
    if (x + Fp.ORDER >= 1n << 381n) continue;
    const bytes = numberToBytesBE(x + Fp.ORDER, 48);
    bytes[0] |= encodeG1(point)[0] & 0xe0;
    const same = { message: toHex(message), signature: join(encodeG1(point), nonce) };
    return [
      { ...good, ...same, name: "x that leaves room for p" },
      bad("x + p", { ...same, signature: join(bytes, nonce) }),
    ];
  }
}

function malleated(): VerdictVector[] {
  const flags = (bits: number, point = encodeG1(sigma)) => {
    const bytes = point.slice();
    bytes[0] = (bytes[0] & 0x1f) | bits;
    return join(bytes, r);
  };
  const sorted = encodeG1(sigma)[0] & 0x20;
  const zero = new Uint8Array(48);
  const one = numberToBytesBE(1n, 48);
  let off = 1n;
  while (Fp.eql(Fp.pow(Fp.add(Fp.pow(off, 3n), 4n), (Fp.ORDER - 1n) / 2n), Fp.ONE)) off++;
  const whole = toHex(concatBytes(...[sigma.x, sigma.y].map((part) => numberToBytesBE(part, 48))));
  return [
    bad("-σ: sign flag turned", { signature: flags(0x80 | (sorted ^ 0x20)) }),
    bad("compression flag off", { signature: flags(sorted) }),
    bad("infinity flag on", { signature: flags(0xc0) }),
    bad("infinity and sign flags on", { signature: flags(0xe0) }),
    bad("all flags off", { signature: flags(0) }),
    bad("identity", { signature: flags(0xc0, zero) }),
    bad("identity with sign", { signature: flags(0xe0, zero) }),
    bad("identity, not compressed", { signature: flags(0x40, zero) }),
    bad("infinity flag, rest is 1", { signature: flags(0xc0, one) }),
    bad("zeros", { signature: "00".repeat(80) }),
    bad("ones", { signature: "ff".repeat(80) }),
    bad("x = p", { signature: flags(0x80, numberToBytesBE(Fp.ORDER, 48)) }),
    bad("x on no point", { signature: flags(0x80, numberToBytesBE(off, 48)) }),
    bad("not compressed", { signature: whole + toHex(numberToBytesBE(r, 32)) }),
    bad("not compressed, cut to 80 bytes", { signature: whole.slice(0, 160) }),
    bad("another point", { signature: join(encodeG1(sigma.double()), r) }),
    bad("the base point", { signature: join(encodeG1(G1.BASE), r) }),
    bad("79 bytes", { signature: good.signature.slice(0, 158) }),
    bad("81 bytes", { signature: `${good.signature}00` }),
    bad("σ alone", { signature: good.signature.slice(0, 96) }),
    bad("empty", { signature: "" }),
  ];
}

function otherMessages(): VerdictVector[] {
  const other = publicOf(secretOf(seeded("key 2"), KEY_DOMAIN));
  const joined = toHex(concatBytes(ascii("1"), MESSAGE));
  return [
    bad("another message", { message: toHex(ascii("a certificatf")) }),
    bad("message longer by a zero", { message: `${good.message}00` }),
    bad("message empty", { message: "" }),
    bad("another domain", { domain: "wattle/certificate/2" }),
    bad("domain that ends in the message", { domain: "wattle/certificate/", message: joined }),
    bad("another key", { publicKey: other }),
    bad("u and v swapped", { publicKey: publicKey.slice(192) + publicKey.slice(0, 192) }),
  ];
}

/** Keys that are refused whatever the signature; for the first the equation holds. */
function wrongKeys(): VerdictVector[] {
  const u = publicKey.slice(0, 192);
  const v = publicKey.slice(192);
  const identity = `c0${"00".repeat(95)}`;
  const forged = { ...secret, x: 0n };
  const flagged = (hex: string, bits: number) =>
    ((Number.parseInt(hex.slice(0, 2), 16) & 0x1f) | bits).toString(16).padStart(2, "0") +
    hex.slice(2);
  const torsion = torsionG2();
  const moved = (scalar: bigint) => toHex(encodeG2(G2.BASE.multiply(scalar).add(torsion)));
  return [
    bad("u the identity, signed by anybody", {
      publicKey: identity + v,
      signature: join(encodeG1(sigmaOf(forged, m, 0n)), 0n),
    }),
    bad("v the identity", {
      publicKey: u + identity,
      signature: join(encodeG1(sigmaOf({ ...secret, y: 0n }, m, r)), r),
    }),
    bad("u outside of the subgroup", { publicKey: moved(secret.x) + v }),
    bad("v outside of the subgroup", { publicKey: u + moved(secret.y) }),
    bad("u without compression flag", { publicKey: flagged(u, 0) + v }),
    bad("v with infinity flag", { publicKey: u + flagged(v, 0xc0) }),
    bad("u on no point", { publicKey: toHex(offCurveG2()) + v }),
    bad("u with c1 = p", {
      publicKey: flagged(toHex(numberToBytesBE(Fp.ORDER, 48)), 0x80) + u.slice(96) + v,
    }),
    bad("key of 191 bytes", { publicKey: publicKey.slice(0, 382) }),
    bad("key of 193 bytes", { publicKey: `${publicKey}00` }),
    bad("u alone", { publicKey: u }),
    bad("key empty", { publicKey: "" }),
  ];
}

function write(file: string, vectors: readonly object[]): void {
  const lines = vectors.map((v) => `  ${JSON.stringify(v)}`).join(",\n");
  writeFileSync(new URL(file, import.meta.url), `[\n${lines}\n]\n`);
}

write("sealing.json", sealing());
write("verdicts.json", [
  good,
  ...otherNonces(),
  ...wrongScalars(),
  ...outsideSubgroup(),
  ...largeX(),
  ...malleated(),
  ...otherMessages(),
  ...wrongKeys(),
]);
