// SPDX-License-Identifier: Apache-2.0
/**
 * A street of households and one bank for two years of days, scripted: who is short of coins asks for a loan,
 * pays by it, and repays from later income. It shows what the two lending policies do with the same
 * households, and runs mapping, pricing, records and loans of core/credit with all invariants each day. It is
 * no forecast: incomes and habits of repayment are made up.
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
import { afterTrade, CREDIT_RULE, type CreditRule } from "#core/credit/grade";
import {
  debtMicro,
  isLive,
  type Loan,
  type LoanState,
  passTime,
  payFrom,
  repay,
  type Stepped,
  writeOff,
} from "#core/credit/loan";
import { fileOf, needMicro } from "#core/credit/mapping";
import { admit, type LendingPolicy } from "#core/credit/policy";
import { type LoanTerms, quoteLoan } from "#core/credit/quote";
import { assert } from "#core/errors/assert";
import type { Code, Refusal } from "#core/errors/codes";
import { DAY_MS } from "#core/units/time";
import { mulberry32, type Random } from "../../worlds/random.ts";

const HOMES = 100;
const DAYS = 720;
const MONTH_DAYS = 30;
const CAPITAL_MICRO = 5_000_000_000;
/** Energy from neighbours, and from the grid, µc per kWh. */
const PRICE = 200_000;
const GRID = 300_000;
/** Spells of weather: in one of four there is little sun, and income stops while needs go on. */
const SPELL_DAYS = 12;
/** Days of energy that a home keeps in coins; what is more is paid out. */
const KEPT_DAYS = 3;
/** c: half a percent a month. */
const COST_PPM = 5000;
const TIMES = Object.freeze({
  validMs: 20 * DAY_MS,
  bufferMs: 10 * DAY_MS,
  patienceMs: 365 * DAY_MS,
});
const ALPHA_MAX_PPM = 5_000_000;
/** A day of this stands for twenty trades of quarter-hours. */
const RULE: CreditRule = Object.freeze({ ...CREDIT_RULE, tradePoints: 20 });

interface Home {
  account: CreditAccount;
  coinsMicro: number;
  /** What it wants to buy from neighbours in a day, and what it sells on a day with a surplus, Wh. */
  demandWh: number;
  surplusWh: number;
  /** Percent of days with a surplus. */
  sunny: number;
  /** How often it repays what it could: always, on few days, never. */
  kind: "prompt" | "slow" | "never";
  soldOn: number[];
  boughtWh: number;
  paidMicro: number;
}

export interface PortfolioResult {
  policy: string;
  homes: number;
  days: number;
  loans: number;
  unsecured: number;
  /** Loans by their last state. */
  ends: Record<LoanState, number>;
  /** Days on which a request was refused, by code. */
  refused: Partial<Record<Code, number>>;
  /** Energy wanted from neighbours, and what of it came from the grid for want of coins, Wh. */
  wantedWh: number;
  gridWh: number;
  book: BankBook;
  /** Invariants that were checked, and those that failed. */
  checks: number;
  faults: string[];
}

interface World {
  homes: Home[];
  loans: Loan[];
  book: BankBook;
  /** Where coins of other streets come from and go to. */
  elsewhereMicro: number;
  result: PortfolioResult;
}

export function runPortfolio(policy: LendingPolicy, seed: number): PortfolioResult {
  const random = mulberry32(seed);
  const world: World = {
    homes: Array.from({ length: HOMES }, () => newHome(random)),
    ...{ loans: [], book: openBook(CAPITAL_MICRO), elsewhereMicro: 0 },
    result: {
      ...{ policy: policy.name, homes: HOMES, days: DAYS, loans: 0, unsecured: 0, refused: {} },
      ends: { ACTIVE: 0, REPAID: 0, LATE: 0, REPAID_LATE: 0, DEFAULT: 0, BLACKLIST: 0 },
      ...{ wantedWh: 0, gridWh: 0, book: openBook(CAPITAL_MICRO), checks: 0, faults: [] },
    },
  };
  const coins = coinsOf(world);
  let dull = false;
  for (let day = 0; day < DAYS; day++) {
    if (day % SPELL_DAYS === 0) dull = random.below(4) === 0;
    for (const home of world.homes) liveDay(world, home, { day, dull }, policy, random);
    check(world, day, coins);
  }
  const { result, loans, book } = world;
  for (const { state } of loans) result.ends[state]++;
  return { ...result, loans: loans.length, book };
}

