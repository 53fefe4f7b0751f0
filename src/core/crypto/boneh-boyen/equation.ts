// SPDX-License-Identifier: Apache-2.0
/**
 * The scheme's equation, e(σ, u·g2^m·v^r) = e(g1, g2), for one signature or for many at once. Everything in
 * here is public; nothing runs in constant time.
 */
import { interleavedMSMUnsafe } from "@noble/curves/abstract/curve.js";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import type { G2Point, PublicKey } from "./keys.ts";
import { ORDER } from "./scalar.ts";

const G1 = bls12_381.G1.Point;
const G2 = bls12_381.G2.Point;
const { Fp12 } = bls12_381.fields;
export type G1Point = typeof G1.BASE;
/** An element of the target group. */
export type Gt = typeof Fp12.ONE;
type Lines = ReturnType<typeof bls12_381.utils.calcPairingPrecomputes>;

/** Window of the sums over G1: the fastest of 4 to 7 for 8, 64 and 512 points. */
const SUM_WINDOW_BITS = 6;

/** One signature, decoded and checked, with its message's scalar. */
export interface Term {
  readonly sigma: G1Point;
  readonly m: bigint;
  readonly r: bigint;
  /** Exponent of this term's equation in the product, 1 to r − 1. */
  readonly rho: bigint;
}

export interface Equation {
  /** Whether the equation holds for this signature, whatever its `rho`. */
  holds(term: Term): boolean;
  /** ∏ (e(σ, u·g2^m·v^r) / e(g1, g2))^ρ over `terms`: 1 where all hold. Always three pairings. */
  product(terms: readonly Term[]): Gt;
}

/**
 * The equation of `key`. With tables of `windowBits` (2 to 8) for g2 and v, one signature takes a single
 * pairing; with 1 there are none, and one signature takes the three of a product, whose second arguments
 * never change.
 */
export function equationOf(key: PublicKey, windowBits: number): Equation {
  const linesU = linesOf(key.u);
  const linesV = linesOf(key.v);
  const linesG2 = linesOf(G2.BASE);

  const product = (terms: readonly Term[]): Gt => {
    const sum = interleavedMSMUnsafe(
      G1,
      terms.map(({ sigma }) => sigma),
      SUM_WINDOW_BITS,
    );
    const rho = terms.reduce((total, term) => total + term.rho, 0n) % ORDER;
    const bySigma = sum(terms.map((term) => term.rho));
    const byM = sum(terms.map((term) => (term.rho * term.m) % ORDER));
    const byR = sum(terms.map((term) => (term.rho * term.r) % ORDER));
    return pairings([
      [bySigma, linesU],
      [byM.subtract(G1.BASE.multiplyUnsafe(rho)), linesG2],
      [byR, linesV],
    ]);
  };
  if (windowBits === 1) {
    return { product, holds: (term) => isOne(product([{ ...term, rho: 1n }])) };
  }

  // Points of their own: a table belongs to a point, and noble's BASE is everybody's.
  const g2 = G2.fromAffine(G2.BASE.toAffine()).precompute(windowBits);
  const v = G2.fromAffine(key.v.toAffine()).precompute(windowBits);
  const expected = pairings([[G1.BASE, linesG2]]);
  const holds = ({ sigma, m, r }: Term): boolean => {
    const base = key.u.add(g2.multiplyUnsafe(m)).add(v.multiplyUnsafe(r));
    // x + m + y·r = 0: the pairing is 1, and e(g1, g2) is not.
    return !base.is0() && Fp12.eql(pairings([[sigma, linesOf(base)]]), expected);
  };
  return { product, holds };
}

/** Whether `value` is the neutral element. */
export function isOne(value: Gt): boolean {
  return Fp12.eql(value, Fp12.ONE);
}

/** a / b for two results of pairings: there the conjugate is the inverse. */
export function quotient(a: Gt, b: Gt): Gt {
  return Fp12.mul(a, Fp12.conjugate(b));
}

function linesOf(point: G2Point): Lines {
  return bls12_381.utils.calcPairingPrecomputes(point);
}

/** ∏ e(P, Q), each Q by its lines, with one final exponentiation; e(0, Q) is 1. */
function pairings(pairs: readonly (readonly [G1Point, Lines])[]): Gt {
  const inputs: Parameters<typeof bls12_381.millerLoopBatch>[0] = [];
  for (const [point, lines] of pairs) {
    if (point.is0()) continue;
    const { x, y } = point.toAffine();
    inputs.push([lines, x, y]);
  }
  return Fp12.finalExponentiate(bls12_381.millerLoopBatch(inputs));
}
