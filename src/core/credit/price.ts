// SPDX-License-Identifier: Apache-2.0
/**
 * The bank's best penalty rate in closed form, with all its clamps. For k < 0 the bank's gain is concave in
 * α between break-even α_be and choke-off α₀, and best at their geometric mean:
 *
 *   α = √(α_be·α₀),  β = α / (ηt),  R = −k·(√(α₀/α_be) − 1)
 *
 * Being concave, it is best at the nearest allowed rate where that one is not; so clamping is exact. There
 * is a loan if and only if α_be < α₀. The printed (13) lacks this and gives the bank a gain from a loan
 * below 0; docs/credit.md has this and the other errata.
 */

import { type Refusal, refuse } from "../errors/codes.ts";
import { bankUtility, bestLoan, interestOf, isModel, type LoanModel, shapeOf } from "./model.ts";

export interface PriceLimits {
  /** Highest penalty rate; Infinity for none. */
  alphaMax?: number;
  /** Most coins in this loan; Infinity for none. */
  loanMax?: number;
  /**
   * What to do where the need is not elastic (Q ≥ θ, k ≥ 0): the bank's gain then rises with α without end.
   * `refuse` by default; `quote` takes the highest rate.
   */
  inelastic?: "refuse" | "quote";
  /** Shadow price μ ≥ 0 of the bank's coins (budget.ts). */
  shadow?: number;
}

/** A loan at the equilibrium, in floats. */
export interface LoanPrice {
  ok: true;
  /** Penalty rate, of the loan. */
  alpha: number;
  /** Interest, of the loan and per month. */
  beta: number;
  /** Coins, above 0. */
  loan: number;
}

/**
 * Prices one loan.
 * @returns or refuses with LOAN_TERMS, LOAN_INELASTIC, LOAN_NO_MARGIN, LOAN_RATE_CAP, LOAN_UNBOUNDED
 */
export function priceLoan(model: LoanModel, limits: PriceLimits = {}): LoanPrice | Refusal {
  const { alphaMax = Infinity, loanMax = Infinity, inelastic = "refuse", shadow = 0 } = limits;
  if (!isModel(model))
    return refuse("LOAN_TERMS", `λ ${model.lambda}, γ ${model.gamma}, d ${model.d}, t ${model.t}`);
  if (!(alphaMax > 0 && loanMax > 0 && shadow >= 0 && shadow < Infinity))
    return refuse("LOAN_TERMS", `limits ${alphaMax}, ${loanMax}, ${shadow}`);
  const { borrowerPays, k, breakEven, chokeOff } = shapeOf(model, shadow);
  if (k >= 0 && (inelastic === "refuse" || loanMax <= k))
    return refuse("LOAN_INELASTIC", `Q ${model.q} kWh, θ ${model.theta} kWh`);
  if (breakEven >= chokeOff)
    return refuse("LOAN_NO_MARGIN", `break-even ${breakEven}, choke-off ${chokeOff}`);
  let alpha = alphaMax;
  if (k < 0) {
    const best = Math.sqrt(breakEven * chokeOff);
    // At this rate the borrower wants just the most that it may have; 0 without such a limit.
    const filled = (model.lambda * model.d) / (borrowerPays * (loanMax - k));
    alpha = Math.min(Math.max(best, filled), alphaMax);
  }
  if (alpha === Infinity) return refuse("LOAN_UNBOUNDED");
  if (alpha <= breakEven)
    return refuse(alphaMax <= alpha ? "LOAN_RATE_CAP" : "LOAN_NO_MARGIN", `${alpha}, ${breakEven}`);
  const loan = Math.min(loanMax, bestLoan(model, alpha));
  // Where break-even and choke-off differ by last bits alone, rounding may leave one side without a gain.
  if (!(loan > 0 && alpha < chokeOff && bankUtility(model, alpha, loan) > 0))
    return refuse("LOAN_NO_MARGIN", `break-even ${breakEven}, choke-off ${chokeOff}`);
  return { ok: true, alpha, beta: interestOf(model, alpha), loan };
}
