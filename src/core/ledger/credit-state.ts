// SPDX-License-Identifier: Apache-2.0
/**
 * What the ledger holds of credit: banks with their books, and borrowers with their loan. There is none of it
 * where no bank was opened. The ledger's clock is the end of the last slot that was closed: loans know no
 * other, so that every gateway sees the same one late.
 */
import type { BankBook, CreditAccount } from "../credit/account.ts";
import type { Loan } from "../credit/loan.ts";
import type { BankTerms } from "../records/bank.ts";
import type { LedgerState } from "./state.ts";

/** A bank: its operator's offer, and its sums. Ids and addresses are hex. */
export interface BankEntry extends BankBook {
  readonly bank: string;
  /** Address of its reserve. */
  readonly wallet: string;
  /** Of the offer. */
  version: number;
  terms: Readonly<BankTerms>;
  /** Profit that went back to members, µc. */
  distributedMicro: number;
}

/** The present loan of a borrower, or its last. */
export interface CreditLine {
  /** Whose coins they are. */
  readonly bank: string;
  /** The bank that was asked, and that speaks with the borrower: a neighbour may lend through it. */
  readonly home: string;
  /** Id of the request that it was granted for. */
  readonly token: string;
  /** Address of the shared wallet. */
  readonly wallet: string;
  /** Granted on certified meter and need alone. */
  readonly unsecured: boolean;
  /** Energy of the need that the loan does not pay, Wh: it comes from the grid. */
  readonly uncoveredWh: number;
  /** Coins of the shared wallet that RESERVEs hold, µc; part of the loan's balance. */
  readonly heldMicro: number;
  readonly loan: Loan;
}

/** What the ledger knows of a member for credit; entered with its first reading, trade or loan. */
export interface CreditEntry {
  readonly node: string;
  /** s, f and credit value. */
  onTime: number;
  late: number;
  points: number;
  /** Time and import register of its first reading since there is a bank; −1 before it. */
  firstMs: number;
  firstImportMwh: bigint;
  /** What it bought from neighbours, and paid. */
  boughtWh: number;
  paidMicro: number;
  /** The latest days with a sale (days since 1970), at most seven. */
  soldDays: readonly number[];
  /** What it traded since profit was shared out, Wh. */
  periodWh: number;
  line: CreditLine | undefined;
}

/** Whether there is a bank: without one nothing of this is kept. */
export function hasCredit(state: LedgerState): boolean {
  return state.banks.size > 0;
}

/** The ledger's clock: the end of the last closed slot. */
export function ledgerMs(state: LedgerState, slotStartMs: (slot: number) => number): number {
  return slotStartMs(state.closedSlot + 1);
}

export function firstCredit(node: string): CreditEntry {
  return {
    node,
    onTime: 0,
    late: 0,
    points: 0,
    firstMs: -1,
    firstImportMwh: 0n,
    boughtWh: 0,
    paidMicro: 0,
    soldDays: [],
    periodWh: 0,
    line: undefined,
  };
}

/** A member's entry, to change. */
export function creditOf(state: LedgerState, node: string): CreditEntry {
  const known = state.credits.get(node);
  if (known) return known;
  const entry = firstCredit(node);
  state.credits.set(node, entry);
  return entry;
}

/** A member's entry, to look at. */
export function creditSeen(state: LedgerState, node: string): Readonly<CreditEntry> {
  return state.credits.peek(node) ?? firstCredit(node);
}

/** As src/core/credit has it. */
export function accountOf({ onTime, late, points, line }: Readonly<CreditEntry>): CreditAccount {
  const loan = line?.loan ?? null;
  return { record: { onTime, late, points }, loan, blacklisted: loan?.state === "BLACKLIST" };
}

/** Coins that lie in a shared wallet and in no lock, µc. */
export function sharedFree(entry: Readonly<CreditEntry> | undefined): number {
  return entry?.line ? entry.line.loan.balanceMicro - entry.line.heldMicro : 0;
}

/** The borrower's line where `wallet` is its shared wallet, of a loan that goes on or has ended. */
export function lineAt(
  state: LedgerState,
  node: string,
  wallet: string,
): Readonly<CreditLine> | undefined {
  const line = state.credits.peek(node)?.line;
  return line?.wallet === wallet ? line : undefined;
}

/** Whose shared wallet this is; undefined: nobody's, as far as there are loans. */
export function borrowerAt(state: LedgerState, wallet: string): string | undefined {
  for (const [node, { line }] of state.credits.entries()) if (line?.wallet === wallet) return node;
  return undefined;
}

/** Whether coins of this lock count as held in the borrower's shared wallet still. */
export function holdsFrom(state: LedgerState, lock: { node: string; wallet: string }): boolean {
  const line = lineAt(state, lock.node, lock.wallet);
  return line !== undefined && !line.loan.swept;
}
