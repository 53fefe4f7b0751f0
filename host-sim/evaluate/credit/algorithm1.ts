// SPDX-License-Identifier: Apache-2.0
/**
 * The paper's Algorithm 1 as it is printed, and with one repair after another: what its errors do. Only for
 * this evaluation; what Wattle uses is core/credit/ascent.ts.
 *
 * As printed: α starts at 0; the optimum is recorded where u ≤ u*, and the loop ends where u ≤ u*. The inner
 * loop over borrowers leaves i behind; here each borrower has a loop of its own, as (13) has an α for each.
 */
import { nextRate, startAscent, takeAnswer } from "#core/credit/ascent";
import { bankUtility, bestLoan, shapeOf } from "#core/credit/model";
import type { Borrower } from "./draw.ts";
import { equilibriumLoan } from "./schemes.ts";

const STEP = 0.01;
/** α_max of the loop, which the paper does not give: above all α* of the protocol. */
const ALPHA_MAX = 15;

export interface Variant {
  what: string;
  borrowers: number;
  /** With a loan above 0 and below ∞ in the end. */
  loans: number;
  /** The bank's gain over all, percent of the equilibrium's; undefined where it is not a number. */
  percent: number | undefined;
  iterations: number;
}

interface Found {
  alpha: number;
  loan: number;
  gain: number;
  iterations: number;
}

/** The printed loop. `record` is the first test, `first` the index of the first α. */
function printed(
  model: Borrower,
  first: number,
  record: (u: number, best: number) => boolean,
): Found {
  const { k, borrowerPays, bankEarns } = shapeOf(model);
  const found: Found = { alpha: 0, loan: 0, gain: 0, iterations: 0 };
  for (let i = first; i * STEP <= ALPHA_MAX; i++) {
    const alpha = i * STEP;
    found.iterations++;
    if (k > 0) break;
    const loan = (model.lambda * model.d) / (borrowerPays * alpha) + k;
    // ∞ · (0 − γtc): the limit is −∞.
    const gain = loan * (alpha * bankEarns - model.gamma * model.t * model.c);
    const stop = () => gain <= found.gain;
    if (record(gain, found.gain)) Object.assign(found, { alpha, loan, gain });
    if (stop()) break;
  }
  return found;
}

function corrected(model: Borrower): Found {
  const ascent = startAscent(STEP, ALPHA_MAX);
  while (!ascent.done) {
    const loan = bestLoan(model, nextRate(ascent));
    takeAnswer(ascent, loan, bankUtility(model, nextRate(ascent), loan));
  }
  const { alpha, loan, gain, rounds: iterations } = ascent;
  return gain > 0 ? { alpha, loan, gain, iterations } : { alpha: 0, loan: 0, gain: 0, iterations };
}

function variant(what: string, all: readonly Found[], equilibrium: number): Variant {
  const gain = all.reduce((sum, found) => sum + found.gain, 0);
  return {
    what,
    borrowers: all.length,
    loans: all.filter(({ loan }) => loan > 0 && loan < Infinity).length,
    percent: Number.isFinite(gain) ? (100 * gain) / equilibrium : undefined,
    iterations: all.reduce((sum, { iterations }) => sum + iterations, 0) / all.length,
  };
}

export function algorithmOne(models: readonly Borrower[]): Variant[] {
  const equilibrium = models.reduce((sum, model) => {
    const { alpha, loan } = equilibriumLoan(model);
    return sum + bankUtility(model, alpha, loan);
  }, 0);
  const loop = (first: number, record: (u: number, best: number) => boolean) =>
    models.map((model) => printed(model, first, record));
  return [
    variant(
      "as printed",
      loop(0, (u, best) => u <= best),
      equilibrium,
    ),
    variant(
      "record where u > u*",
      loop(0, (u, best) => u > best),
      equilibrium,
    ),
    variant(
      "and α from Δ on",
      loop(1, (u, best) => u > best),
      equilibrium,
    ),
    variant("corrected (core/credit/ascent.ts)", models.map(corrected), equilibrium),
  ];
}

/** The gain with one α for a whole bank, the best of a grid: percent of the equilibrium's. */
export function commonRatePercent(banks: readonly (readonly Borrower[])[]): number {
  let [common, separate] = [0, 0];
  for (const models of banks) {
    let best = 0;
    for (let alpha = 0.02; alpha <= ALPHA_MAX; alpha += 0.02) {
      let total = 0;
      // Who would bring a loss at this rate gets no loan.
      for (const model of models)
        total += Math.max(0, bankUtility(model, alpha, bestLoan(model, alpha)));
      if (total > best) best = total;
    }
    common += best;
    for (const model of models) {
      const { alpha, loan } = equilibriumLoan(model);
      separate += bankUtility(model, alpha, loan);
    }
  }
  return (100 * common) / separate;
}
