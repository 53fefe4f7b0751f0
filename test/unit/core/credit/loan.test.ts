// SPDX-License-Identifier: Apache-2.0
/** One loan through each of its ends, and 5000 random runs of a bank with all invariants (I1 to I3, I23 to I29). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { accountAfter, borrow, newAccount, openBook } from "#core/credit/account";
import { bookFaults, loanFaults } from "#core/credit/check";
import { CREDIT_RULE } from "#core/credit/grade";
import {
  debtMicro,
  issueLoan,
  type Loan,
  passTime,
  payFrom,
  repay,
  type Stepped,
  topUp,
  writeOff,
} from "#core/credit/loan";
import type { LoanTerms } from "#core/credit/quote";
import type { Refusal } from "#core/errors/codes";
import { creditRun } from "../../../vectors/credit/run.ts";

/** Ten coins for two months at 2 % a month; 14 % when late. */
const TERMS: LoanTerms = {
  ...{ ok: true, principalMicro: 10_000_000, alphaPpm: 140_000, betaPpm: 20_000, months: 2 },
};
const TIMES = { validMs: 1000, bufferMs: 500, patienceMs: 2000 };
const issued = () => issueLoan(TERMS, 0, TIMES).loan;

function loanOf(step: Stepped | Refusal): Loan {
  assert.ok(step.ok, JSON.stringify(step));
  assert.deepEqual(loanFaults(step.loan), []);
  return step.loan;
}

function codeOf(step: Stepped | Refusal): string {
  return step.ok ? step.loan.state : step.code;
}

test("case one: repaid in time, with the interest", () => {
  let loan = loanOf(payFrom(issued(), 10, 1, 10_000_000));
  assert.equal(loan.version, 2);
  assert.equal(debtMicro(loan), 10_400_000, "2 % of ten coins for two months");
  loan = loanOf(repay(loan, 1499, 10_399_999));
  assert.equal(loan.state, "ACTIVE");
  const last = repay(loan, 1499, 5_000_000);
  assert.equal(loanOf(last).state, "REPAID");
  assert.deepEqual(last.ok && last.moves, [{ from: "borrower", to: "reserve", amountMicro: 1 }]);
  assert.equal(codeOf(repay(loanOf(last), 1499, 1)), "LOAN_STATE", "exactly once");
});

test("case two: late from the instant on, with the penalty in place of interest", () => {
  const spent = loanOf(payFrom(issued(), 10, 1, 10_000_000));
  assert.equal(loanOf(passTime(spent, 1499)).state, "ACTIVE");
  const late = loanOf(passTime(spent, 1500));
  assert.equal(late.state, "LATE");
  assert.equal(debtMicro(late), 11_400_000);
  const account = { ...newAccount(), loan: spent };
  const { record } = accountAfter(account, { ok: true, loan: late, moves: [] }, CREDIT_RULE);
  assert.deepEqual(record, { onTime: 0, late: 1, points: -200 });
  // What was paid in time counts.
  const partly = loanOf(repay(spent, 1400, 10_100_000));
  assert.equal(debtMicro(loanOf(passTime(partly, 1500))), 1_300_000);
  const over = loanOf(repay(partly, 1600, 1_300_000));
  assert.equal(over.state, "REPAID_LATE");
  assert.equal(debtMicro(over), 0);
});

test("case three: given up, and no loan after that", () => {
  const spent = loanOf(payFrom(issued(), 10, 1, 10_000_000));
  assert.equal(codeOf(writeOff(spent, 3499)), "LOAN_STATE");
  assert.equal(loanOf(passTime(spent, 3500)).state, "DEFAULT");
  assert.equal(codeOf(repay(spent, 3500, 1)), "LOAN_STATE");
  const lost = writeOff(spent, 3500);
  assert.ok(lost.ok);
  assert.equal(lost.loan.state, "BLACKLIST");
  assert.deepEqual(lost.moves, []);
  const account = accountAfter({ ...newAccount(), loan: spent }, lost, CREDIT_RULE);
  assert.equal(account.blacklisted, true);
  assert.equal(account.record.late, 1, "late once, though it passed through all states at once");
  assert.equal(codeOf(borrow(account, openBook(1e9), TERMS, 9999, TIMES)), "CREDIT_BLACKLISTED");
});

