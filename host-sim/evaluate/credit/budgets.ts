// SPDX-License-Identifier: Apache-2.0
/** Banks with few coins, as the paper's text has them (V-C): the shadow price, and what it costs them. */
import { priceUnderBudget } from "#core/credit/budget";
import { bankUtility } from "#core/credit/model";
import { mean } from "../smartchain/stats.ts";
import type { Borrower } from "./draw.ts";

const SHARES = Object.freeze([1, 0.75, 0.5, 0.25, 0.1]);

export interface BudgetRow {
  /** Coins of a bank, percent of what its borrowers would take. */
  coinsPercent: number;
  /** Mean of μ over the banks, coins a coin. */
  shadow: number;
  /** Benefit, percent of that with coins enough. */
  benefitPercent: number;
  /** Borrowers with a loan, of a bank's twenty. */
  borrowers: number;
}

export function budgetTable(banks: readonly (readonly Borrower[])[]): BudgetRow[] {
  const free = banks.map((models) => under(models, Number.MAX_VALUE));
  return SHARES.map((share) => {
    const found = banks.map((models, i) => under(models, share * free[i].total));
    const sum = (all: typeof found) => all.reduce((total, { gain }) => total + gain, 0);
    return {
      coinsPercent: 100 * share,
      shadow: mean(found.map(({ shadow }) => shadow)),
      benefitPercent: (100 * sum(found)) / sum(free),
      borrowers: mean(found.map(({ lent }) => lent)),
    };
  });
}

function under(models: readonly Borrower[], budget: number) {
  const { shadow, prices, total } = priceUnderBudget(
    models.map((model) => ({ model })),
    budget,
  );
  let [gain, lent] = [0, 0];
  prices.forEach((price, i) => {
    if (!price.ok) return;
    gain += bankUtility(models[i], price.alpha, price.loan);
    lent++;
  });
  return { shadow, total, gain, lent };
}
