// SPDX-License-Identifier: Apache-2.0
/** Checks the authority's signatures, one by one or many at once. */
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { bytesToNumberBE } from "@noble/curves/utils.js";
import { assert } from "../../errors/assert.ts";
import type { Entropy } from "../port.ts";
import { type Equation, equationOf, type G1Point, isOne, quotient, type Term } from "./equation.ts";
import type { PublicKey } from "./keys.ts";
import { decodeScalar, messageScalar, SCALAR_BYTES } from "./scalar.ts";

/** Compressed point of G1. */
const G1_BYTES = 48;
export const SIGNATURE_BYTES = G1_BYTES + SCALAR_BYTES;
/** Bytes of one random exponent: a bad signature passes with a probability of 2^-128. */
const EXPONENT_BYTES = 16;
/** Signatures in one product: more make each hardly cheaper, and each takes a table of 16 points. */
const PRODUCT_MAX = 512;

/**
 * What the equation costs for one signature that is decoded, and a product beside 1 for each signature in it
 * (measured: 11 ms, and 16 ms with 0.8 ms for each). A wrong figure makes it slower, and nothing else.
 */
const SINGLE_COST = 14;
const PRODUCT_COST = 20;

export interface Signed {
  readonly domain: string;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Verifier {
  /**
   * Whether `signature` is one of `message` in `domain`. Any bytes get an answer; a domain that is no
   * domain fails the assertion `CRYPTO_DOMAIN`.
   */
  verify(domain: string, message: Uint8Array, signature: Uint8Array): boolean;
  /**
   * The indices of those in `batch` that `verify` refuses, rising. Three pairings where all are good; where
   * some are not, halves are tried until each bad one is found, in the worst case for a third more than one
   * by one. `entropy` must be unforeseeable to whoever made the batch.
   */
  verifyBatch(batch: readonly Signed[], entropy: Entropy): number[];
  /** Whether `verify` takes all of them: three pairings for each 512, whatever is wrong; none are named. */
  holdsAll(batch: readonly Signed[], entropy: Entropy): boolean;
}

export interface VerifierOptions {
  /**
   * Window in bits, 1 to 8, of the tables for g2 and v, which are made at the first signature: w takes two
   * of about 256/w × 2^(w−1) points. 1 is no tables, for a few checks or little memory. Default 8.
   */
  windowBits?: number;
}

/** Prepares `key`: what does not depend on a signature is computed once. */
export function createVerifier(key: PublicKey, options: VerifierOptions = {}): Verifier {
  const windowBits = options.windowBits ?? 8;
  assert(Number.isInteger(windowBits) && windowBits >= 1 && windowBits <= 8, "CRYPTO_WINDOW_BITS");
  const equation = equationOf(key, windowBits);
  return {
    verify(domain, message, signature) {
      const term = termOf({ domain, message, signature }, 1n);
      return term !== undefined && equation.holds(term);
    },

    verifyBatch(batch, entropy) {
      const bad: number[] = [];
      for (let from = 0; from < batch.length; from += PRODUCT_MAX) {
        const part = batch.slice(from, from + PRODUCT_MAX);
        for (const index of badOf(equation, part, entropy)) bad.push(from + index);
      }
      return bad;
    },

    holdsAll(batch, entropy) {
      for (let from = 0; from < batch.length; from += PRODUCT_MAX)
        if (!holds(equation, batch.slice(from, from + PRODUCT_MAX), entropy)) return false;
      return true;
    },
  };
}

/** Whether the product of a batch of at most PRODUCT_MAX is one. */
function holds(equation: Equation, batch: readonly Signed[], entropy: Entropy): boolean {
  const exponents = exponentsFor(batch.length, entropy);
  const terms: Term[] = [];
  for (const [index, signed] of batch.entries()) {
    const term = termOf(signed, exponents[index]);
    if (!term) return false;
    terms.push(term);
  }
  return terms.length === 1 ? equation.holds(terms[0]) : isOne(equation.product(terms));
}

/** From 1 to 2^128: none may take its signature out of the product. */
function exponentsFor(count: number, entropy: Entropy): bigint[] {
  const random = entropy.bytes(EXPONENT_BYTES * count);
  assert(random.length === EXPONENT_BYTES * count, "BB_ENTROPY");
  return Array.from({ length: count }, (_, index) => {
    const at = EXPONENT_BYTES * index;
    return 1n + bytesToNumberBE(random.slice(at, at + EXPONENT_BYTES));
  });
}

interface Numbered {
  readonly index: number;
  readonly term: Term;
}

/** The indices of the bad ones in a batch of at most PRODUCT_MAX, rising. */
function badOf(equation: Equation, batch: readonly Signed[], entropy: Entropy): number[] {
  const exponents = exponentsFor(batch.length, entropy);
  const refused: number[] = [];
  const sound: Numbered[] = [];
  batch.forEach((signed, index) => {
    const term = termOf(signed, exponents[index]);
    if (term === undefined) refused.push(index);
    else sound.push({ index, term });
  });
  const wrong =
    sound.length === 1
      ? sound.filter(({ term }) => !equation.holds(term))
      : bisect(equation, sound);
  return [...refused, ...wrong.map(({ index }) => index)].sort((a, b) => a - b);
}

/**
 * Those whose equation does not hold. A group's product is that of its left half times that of its right,
 * so that only left halves are computed, and a group of one is decided by its product: to the power ρ,
 * which the order does not divide, only 1 becomes 1. With few bad ones that is many times cheaper than one
 * by one; when it has cost half of that there are many, and what is still open goes one by one.
 */
function bisect(equation: Equation, all: readonly Numbered[]): Numbered[] {
  const bad: Numbered[] = [];
  if (all.length === 0) return bad;
  const productOf = (group: readonly Numbered[]) => equation.product(group.map(({ term }) => term));
  let budget = Math.floor((all.length * SINGLE_COST) / 2);
  const open = [{ group: all, product: productOf(all) }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { group, product } = next;
    if (isOne(product)) continue;
    if (group.length === 1) {
      bad.push(group[0]);
    } else if (budget <= 0) {
      for (const one of group) if (!equation.holds(one.term)) bad.push(one);
    } else {
      const half = Math.floor(group.length / 2);
      budget -= PRODUCT_COST + half;
      const left = { group: group.slice(0, half), product: productOf(group.slice(0, half)) };
      open.push({ group: group.slice(half), product: quotient(product, left.product) }, left);
    }
  }
  return bad;
}

/** The signature decoded, with its message's m; undefined unless canonical and in its group. */
function termOf({ domain, message, signature }: Signed, rho: bigint): Term | undefined {
  const m = messageScalar(domain, message);
  if (signature.length !== SIGNATURE_BYTES) return undefined;
  const r = decodeScalar(signature.slice(G1_BYTES));
  if (r === undefined) return undefined;
  const sigma = decodeSigma(signature.slice(0, G1_BYTES));
  return sigma && { sigma, m, r, rho };
}

/**
 * The point σ, or undefined unless it is canonical, on the curve, in the subgroup and not the identity. The
 * subgroup is checked for each signature: the pairing does not see a part of another order, so that σ with
 * one added would be a second signature of the same message, and the order of the curve has factors as
 * small as 3, which random exponents would often hide in a batch.
 */
function decodeSigma(bytes: Uint8Array): G1Point | undefined {
  try {
    const point = bls12_381.G1.Point.fromBytes(bytes);
    return point.is0() ? undefined : point;
  } catch {
    return undefined;
  }
}