test("the token's end takes its coins for the debt, and gives the rest back", () => {
  const swept = passTime(issued(), 1000);
  assert.deepEqual(swept.moves, [{ from: "shared", to: "reserve", amountMicro: 10_000_000 }]);
  assert.equal(debtMicro(swept.loan), 400_000, "the interest is left");
  const topped = topUp(issued(), 5, "borrower", 1_000_000);
  assert.ok(topped.ok);
  const over = passTime(topped.loan, 2000);
  assert.equal(over.loan.state, "REPAID", "paid at the token's end, before it could be late");
  assert.deepEqual(over.moves, [
    { from: "shared", to: "reserve", amountMicro: 10_400_000 },
    { from: "shared", to: "borrower", amountMicro: 600_000 },
  ]);
  assert.deepEqual(passTime(over.loan, 9999).moves, []);
  const early = repay(issued(), 5, 99_000_000);
  assert.ok(early.ok);
  assert.deepEqual(early.moves, [
    { from: "borrower", to: "reserve", amountMicro: 10_400_000 },
    { from: "shared", to: "borrower", amountMicro: 10_000_000 },
  ]);
});

test("tokens that are stale, over or overdrawn pay nothing", () => {
  const loan = loanOf(payFrom(issued(), 10, 1, 1_000_000));
  assert.equal(codeOf(payFrom(loan, 11, 1, 1_000_000)), "TOKEN_STALE");
  assert.equal(codeOf(payFrom(loan, 11, 3, 1_000_000)), "TOKEN_STALE");
  assert.equal(codeOf(payFrom(loan, 11, 2, 9_000_001)), "TOKEN_OVERDRAWN");
  assert.equal(codeOf(payFrom(loan, 1000, 2, 1)), "TOKEN_EXPIRED");
  assert.equal(codeOf(payFrom(loan, 1500, 2, 1)), "LOAN_STATE");
  assert.equal(codeOf(topUp(loan, 1000, "borrower", 1)), "TOKEN_EXPIRED");
  const more = loanOf(topUp(loan, 11, "reserve", 2_000_000));
  assert.equal(debtMicro(more), 12_480_000, "a larger loan at the same rates");
  assert.equal(loanOf(payFrom(more, 12, 3, 11_000_000)).balanceMicro, 0);
});

test("a bank lends what it has, once to each, and to nobody with a negative credit value", () => {
  const asked = (change: object, reserve = 1e9) =>
    codeOf(borrow({ ...newAccount(), ...change }, openBook(reserve), TERMS, 0, TIMES));
  assert.equal(asked({}), "ACTIVE");
  assert.equal(asked({}, 9_999_999), "LOAN_BUDGET");
  assert.equal(asked({ loan: issued() }), "LOAN_LIVE");
  assert.equal(asked({ record: { onTime: 9, late: 0, points: -1 } }), "CREDIT_NEGATIVE");
  assert.throws(() => issueLoan({ ...TERMS, betaPpm: 80_000 }, 0, TIMES), /CREDIT_RATES/);
  assert.throws(() => issueLoan(TERMS, 0, { ...TIMES, bufferMs: 0 }), /CREDIT_TIMES/);
  assert.throws(() => repay(issued(), 0, 0), /CREDIT_AMOUNT/);
});

test("5000 random runs keep every invariant", () => {
  const ends = new Map<string, number>();
  const codes = new Set<string>();
  for (let seed = 1; seed <= 5000; seed++) {
    const { faults, ends: states, lines } = creditRun(seed, 60);
    assert.deepEqual(faults, []);
    for (const state of states) ends.set(state, (ends.get(state) ?? 0) + 1);
    for (const line of lines) codes.add(line.split(" ").at(-1)!);
  }
  for (const state of ["ACTIVE", "REPAID", "LATE", "REPAID_LATE", "DEFAULT", "BLACKLIST"])
    assert.ok((ends.get(state) ?? 0) > 200, `${state}: ${ends.get(state)}`);
  for (const code of ["TOKEN_STALE", "TOKEN_EXPIRED", "TOKEN_OVERDRAWN", "LOAN_LIVE", "LOAN_STATE"])
    assert.ok(codes.has(code), code);
  for (const code of ["CREDIT_BLACKLISTED", "CREDIT_NEGATIVE", "LOAN_BUDGET"])
    assert.ok(codes.has(code), code);
});

test("the checks see what is wrong", () => {
  const loan = issued();
  for (const wrong of [
    { balanceMicro: 10_000_001 },
    { spentMicro: 1 },
    { principalPaidMicro: 10_000_001 },
    { chargePaidMicro: 400_001 },
    { state: "REPAID" },
    { swept: true },
    { principalMicro: 0.5 },
  ] as Partial<Loan>[])
    assert.notDeepEqual(loanFaults({ ...loan, ...wrong }), [], JSON.stringify(wrong));
  const book = { ...openBook(50_000_000), reserveMicro: 40_000_000, outstandingMicro: 10_000_000 };
  assert.deepEqual(bookFaults(book, [loan]), []);
  assert.notDeepEqual(bookFaults(book, []), []);
  assert.notDeepEqual(bookFaults({ ...book, interestMicro: 1 }, [loan]), []);
});
