// SPDX-License-Identifier: Apache-2.0
/**
 * I3, I23, I24 and I29 once more: books of banks, loans and shared wallets kept from the effects of blocks
 * alone, beside those of the ledger.
 */
import { creditFaults } from "#core/ledger/credit-loans";
import type { LedgerState } from "#core/ledger/state";
import { type Effect, EffectKind } from "#core/records/block";
import { hex } from "./check-dag.ts";
import { must } from "./violation.ts";

interface BankBooks {
  capital: number;
  reserve: number;
  lent: number;
  repaid: number;
  shared: number;
}

interface LoanBooks {
  node: string;
  bank: string;
  lent: number;
  repaid: number;
  writtenOff: number;
}

export class CreditCheck {
  /** Loans that were granted, repayments, and those that were late or given up. */
  readonly counts = { loans: 0, repaid: 0, late: 0, "written off": 0 };
  private readonly banks = new Map<string, BankBooks>();
  private readonly loans = new Map<string, LoanBooks>();
  /** Coins in shared wallets and in no lock, by address. */
  private readonly wallets = new Map<string, number>();
  /** The last loan of each borrower. */
  private readonly latest = new Map<string, string>();

  /** In all shared wallets together. */
  get sharedMicro(): number {
    let sum = 0;
    for (const micro of this.wallets.values()) sum += micro;
    return sum;
  }

  shared(wallet: string): boolean {
    return this.wallets.has(wallet);
  }

  /** Coins of a shared wallet go into a lock, or come back. */
  move(wallet: string, micro: number): void {
    const now = (this.wallets.get(wallet) ?? 0) + micro;
    this.wallets.set(wallet, now);
    must(now >= 0, "I24", () => `${now} µc in ${wallet}`);
  }

  /** An effect on a bank; what it changes on a member's account. */
  effect(
    { kind, from, to, micro, reserve }: Effect,
    state: LedgerState,
    add: (wallet: string, micro: number) => void,
  ): void {
    const [source, target] = [from ? hex(from) : "", to ? hex(to) : ""];
    if (kind === EffectKind.capital)
      this.banks.set(target, { capital: micro, reserve: micro, lent: 0, repaid: 0, shared: 0 });
    else if (kind === EffectKind.lend) {
      this.lend(hex(reserve!), source, micro, state);
      this.pay(source, -micro).lent += micro;
      this.move(target, micro);
    } else if (kind === EffectKind.topUp) {
      add(source, -micro);
      this.move(target, micro);
    } else if (kind === EffectKind.repay) {
      if (this.shared(source)) this.move(source, -micro);
      else add(source, -micro);
      this.pay(target, micro).repaid += micro;
      this.counts.repaid++;
      const loan = this.loans.get(hex(reserve!));
      must(loan && loan.bank === target, "I27", () => `${target} is paid for nothing`);
      loan.repaid += micro;
    } else if (kind === EffectKind.refund) {
      this.move(source, -micro);
      add(target, micro);
    } else if (kind === EffectKind.share) {
      this.pay(source, -micro).shared += micro;
      add(target, micro);
    } else if (kind === EffectKind.late) this.counts.late++;
    else if (kind === EffectKind.writeOff) {
      this.counts["written off"]++;
      const loan = this.loans.get(hex(reserve!));
      must(loan && loan.writtenOff === 0, "I3", () => "a loan is given up that is none");
      loan.writtenOff = micro;
      must(micro === outstanding(loan), "I3", () => `${micro} µc given up, ${outstanding(loan)}`);
    }
  }

  private pay(bank: string, micro: number): BankBooks {
    const books = this.banks.get(bank);
    must(books, "I3", () => `${bank} is no bank`);
    books.reserve += micro;
    must(books.reserve >= 0, "I2", () => `a reserve of ${books.reserve} µc`);
    return books;
  }

  /** I23, I29: at most one loan of a borrower goes on, and who was given up gets none. */
  private lend(token: string, bank: string, micro: number, state: LedgerState): void {
    const known = this.loans.get(token);
    if (known) {
      known.lent += micro;
      return;
    }
    this.counts.loans++;
    let node = "";
    for (const [id, { line }] of state.credits) if (line?.token === token) node = id;
    this.loans.set(token, { node, bank, lent: micro, repaid: 0, writtenOff: 0 });
    if (node === "") return; // it was over again within a block
    const before = this.loans.get(this.latest.get(node) ?? "");
    this.latest.set(node, token);
    if (!before) return;
    must(before.writtenOff === 0, "I29", () => `${node} was given up`);
    must(outstanding(before) === 0, "I23", () => `${node} has a loan that goes on`);
  }

  look(state: LedgerState): void {
    if (state.banks.size === 0) return must(this.banks.size === 0, "I3", () => "no banks");
    const [fault] = creditFaults(state);
    must(fault === undefined, fault?.split(":")[0] ?? "I3", () => fault);
    const out = new Map<string, { out: number; charges: number; given: number }>();
    for (const loan of this.loans.values()) {
      const sum = out.get(loan.bank) ?? { out: 0, charges: 0, given: 0 };
      if (loan.writtenOff === 0) sum.out += outstanding(loan);
      sum.charges += Math.max(0, loan.repaid - loan.lent);
      sum.given += loan.writtenOff;
      out.set(loan.bank, sum);
    }
    for (const bank of state.banks.values()) {
      const books = this.banks.get(bank.wallet);
      const sums = out.get(bank.wallet) ?? { out: 0, charges: 0, given: 0 };
      const { capitalMicro, reserveMicro, outstandingMicro, writtenOffMicro } = bank;
      const charges = bank.interestMicro + bank.penaltiesMicro;
      const ledger = [capitalMicro, reserveMicro, outstandingMicro, charges, writtenOffMicro];
      const own = [books?.capital, books?.reserve, sums.out, sums.charges, sums.given];
      must(ledger.join() === own.join(), "I3", () => `${bank.bank}: ${ledger}, not ${own}`);
    }
    for (const { node, line } of state.credits.values()) {
      if (!line) continue;
      const free = line.loan.swept ? 0 : line.loan.balanceMicro - line.heldMicro;
      const own = this.wallets.get(line.wallet) ?? 0;
      must(free === own, "I24", () => `${node}: ${free} µc free, not ${own}`);
    }
  }
}

/** Coins that come in pay the principal first. */
function outstanding({ lent, repaid }: LoanBooks): number {
  return Math.max(0, lent - repaid);
}
