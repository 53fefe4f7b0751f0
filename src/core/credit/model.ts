// SPDX-License-Identifier: Apache-2.0
/**
 * The loan game of the energy-blockchain paper (Li et al. 2018, IV): a bank names a penalty rate α, the
 * borrower answers with the amount that is best for it. This folder's pricing is the one place in the core
 * with floats; nothing of it is kept but what quote.ts makes whole.
 *
 * Only +, −, ·, / and √ lead to a rate or an amount: IEEE 754 fixes these, so that all engines come to the
 * same bits. The logarithm is in utilities alone, which are shown and compared, never recorded.
 *
 *   D = λ/η + 1 − λ       what the borrower expects to pay for a coin, in units of α
 *   G = γ/η + 1 − γ       what the bank expects to earn on a coin, in units of α
 *   k = (Q − θ)·p         the loan at which satisfaction would have no bottom; below 0 for an elastic need
 *   R(α) = λd/(αD) + k    the borrower's best amount, (8)
 */
import { LOAN_MONTHS_MAX } from "./bounds.ts";

/** Letters as in the paper; rates are fractions, not percent. */
export interface LoanModel {
  /** Chance that the borrower repays in time, as it sees it: above 0, at most 1. */
  lambda: number;
  /** Weight of satisfaction, coins. */
  d: number;
  /** Offset of satisfaction, kWh. */
  theta: number;
  /** Least energy that is needed, kWh: Q^min. */
  q: number;
  /** Price of energy, coins per kWh. */
  p: number;
  /** Length of the loan, months. */
  t: number;
  /** The bank's cost of a coin lent, per month. */
  c: number;
  /** Chance of a repayment in time as the bank's grade has it: above 0, at most 1. */
  gamma: number;
  /** Penalty as a multiple of the interest of the whole time: above 1. */
  eta: number;
}

/** What pricing computes with; rates are α. */
export interface LoanShape {
  /** D and G as above. */
  borrowerPays: number;
  bankEarns: number;
  k: number;
  /** α at which the bank gains nothing: γtc/G. */
  breakEven: number;
  /** α at which the borrower borrows nothing: λd/(D·|k|); Infinity for k ≥ 0. */
  chokeOff: number;
}

/** Whether all parameters are finite and in their ranges. */
export function isModel({ lambda, d, theta, q, p, t, c, gamma, eta }: LoanModel): boolean {
  const share = (x: number) => x > 0 && x <= 1;
  const positive = (x: number) => x > 0 && x < Infinity;
  return (
    share(lambda) &&
    share(gamma) &&
    [d, theta, p, c].every(positive) &&
    q >= 0 &&
    q < Infinity &&
    t > 0 &&
    t <= LOAN_MONTHS_MAX &&
    eta > 1 &&
    eta < Infinity
  );
}

/** `shadow` is μ: what a coin costs the bank beside c·t, because its coins are short. */
export function shapeOf(model: LoanModel, shadow = 0): LoanShape {
  const { lambda, d, theta, q, p, t, c, gamma, eta } = model;
  const borrowerPays = lambda / eta + 1 - lambda;
  const bankEarns = gamma / eta + 1 - gamma;
  const k = (q - theta) * p;
  return {
    borrowerPays,
    bankEarns,
    k,
    breakEven: (gamma * t * c + shadow) / bankEarns,
    chokeOff: k < 0 ? (lambda * d) / (borrowerPays * -k) : Infinity,
  };
}

/**
 * The borrower's best amount at α, coins: (8), and nothing where that is below 0. Who asks at many rates
 * gives the shape that it has.
 */
export function bestLoan(model: LoanModel, alpha: number, shape = shapeOf(model)): number {
  const { borrowerPays, k } = shape;
  return Math.max(0, (model.lambda * model.d) / (alpha * borrowerPays) + k);
}

/** Interest of a month, β = α/(ηt). */
export function interestOf({ eta, t }: LoanModel, alpha: number): number {
  return alpha / (eta * t);
}

/** The bank's expected gain from `loan` coins at α, coins: (3). */
export function bankUtility(
  model: LoanModel,
  alpha: number,
  loan: number,
  shape = shapeOf(model),
): number {
  return loan * (alpha * shape.bankEarns - model.gamma * model.t * model.c);
}

/** The borrower's expected utility of `loan` coins at α, coins: (2). NaN where (1) is not defined. */
export function borrowerUtility(model: LoanModel, alpha: number, loan: number): number {
  const { lambda, d, theta, q, p } = model;
  const { borrowerPays } = shapeOf(model);
  return lambda * d * Math.log(loan / p - q + theta) - alpha * borrowerPays * loan;
}

/** The same without a loan. NaN for Q ≥ θ: an inelastic need has no such utility. */
export function utilityWithoutLoan({ lambda, d, theta, q }: LoanModel): number {
  return theta > q ? lambda * d * Math.log(theta - q) : Number.NaN;
}
