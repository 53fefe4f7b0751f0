// SPDX-License-Identifier: Apache-2.0
/**
 * A seeded run of a bank with a few borrowers: requests, payments, stale tokens, top-ups, repayments, time and
 * write-offs in any order, with all invariants after each step. The transcript is the same on V8 and XS.
 * Imports nothing of Node.
 */
import {
  accountAfter,
  type BankBook,
  bookAfter,
  borrow,
  type CreditAccount,
  newAccount,
  openBook,
} from "#core/credit/account";
import { accountFaults, bookFaults } from "#core/credit/check";
import { afterTrade, type CreditRule, gradeOf } from "#core/credit/grade";
import {
  type Loan,
  type LoanState,
  type Move,
  type Place,
  passTime,
  payFrom,
  repay,
  type Stepped,
  topUp,
  writeOff,
} from "#core/credit/loan";
import { quoteLoan } from "#core/credit/quote";

const BORROWERS = 3;
const CAPITAL = 60_000_000;
const RULE: CreditRule = { tradePoints: 3, latePointsPerCoin: 1, gradeStepPoints: 2 };
const TIMES = { validMs: 100, bufferMs: 80, patienceMs: 150 };
const NEXT: Readonly<Record<LoanState, readonly LoanState[]>> = Object.freeze({
  ACTIVE: ["ACTIVE", "REPAID", "LATE", "REPAID_LATE", "DEFAULT", "BLACKLIST"],
  REPAID: [],
  LATE: ["LATE", "REPAID_LATE", "DEFAULT", "BLACKLIST"],
  REPAID_LATE: [],
  DEFAULT: ["DEFAULT", "BLACKLIST"],
  BLACKLIST: [],
});

export interface RunResult {
  /** A line for each event that did something, and what each was refused with. */
  lines: string[];
  /** Broken invariants, each with the event's number. */
  faults: string[];
  ends: LoanState[];
}

interface World {
  accounts: CreditAccount[];
  book: BankBook;
  /** Coins of each borrower, its shared wallet and of all sellers. */
  coins: number[];
  shared: number[];
  sellers: number;
  /** All loans ever, in their last state, by borrower. */
  loans: Loan[];
  nowMs: number;
}

