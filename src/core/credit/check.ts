// SPDX-License-Identifier: Apache-2.0
/** The invariants of credit (ledger 5) as checks of a state: for tests, simulations and live audits. */
import { type BankBook, barredFrom, type CreditAccount } from "./account.ts";
import { repaymentChance } from "./grade.ts";
import { chargeMicro, debtMicro, isLive, type Loan, outstandingMicro } from "./loan.ts";

/** I24 and I27 of one loan: what is wrong, each with its number; empty is right. */
export function loanFaults(loan: Loan): string[] {
  const { state, balanceMicro, amountMicro, spentMicro, principalMicro } = loan;
  const numbers = Object.values(loan).filter((value) => typeof value === "number");
  if (!numbers.every((value) => Number.isSafeInteger(value) && value >= 0))
    return ["I2: not a count"];
  const faults: string[] = [];
  if (balanceMicro > amountMicro) faults.push(`I24: balance ${balanceMicro} of ${amountMicro} µc`);
  if (spentMicro + balanceMicro > amountMicro) faults.push(`I24: ${spentMicro} µc were paid`);
  if (loan.swept && balanceMicro > 0) faults.push("I24: a token that is over has coins");
  if (outstandingMicro(loan) < 0) faults.push("I27: more than the principal came back");
  const due = principalMicro + chargeMicro(loan);
  const back = loan.principalPaidMicro + loan.chargePaidMicro;
  // Interest that was paid before the loan became late counts as penalty; it is never more.
  if (loan.chargePaidMicro > chargeMicro(loan)) faults.push("I27: more than the charge came back");
  if (back > due) faults.push(`I27: ${back} µc came back of ${due}`);
  if (isLive(loan) !== debtMicro(loan) > 0) faults.push(`I27: ${state} owes ${debtMicro(loan)} µc`);
  if (!isLive(loan) && state !== "BLACKLIST" && back !== due) faults.push("I27: not repaid");
  return faults;
}

/** I28 and I29 of an account, and its loan's. */
export function accountFaults(account: CreditAccount): string[] {
  const { record, loan, blacklisted } = account;
  const { over, under } = repaymentChance(record);
  const faults = loan ? loanFaults(loan) : [];
  if (!(over > 0 && over < under)) faults.push(`I28: λ ${over}/${under}`);
  if (blacklisted !== (loan?.state === "BLACKLIST")) faults.push("I29: blacklist");
  if ((blacklisted || record.points < 0) && !barredFrom(account)) faults.push("I29: not barred");
  return faults;
}

/** I3 of a bank, with the loans of all its borrowers. */
export function bookFaults(book: BankBook, loans: readonly Loan[]): string[] {
  const { capitalMicro, reserveMicro, interestMicro, penaltiesMicro, writtenOffMicro } = book;
  const faults: string[] = [];
  if (Object.values(book).some((value) => !Number.isSafeInteger(value) || value < 0))
    faults.push("I2: a sum of the bank is no count");
  const owed = loans.filter(isLive).reduce((sum, loan) => sum + outstandingMicro(loan), 0);
  if (owed !== book.outstandingMicro) faults.push(`I3: ${book.outstandingMicro} µc out, ${owed}`);
  if (reserveMicro + owed !== capitalMicro + interestMicro + penaltiesMicro - writtenOffMicro)
    faults.push(`I3: ${JSON.stringify(book)}`);
  return faults;
}
