// SPDX-License-Identifier: Apache-2.0
/**
 * A bank with few coins: one shadow price μ ≥ 0 for all its borrowers. Each is priced as if a coin cost the
 * bank μ more; what they take falls in μ, so that bisection finds the least μ at which it fits.
 *
 * Where a limit holds (α_max, or k ≥ 0) a loan does not shrink with μ but falls away at once. The bank then
 * keeps coins that were not enough for that loan.
 */
import { assert } from "../errors/assert.ts";
import type { Refusal } from "../errors/codes.ts";
import { BORROWERS_MAX } from "./bounds.ts";
import { isModel, type LoanModel, shapeOf } from "./model.ts";
import { type LoanPrice, type PriceLimits, priceLoan } from "./price.ts";

/** Halvings: beyond 53 of them the two ends differ by rounding alone, unless μ is far below its start. */
const HALVINGS = 100;

export interface BudgetPrices {
  shadow: number;
  /** In the order of the borrowers; LOAN_NO_MARGIN or LOAN_RATE_CAP also for those that μ shuts out. */
  prices: (LoanPrice | Refusal)[];
  /** Sum of the loans, coins; at most the budget. */
  total: number;
}

/** A borrower and what limits its loan. */
export interface Applicant {
  model: LoanModel;
  limits?: PriceLimits;
}

/** Prices all of them within `budget` coins (≥ 0). Limits' own `shadow` is not used. */
export function priceUnderBudget(applicants: readonly Applicant[], budget: number): BudgetPrices {
  assert(applicants.length <= BORROWERS_MAX, "CREDIT_BORROWERS", `${applicants.length}`);
  assert(budget >= 0, "CREDIT_BUDGET", `${budget}`);
  const free = pricesAt(applicants, 0);
  if (free.total <= budget) return free;
  // From here on nobody borrows: break-even is at the choke-off or at the highest rate.
  let high = 0;
  for (const { model, limits = {} } of applicants) {
    if (!isModel(model)) continue;
    const { breakEven, chokeOff, bankEarns } = shapeOf(model);
    const end = Math.min(chokeOff, limits.alphaMax ?? Infinity);
    if (end < Infinity) high = Math.max(high, (end - breakEven) * bankEarns);
  }
  // Rounding may leave one of them a last bit below its break-even.
  high *= 1 + 1e-9;
  let low = 0;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) break;
    if (pricesAt(applicants, middle).total <= budget) high = middle;
    else low = middle;
  }
  const fitting = pricesAt(applicants, high);
  assert(fitting.total <= budget, "CREDIT_BUDGET_OVER", `${fitting.total} of ${budget}`);
  return fitting;
}

function pricesAt(applicants: readonly Applicant[], shadow: number): BudgetPrices {
  const prices = applicants.map(({ model, limits }) => priceLoan(model, { ...limits, shadow }));
  const total = prices.reduce((sum, price) => sum + (price.ok ? price.loan : 0), 0);
  return { shadow, prices, total };
}
