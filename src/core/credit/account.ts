// SPDX-License-Identifier: Apache-2.0
/**
 * A borrower's account at its bank, and the bank's book: what each step of a loan does to the record of
 * repayment (paper III-3) and to the bank's capital. Pure: nothing is kept here, the ledger does.
 */
import { type Refusal, refuse } from "../errors/codes.ts";
import { afterLate, afterOnTime, type CreditRecord, type CreditRule, newRecord } from "./grade.ts";
import {
  isLive,
  issueLoan,
  type Loan,
  type LoanTimes,
  outstandingMicro,
  type Stepped,
} from "./loan.ts";
import type { LoanTerms } from "./quote.ts";

export interface CreditAccount {
  readonly record: CreditRecord;
  /** The loan that is live, or the last one that ended; null before the first. */
  readonly loan: Loan | null;
  readonly blacklisted: boolean;
}

export function newAccount(): CreditAccount {
  return { record: newRecord(), loan: null, blacklisted: false };
}

/** A bank's sums, µc. I3: reserve + outstanding = capital + interest + penalties − written off. */
export interface BankBook {
  readonly capitalMicro: number;
  readonly reserveMicro: number;
  /** Principal of live loans that is not back yet. */
  readonly outstandingMicro: number;
  readonly interestMicro: number;
  readonly penaltiesMicro: number;
  readonly writtenOffMicro: number;
}

export function openBook(capitalMicro: number): BankBook {
  return {
    ...{ capitalMicro, reserveMicro: capitalMicro, outstandingMicro: 0 },
    ...{ interestMicro: 0, penaltiesMicro: 0, writtenOffMicro: 0 },
  };
}

/** Who may have a loan at all (I23, I29), whatever the bank's policy. */
export function barredFrom({ record, loan, blacklisted }: CreditAccount): Refusal | undefined {
  if (blacklisted) return refuse("CREDIT_BLACKLISTED");
  if (record.points < 0) return refuse("CREDIT_NEGATIVE", `${record.points} points`);
  if (loan && isLive(loan)) return refuse("LOAN_LIVE", loan.state);
  return undefined;
}

/** Issues a loan out of the bank's reserve. */
export function borrow(
  account: CreditAccount,
  book: BankBook,
  terms: LoanTerms,
  atMs: number,
  times: LoanTimes,
): Stepped | Refusal {
  const barred = barredFrom(account);
  if (barred) return barred;
  if (terms.principalMicro > book.reserveMicro)
    return refuse("LOAN_BUDGET", `${terms.principalMicro} of ${book.reserveMicro} µc`);
  return issueLoan(terms, atMs, times);
}

/** The account after a step of its loan: f and the credit value change once, when a loan becomes late. */
export function accountAfter(
  account: CreditAccount,
  { loan }: Stepped,
  rule: CreditRule,
): CreditAccount {
  const { record, loan: before, blacklisted } = account;
  // A step never goes back to ACTIVE: that is a new loan.
  const started = loan.state === "ACTIVE" || before === null ? "ACTIVE" : before.state;
  let next = record;
  if (started === "ACTIVE" && loan.state === "REPAID") next = afterOnTime(record);
  if (started === "ACTIVE" && wasLate(loan)) next = afterLate(record, loan.principalMicro, rule);
  return { record: next, loan, blacklisted: blacklisted || loan.state === "BLACKLIST" };
}

/** The book after a step of a loan; `before` is undefined for its issue. */
export function bookAfter(
  book: BankBook,
  before: Loan | undefined,
  { loan, moves }: Stepped,
): BankBook {
  let { reserveMicro, interestMicro, penaltiesMicro, writtenOffMicro } = book;
  for (const { from, to, amountMicro } of moves) {
    if (from === "reserve") reserveMicro -= amountMicro;
    if (to === "reserve") reserveMicro += amountMicro;
  }
  const charge = loan.chargePaidMicro - (before?.chargePaidMicro ?? 0);
  if (wasLate(loan)) penaltiesMicro += charge;
  else interestMicro += charge;
  const givenUp = loan.state === "BLACKLIST" && before?.state !== "BLACKLIST";
  const lost = givenUp ? outstandingMicro(loan) : 0;
  writtenOffMicro += lost;
  const change = outstandingMicro(loan) - (before ? outstandingMicro(before) : 0) - lost;
  return {
    ...book,
    ...{ reserveMicro, interestMicro, penaltiesMicro, writtenOffMicro },
    outstandingMicro: book.outstandingMicro + change,
  };
}

function wasLate({ state }: Loan): boolean {
  return state !== "ACTIVE" && state !== "REPAID";
}