function newHome(random: Random): Home {
  const roll = random.below(20);
  return {
    account: newAccount(),
    coinsMicro: random.below(3) === 0 ? 0 : 1000 * random.below(4000),
    demandWh: 2000 + random.below(4000),
    // A tenth of the homes has no panels.
    surplusWh: random.below(10) === 0 ? 0 : 4000 + random.below(12_000),
    sunny: 50 + random.below(45),
    kind: roll === 0 ? "never" : roll <= 3 ? "slow" : "prompt",
    ...{ soldOn: [], boughtWh: 0, paidMicro: 0 },
  };
}

function liveDay(
  world: World,
  home: Home,
  { day, dull }: { day: number; dull: boolean },
  policy: LendingPolicy,
  random: Random,
): void {
  const atMs = day * DAY_MS;
  const { loan } = home.account;
  if (loan && isLive(loan)) step(world, home, passTime(loan, atMs));
  // Drawn for all, so that both policies meet the same days.
  const sells = random.below(100) < (dull ? home.sunny / 8 : home.sunny);
  const willing = home.kind === "prompt" || (random.below(12) === 0 && home.kind === "slow");
  if (sells && home.surplusWh > 0) sell(world, home, day);
  if (willing) repayFromIncome(world, home, atMs);
  buy(world, home, day, policy);
  const last = home.account.loan;
  if (last?.state === "DEFAULT") step(world, home, writeOff(last, atMs));
  if (!home.account.loan || !isLive(home.account.loan)) payOut(world, home);
}

function payOut(world: World, home: Home): void {
  const spare = home.coinsMicro - KEPT_DAYS * dayMicro(home);
  if (spare <= 0) return;
  home.coinsMicro -= spare;
  world.elsewhereMicro += spare;
}

/** What a day's energy from neighbours costs. */
function dayMicro({ demandWh }: Home): number {
  return Math.ceil((demandWh * PRICE) / 1000);
}

function sell(world: World, home: Home, day: number): void {
  const micro = (home.surplusWh * PRICE) / 1000;
  home.coinsMicro += micro;
  world.elsewhereMicro -= micro;
  home.soldOn.push(day);
  home.account = { ...home.account, record: afterTrade(home.account.record, RULE) };
}

/** A day's energy stays in coins, the rest of the income repays. */
function repayFromIncome(world: World, home: Home, atMs: number): void {
  const { loan } = home.account;
  if (!loan || (loan.state !== "ACTIVE" && loan.state !== "LATE")) return;
  const spare = home.coinsMicro - dayMicro(home);
  if (spare > 0 && debtMicro(loan) > 0) step(world, home, repay(loan, atMs, spare));
}

/** Own coins first, then the token, then a request for a loan; else the grid. */
function buy(world: World, home: Home, day: number, policy: LendingPolicy): void {
  const atMs = day * DAY_MS;
  const costMicro = dayMicro(home);
  world.result.wantedWh += home.demandWh;
  let paid = false;
  if (home.coinsMicro >= costMicro) {
    home.coinsMicro -= costMicro;
    world.elsewhereMicro += costMicro;
    paid = true;
  } else {
    if (!spendable(home, costMicro, atMs)) request(world, home, day, policy);
    const { loan } = home.account;
    if (loan && spendable(home, costMicro, atMs))
      paid = step(world, home, payFrom(loan, atMs, loan.version, costMicro));
  }
  if (!paid) {
    world.result.gridWh += home.demandWh;
    return;
  }
  home.boughtWh += home.demandWh;
  home.paidMicro += costMicro;
  home.account = { ...home.account, record: afterTrade(home.account.record, RULE) };
}

