// SPDX-License-Identifier: Apache-2.0
/** Fig. 9: what the grade does to the bank, and the chance of repayment to the borrower. */
import { GRADES, gradeName } from "#core/credit/grade";
import {
  bankUtility,
  borrowerUtility,
  type LoanModel,
  utilityWithoutLoan,
} from "#core/credit/model";
import { BORROWERS, type Borrower } from "./draw.ts";
import { equilibriumLoan } from "./schemes.ts";

/** All borrowers of one grade. */
export interface GammaPoint {
  grade: string;
  gamma: number;
  /** Mean benefit of a bank of twenty, coins. */
  bank: number;
  /** Mean over those with a loan. */
  alpha: number;
  loans: number;
}

/** All borrowers with one λ. */
export interface LambdaPoint {
  lambda: number;
  /** Mean utility of a borrower, coins. */
  borrower: number;
  loan: number;
}

const LAMBDAS = Object.freeze(Array.from({ length: 20 }, (_, i) => (i + 1) / 20));

/** By rising γ. */
export function overGamma(borrowers: readonly Borrower[]): GammaPoint[] {
  return Array.from({ length: GRADES }, (_, i) => {
    const grade = GRADES - i;
    const gamma = 1 - (grade - 1) / GRADES;
    let [gain, alphas, loans] = [0, 0, 0];
    for (const borrower of borrowers) {
      const model: LoanModel = { ...borrower, gamma };
      const { alpha, loan } = equilibriumLoan(model);
      gain += bankUtility(model, alpha, loan);
      alphas += alpha;
      if (loan > 0) loans++;
    }
    const bank = (gain / borrowers.length) * BORROWERS;
    return { grade: gradeName(grade), gamma, bank, alpha: alphas / loans, loans };
  });
}

export function overLambda(borrowers: readonly Borrower[]): LambdaPoint[] {
  return LAMBDAS.map((lambda) => {
    let [utility, coins] = [0, 0];
    for (const borrower of borrowers) {
      const model: LoanModel = { ...borrower, lambda };
      const { alpha, loan } = equilibriumLoan(model);
      utility += loan > 0 ? borrowerUtility(model, alpha, loan) : utilityWithoutLoan(model);
      coins += loan;
    }
    return { lambda, borrower: utility / borrowers.length, loan: coins / borrowers.length };
  });
}
