// SPDX-License-Identifier: Apache-2.0
/**
 * Fig. 8: how many rounds of the talk between bank and borrowers (core/credit/ascent.ts) it takes until the
 * bank's best so far is within 1 % of where the talk ends. The paper does not say its step of α.
 */
import { nextRate, startAscent, takeAnswer } from "#core/credit/ascent";
import { bankUtility, bestLoan, shapeOf } from "#core/credit/model";
import { mean, quantile } from "../smartchain/stats.ts";
import type { Borrower } from "./draw.ts";
import { equilibriumLoan } from "./schemes.ts";

/** The step with which the rounds come out as the paper's; the others are beside it. */
export const STEPS = Object.freeze([0.1, 0.2, 0.5]);
export const FITTED_STEP = 0.2;
const WITHIN = 0.01;

export interface Convergence {
  step: number;
  banks: number;
  medianIterations: number;
  meanIterations: number;
  p5: number;
  p95: number;
  /** Percent of the equilibrium that is missing when all have ended, over all banks. */
  finalLossPercent: number;
}

/** A bank's talk: its best so far after each round. */
export interface Talk {
  totals: number[];
  /** Loan of the borrower `watched` after each round, at the best rate so far. */
  loans: number[];
  equilibrium: number;
}

/** Rounds go on until all borrowers are done; a borrower that is done keeps its best. */
export function talk(models: readonly Borrower[], step: number, watched = 0): Talk {
  const prices = models.map(equilibriumLoan);
  const equilibrium = prices.reduce(
    (sum, { alpha, loan }, i) => sum + bankUtility(models[i], alpha, loan),
    0,
  );
  const shapes = models.map((model) => shapeOf(model));
  const ascents = models.map(() => startAscent(step, Infinity));
  const totals: number[] = [];
  const loans: number[] = [];
  while (ascents.some(({ done }) => !done)) {
    let total = 0;
    ascents.forEach((ascent, i) => {
      if (!ascent.done) {
        const alpha = nextRate(ascent);
        const loan = bestLoan(models[i], alpha, shapes[i]);
        takeAnswer(ascent, loan, bankUtility(models[i], alpha, loan, shapes[i]));
      }
      total += Math.max(0, ascent.gain);
    });
    totals.push(total);
    loans.push(ascents[watched].gain > 0 ? ascents[watched].loan : 0);
  }
  return { totals, loans, equilibrium };
}

/** Of one talk of each bank, all with the same step. */
export function convergenceOf(talks: readonly Talk[], step: number): Convergence {
  let [reached, whole] = [0, 0];
  const rounds = talks.map(({ totals, equilibrium }) => {
    const end = totals[totals.length - 1];
    reached += end;
    whole += equilibrium;
    return 1 + totals.findIndex((total) => total >= (1 - WITHIN) * end);
  });
  return {
    step,
    banks: talks.length,
    medianIterations: quantile(rounds, 0.5),
    meanIterations: mean(rounds),
    p5: quantile(rounds, 0.05),
    p95: quantile(rounds, 0.95),
    finalLossPercent: 100 * (1 - reached / whole),
  };
}
