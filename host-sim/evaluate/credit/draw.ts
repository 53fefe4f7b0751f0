// SPDX-License-Identifier: Apache-2.0
/**
 * Protocol P* draws: five banks of twenty borrowers by Table II of the paper, from one stream of mulberry32
 * for each seed. The order of the draws is part of the protocol; others can draw the same.
 */

import { GRADES } from "#core/credit/grade";
import type { LoanModel } from "#core/credit/model";
import { assert } from "#core/errors/assert";
import { mulberry32, type Random } from "../../worlds/random.ts";

export const BANKS = 5;
export const BORROWERS = 20;
/** Borrowers of Fig. 7(b): "randomly chosen". */
export const CHOSEN = 5;
/** Penalty over interest, Table II. */
export const ETA = 3.5;
/**
 * Coins per unit of energy. The paper does not say it: it is fitted, so that both figures of the banks come
 * out at once.
 */
export const PRICE = 2.8;

export interface Borrower extends LoanModel {
  /** 1 … 35. */
  grade: number;
}

export interface Drawn {
  banks: Borrower[][];
  /** For each bank and borrower the share that the random scheme lends it. */
  shares: number[][];
  /** Which of all hundred are looked at in Fig. 7(b). */
  chosen: number[];
}

export function draw(seed: number, counts: readonly number[]): Drawn {
  const random = mulberry32(seed);
  const banks: Borrower[][] = [];
  const shares: number[][] = [];
  for (let bank = 0; bank < BANKS; bank++) {
    banks.push(Array.from({ length: BORROWERS }, () => borrower(random, counts)));
    shares.push(Array.from({ length: BORROWERS }, () => random.next()));
  }
  return { banks, shares, chosen: choose(random) };
}

/** n, d, θ, t, λ, c, Q: in this order. */
function borrower(random: Random, counts: readonly number[]): Borrower {
  const grade = drawGrade(random, counts);
  const d = 20_000 + 400 * random.next();
  const theta = 2000 + 500 * random.next();
  const t = 1 + Math.floor(10 * random.next());
  const lambda = 1 - random.next();
  const c = 0.1 + 0.1 * random.next();
  const q = 1000 * random.next();
  const gamma = 1 - (grade - 1) / GRADES;
  return { grade, d, theta, t, lambda, c, q, gamma, p: PRICE, eta: ETA };
}

export function drawGrade(random: Random, counts: readonly number[]): number {
  assert(counts.length === GRADES, "EVALUATE_GRADES", `${counts.length}`);
  let x = random.next() * counts.reduce((sum, count) => sum + count, 0);
  let n = 0;
  while (n < GRADES - 1 && x >= counts[n]) x -= counts[n++];
  return n + 1;
}

/** The first five of a shuffle (Fisher and Yates). */
function choose(random: Random): number[] {
  const all = Array.from({ length: BANKS * BORROWERS }, (_, i) => i);
  for (let i = 0; i < CHOSEN; i++) {
    const j = i + Math.floor((all.length - i) * random.next());
    [all[i], all[j]] = [all[j], all[i]];
  }
  return all.slice(0, CHOSEN);
}