/** 32-bit xorshift (G. Marsaglia): anything that is the same on both engines will do. */
function dice(seed: number): (below: number) => number {
  let x = (seed * 2654435761) | 1;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

export function creditRun(seed: number, events: number): RunResult {
  const roll = dice(seed);
  const world: World = {
    accounts: Array.from({ length: BORROWERS }, newAccount),
    book: openBook(CAPITAL),
    coins: Array.from({ length: BORROWERS }, () => roll(4) * 3_000_000),
    shared: Array.from({ length: BORROWERS }, () => 0),
    ...{ sellers: 0, loans: [], nowMs: 1000 },
  };
  const total = sumOf(world);
  const result: RunResult = { lines: [], faults: [], ends: [] };
  for (let i = 0; i < events; i++) {
    world.nowMs += roll(8) === 0 ? roll(200) : roll(12);
    const who = roll(BORROWERS);
    const before = world.accounts[who];
    const [what, step] = act(world, who, roll);
    if (step === undefined) continue;
    if (!step.ok) {
      result.lines.push(`${i} ${who} ${what} ${step.code}`);
      continue;
    }
    apply(world, who, what === "borrow", step);
    const after = world.accounts[who];
    result.lines.push(`${i} ${who} ${what} ${JSON.stringify([after.record, step.loan])}`);
    for (const fault of faultsOf(world, what, before, after, total))
      result.faults.push(`seed ${seed}, event ${i}, ${what}: ${fault}`);
    if (step.loan.state !== before.loan?.state) result.ends.push(step.loan.state);
  }
  return result;
}

type Outcome = Stepped | { ok: false; code: string } | undefined;

function act(world: World, who: number, roll: (below: number) => number): [string, Outcome] {
  const { accounts, book, nowMs, coins } = world;
  const { loan, record } = accounts[who];
  const amount = 1 + roll(4_000_000);
  switch (roll(9)) {
    case 0: {
      const months = 1 + roll(3);
      const grade = gradeOf(record, RULE) ?? 35;
      const file = {
        ...{ onTime: record.onTime, late: record.late, grade, worthMicro: 20_000_000, months },
        ...{ thetaWh: 200_000, needWh: 50_000, priceMicroPerKwh: 200_000, etaPermille: 3500 },
        costPpm: 4000,
      };
      const bounds = { alphaMaxPpm: 5_000_000, loanMaxMicro: 1 + roll(30_000_000) };
      const terms = quoteLoan(file, bounds);
      return ["borrow", terms.ok ? borrow(accounts[who], book, terms, nowMs, TIMES) : terms];
    }
    case 1:
      world.accounts[who] = { ...accounts[who], record: afterTrade(record, RULE) };
      coins[who] += Math.min(amount, world.sellers);
      world.sellers -= Math.min(amount, world.sellers);
      return ["trade", undefined];
    case 2:
    case 3: {
      if (!loan) return ["pay", undefined];
      const version = roll(6) === 0 ? loan.version - 1 : loan.version;
      return ["pay", payFrom(loan, nowMs, version, amount)];
    }
    case 4: {
      if (!loan || coins[who] < amount) return ["top up", undefined];
      return ["top up", topUp(loan, nowMs, "borrower", amount)];
    }
    case 5: {
      if (!loan || world.book.reserveMicro < amount || roll(4) > 0) return ["raise", undefined];
      return ["raise", topUp(loan, nowMs, "reserve", amount)];
    }
    case 6:
    case 7: {
      const most = roll(2) === 0 ? coins[who] : Math.min(amount, coins[who]);
      return ["repay", loan && most > 0 ? repay(loan, nowMs, most) : undefined];
    }
    default:
      if (roll(2) === 0) return ["wait", loan ? passTime(loan, nowMs) : undefined];
      return ["write off", loan ? writeOff(loan, nowMs) : undefined];
  }
}

function apply(world: World, who: number, issued: boolean, step: Stepped): void {
  const before = world.accounts[who].loan;
  world.book = bookAfter(world.book, issued || !before ? undefined : before, step);
  world.accounts[who] = accountAfter(world.accounts[who], step, RULE);
  for (const move of step.moves) carry(world, who, move);
  const at = before && !issued ? world.loans.indexOf(before) : -1;
  if (at < 0) world.loans.push(step.loan);
  else world.loans[at] = step.loan;
}

function carry(world: World, who: number, { from, to, amountMicro }: Move): void {
  const put = (place: Place, amount: number) => {
    if (place === "borrower") world.coins[who] += amount;
    if (place === "shared") world.shared[who] += amount;
    if (place === "seller") world.sellers += amount;
  };
  put(from, -amountMicro);
  put(to, amountMicro);
}

function sumOf({ book, coins, shared, sellers }: World): number {
  return [...coins, ...shared].reduce((sum, micro) => sum + micro, book.reserveMicro + sellers);
}

function faultsOf(
  world: World,
  what: string,
  before: CreditAccount,
  after: CreditAccount,
  total: number,
): string[] {
  const faults = [
    ...world.accounts.flatMap(accountFaults),
    ...bookFaults(world.book, world.loans),
    ...changeFaults(what, before, after),
  ];
  if (sumOf(world) !== total) faults.push(`I1: ${sumOf(world)} µc of ${total}`);
  if ([...world.coins, ...world.shared, world.sellers].some((micro) => micro < 0))
    faults.push("I2: a wallet below 0");
  world.accounts.forEach(({ loan }, i) => {
    if ((loan?.balanceMicro ?? 0) !== world.shared[i]) faults.push(`I24: wallet ${i}`);
  });
  return faults;
}

/** I23, I28 and I29 of a single step. */
function changeFaults(what: string, before: CreditAccount, after: CreditAccount): string[] {
  const faults: string[] = [];
  const [was, is] = [before.loan, after.loan as Loan];
  if (what === "borrow") {
    if (before.blacklisted || before.record.points < 0) faults.push("I29: a loan for a barred one");
    if (was && ["ACTIVE", "LATE", "DEFAULT"].includes(was.state)) faults.push("I23: a second loan");
    if (before.record !== after.record) faults.push("I28: a new loan changes the record");
    return faults;
  }
  if (!was) return ["a step without a loan"];
  if (is !== was && !NEXT[was.state].includes(is.state) && is.state !== was.state)
    faults.push(`${was.state} became ${is.state}`);
  if (is.version < was.version) faults.push("I23: versions go back");
  const lateNow = was.state === "ACTIVE" && !["ACTIVE", "REPAID"].includes(is.state);
  const onTimeNow = was.state === "ACTIVE" && is.state === "REPAID";
  const lost = lateNow ? Math.ceil(is.principalMicro / 1_000_000) : 0;
  if (after.record.late !== before.record.late + (lateNow ? 1 : 0)) faults.push("I28: f");
  if (after.record.onTime !== before.record.onTime + (onTimeNow ? 1 : 0)) faults.push("I28: s");
  if (after.record.points !== before.record.points - lost) faults.push("I28: credit value");
  return faults;
}
