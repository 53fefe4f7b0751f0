// SPDX-License-Identifier: Apache-2.0
/** What a ledger says of credit, for people: the bank's screen, monitor topics and reports. */

import { CREDIT_RULE, gradeName, gradeOf } from "#core/credit/grade";
import { debtMicro, isLive, type LoanState, outstandingMicro } from "#core/credit/loan";
import { accountOf, type CreditEntry, hasCredit } from "#core/ledger/credit-state";
import type { LedgerState } from "#core/ledger/state";
import { LENDING_POLICIES } from "#core/records/bank";

export interface LoanFacts {
  node: string;
  name: string;
  state: LoanState;
  /** A1 … G5; null below a credit value of 0. */
  grade: string | null;
  points: number;
  onTime: number;
  late: number;
  unsecured: boolean;
  principalMicro: number;
  balanceMicro: number;
  heldMicro: number;
  spentMicro: number;
  debtMicro: number;
  chargePaidMicro: number;
  alphaPpm: number;
  betaPpm: number;
  months: number;
  version: number;
  validUntilMs: number;
  repayByMs: number;
  uncoveredWh: number;
}

export interface BankFacts {
  bank: string;
  policy: string;
  capitalMicro: number;
  reserveMicro: number;
  /** Principal of live loans, and all that is owed. */
  outstandingMicro: number;
  debtMicro: number;
  unsecuredMicro: number;
  interestMicro: number;
  penaltiesMicro: number;
  writtenOffMicro: number;
  distributedMicro: number;
}

export interface CreditFacts {
  banks: BankFacts[];
  /** The present or last loan of each borrower, by name. */
  loans: LoanFacts[];
  /** Coins in shared wallets that no RESERVE holds. */
  sharedMicro: number;
  loansLive: number;
  repaidOnTime: number;
  everLate: number;
  lateNow: string[];
  blacklisted: string[];
  /** Live loans and those that ended last, by grade. */
  byGrade: Record<string, number>;
}

/** A borrower's present loan or its last; undefined where it never had one. */
export function loanFacts(entry: Readonly<CreditEntry>, name: string): LoanFacts | undefined {
  const { node, onTime, late, points, line } = entry;
  if (!line) return undefined;
  const { loan, unsecured, heldMicro, uncoveredWh } = line;
  const number = gradeOf(accountOf(entry).record, CREDIT_RULE);
  const grade = number === undefined ? null : gradeName(number);
  const { principalMicro, balanceMicro, spentMicro, chargePaidMicro, alphaPpm, betaPpm } = loan;
  const { months, version, validUntilMs, repayByMs } = loan;
  return {
    ...{ node, name, state: loan.state, grade, points, onTime, late, unsecured, principalMicro },
    ...{ balanceMicro, heldMicro, spentMicro, debtMicro: debtMicro(loan), chargePaidMicro },
    ...{ alphaPpm, betaPpm, months, version, validUntilMs, repayByMs, uncoveredWh },
  };
}

/** Undefined where there is no bank. */
export function creditFacts(
  state: LedgerState,
  nameOf: (node: string) => string,
): CreditFacts | undefined {
  if (!hasCredit(state)) return undefined;
  const facts: CreditFacts = {
    ...{ banks: [], loans: [], sharedMicro: state.sharedMicro, loansLive: 0 },
    ...{ repaidOnTime: 0, everLate: 0, lateNow: [], blacklisted: [], byGrade: {} },
  };
  const owed = new Map<string, { debt: number; unsecured: number }>();
  for (const entry of state.credits.values()) {
    const { node, onTime, late, line } = entry;
    facts.repaidOnTime += onTime;
    facts.everLate += late;
    if (!line) continue;
    const { loan, unsecured } = line;
    const shown = loanFacts(entry, nameOf(node))!;
    const { name, grade, debtMicro: debt } = shown;
    const sums = owed.get(line.bank) ?? { debt: 0, unsecured: 0 };
    sums.debt += debt;
    if (unsecured && isLive(loan)) sums.unsecured += outstandingMicro(loan);
    owed.set(line.bank, sums);
    if (isLive(loan)) facts.loansLive++;
    if (loan.state === "LATE" || loan.state === "DEFAULT") facts.lateNow.push(name);
    if (loan.state === "BLACKLIST") facts.blacklisted.push(name);
    facts.byGrade[grade ?? "none"] = (facts.byGrade[grade ?? "none"] ?? 0) + 1;
    facts.loans.push(shown);
  }
  facts.loans.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of state.banks.values()) {
    const { bank, terms, version: _, wallet: __, ...book } = entry;
    const { debt, unsecured } = owed.get(bank) ?? { debt: 0, unsecured: 0 };
    const policy = LENDING_POLICIES[terms.policy];
    facts.banks.push({ bank, policy, ...book, debtMicro: debt, unsecuredMicro: unsecured });
  }
  return facts;
}