function spendable({ account: { loan } }: Home, micro: number, atMs: number): boolean {
  return loan?.state === "ACTIVE" && atMs < loan.validUntilMs && loan.balanceMicro >= micro;
}

function request(world: World, home: Home, day: number, policy: LendingPolicy): void {
  const terms = termsFor(home, day, policy);
  const { result } = world;
  const issued = terms.ok ? borrow(home.account, world.book, terms, day * DAY_MS, TIMES) : terms;
  if (!issued.ok) {
    result.refused[issued.code] = (result.refused[issued.code] ?? 0) + 1;
    return;
  }
  if (terms.ok && terms.unsecured) result.unsecured++;
  world.loans.push(issued.loan);
  settle(world, home, undefined, issued);
}

function termsFor(
  home: Home,
  day: number,
  policy: LendingPolicy,
): (LoanTerms & { unsecured: boolean }) | Refusal {
  const incomeDays = home.soldOn.filter((sold) => sold > day - 7).length;
  const standing = { wealthMicro: home.coinsMicro, incomeDays };
  const admitted = admit(home.account, standing, policy, RULE);
  if (!admitted.ok) return admitted;
  // Its meter says what it imports a month; of the ledger come purchases, per month so far.
  const months = Math.floor(day / MONTH_DAYS) + 1;
  const history = {
    months,
    importWh: Math.max(home.boughtWh, home.demandWh * MONTH_DAYS * months),
    boughtWh: home.boughtWh,
    paidMicro: home.paidMicro,
    balanceMicro: home.coinsMicro,
  };
  const offer = {
    ...{ months: 1, priceMicroPerKwh: PRICE, gridMicroPerKwh: GRID },
    ...{ costPpm: COST_PPM, etaPermille: 3500 },
  };
  const mapped = fileOf(history, home.account.record, admitted.grade, offer);
  if (!mapped.ok) return mapped;
  const loanMaxMicro = Math.min(admitted.loanMaxMicro, needMicro(mapped.file));
  const terms = quoteLoan(mapped.file, { alphaMaxPpm: ALPHA_MAX_PPM, loanMaxMicro });
  return terms.ok ? { ...terms, unsecured: admitted.unsecured } : terms;
}

/** Applies a step of the home's loan, if it is one; says whether. */
function step(world: World, home: Home, outcome: Stepped | Refusal): boolean {
  if (!outcome.ok) return false;
  const { loan } = home.account;
  assert(loan, "EVALUATE_LOAN");
  world.loans[world.loans.indexOf(loan)] = outcome.loan;
  settle(world, home, loan, outcome);
  return true;
}

function settle(world: World, home: Home, before: Loan | undefined, stepped: Stepped): void {
  world.book = bookAfter(world.book, before, stepped);
  home.account = accountAfter(home.account, stepped, RULE);
  for (const { from, to, amountMicro } of stepped.moves) {
    if (from === "borrower") home.coinsMicro -= amountMicro;
    if (to === "borrower") home.coinsMicro += amountMicro;
    if (to === "seller") world.elsewhereMicro += amountMicro;
  }
}

function coinsOf({ homes, book, elsewhereMicro }: World): number {
  return homes.reduce(
    (sum, { coinsMicro, account }) => sum + coinsMicro + (account.loan?.balanceMicro ?? 0),
    book.reserveMicro + elsewhereMicro,
  );
}

function check(world: World, day: number, coins: number): void {
  const { result, homes, book, loans } = world;
  const faults = [
    ...homes.flatMap(({ account }) => accountFaults(account)),
    ...bookFaults(book, loans),
  ];
  if (coinsOf(world) !== coins) faults.push(`I1: ${coinsOf(world)} µc of ${coins}`);
  if (homes.some(({ coinsMicro }) => coinsMicro < 0)) faults.push("I2: a home below 0");
  result.checks += homes.length + 3;
  result.faults.push(...faults.map((fault) => `day ${day}: ${fault}`));
}
