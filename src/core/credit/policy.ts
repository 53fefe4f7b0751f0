// SPDX-License-Identifier: Apache-2.0
/**
 * Whom a bank lends to, and how much at most.
 * `paper`: the three conditions of the paper (III-1): some wealth, a regular income, no negative credit
 * value. A node that has never sold energy has no income and gets no loan.
 * `meter-backed`: who fails the first two gets a starter line: capped, graded by a prior as long as there
 * is no loan to judge by, and listed as unsecured. A certified meter and its need are all that backs it.
 */
import { type Refusal, refuse } from "../errors/codes.ts";
import { barredFrom, type CreditAccount } from "./account.ts";
import { LOAN_MICRO_MAX } from "./bounds.ts";
import { type CreditRule, gradeOf } from "./grade.ts";

export interface LendingPolicy {
  name: "paper" | "meter-backed";
  /** Most that a borrower with wealth and income gets, µc. */
  loanMaxMicro: number;
  /** Income is regular where the node sold in at least so many of the days that are looked at. */
  incomeDaysMin: number;
  /** Most without wealth or income, µc; only under `meter-backed`. */
  starterMicro: number;
  /** Grade for a borrower that never had a loan; only under `meter-backed`. */
  starterGrade: number;
}

/**
 * Five coins are two weeks of a home's energy. C2 is the mean grade of the paper's borrowers (γ = 0.69).
 */
export const METER_BACKED: Readonly<LendingPolicy> = Object.freeze({
  name: "meter-backed",
  loanMaxMicro: 100_000_000,
  incomeDaysMin: 3,
  starterMicro: 5_000_000,
  starterGrade: 12,
});

/** The same bank by the paper alone. */
export const PAPER: Readonly<LendingPolicy> = Object.freeze({ ...METER_BACKED, name: "paper" });

/** What the ledger says about an applicant. */
export interface Standing {
  /** Coins of its account, free and locked, µc. */
  wealthMicro: number;
  /** Days with a sale, of the last seven. */
  incomeDays: number;
}

export interface Admission {
  ok: true;
  /** By which it is priced, 1 … 35. */
  grade: number;
  loanMaxMicro: number;
  /** True for a starter line. */
  unsecured: boolean;
}

/** Whether the bank considers a loan, or the first condition that fails. */
export function admit(
  account: CreditAccount,
  { wealthMicro, incomeDays }: Standing,
  policy: LendingPolicy,
  rule: CreditRule,
): Admission | Refusal {
  const barred = barredFrom(account);
  if (barred) return barred;
  const grade = gradeOf(account.record, rule);
  if (grade === undefined) return refuse("CREDIT_NEGATIVE");
  const loanMaxMicro = Math.min(policy.loanMaxMicro, LOAN_MICRO_MAX);
  const income = incomeDays >= policy.incomeDaysMin;
  if (wealthMicro > 0 && income) return { ok: true, grade, loanMaxMicro, unsecured: false };
  if (policy.name === "paper")
    return wealthMicro > 0
      ? refuse("CREDIT_NO_INCOME", `${incomeDays} of ${policy.incomeDaysMin} days`)
      : refuse("CREDIT_NO_WEALTH");
  const { onTime, late } = account.record;
  return {
    ok: true,
    grade: onTime + late === 0 ? policy.starterGrade : grade,
    loanMaxMicro: Math.min(policy.starterMicro, loanMaxMicro),
    unsecured: true,
  };
}
