// SPDX-License-Identifier: Apache-2.0
/**
 * What a request comes to: the checks of paper 1, III-1 steps 2 and 3, and the price of section IV, from the
 * ledger alone. The gateway asks before it takes a request, the block that grants it asks again.
 */
import { toHex } from "../codec/bytes.ts";
import { LOAN_MICRO_MAX, LOAN_WH_MAX } from "../credit/bounds.ts";
import { CREDIT_RULE } from "../credit/grade.ts";
import { fileOf, type MeterHistory, needMicro, uncoveredWh } from "../credit/mapping.ts";
import { admit, type LendingPolicy, type Standing } from "../credit/policy.ts";
import { type LoanTerms, quoteLoan } from "../credit/quote.ts";
import { type Refusal, refuse } from "../errors/codes.ts";
import { mulDivFloor } from "../market/exact.ts";
import { type BankTerms, LENDING_POLICIES } from "../records/bank.ts";
import type { LoanRequest } from "../records/credit.ts";
import { MWH_PER_WH } from "../units/energy.ts";
import { DAY_MS } from "../units/time.ts";
import {
  accountOf,
  type BankEntry,
  type CreditEntry,
  type CreditLine,
  creditSeen,
  ledgerMs,
} from "./credit-state.ts";
import type { LedgerState } from "./state.ts";

/** A month of the model, days. */
const MONTH_DAYS = 30;
const MONTH_MS = MONTH_DAYS * DAY_MS;
/** More of a loan is a twentieth of it at least: each time costs a block. */
const MORE_SHARE = 20;
/** Days in which sales are looked for. */
const INCOME_DAYS = 7;

export interface PricedRequest {
  ok: true;
  /** Who lends, by its own offer, and who was asked. */
  bank: Readonly<BankEntry>;
  home: Readonly<BankEntry>;
  /** Where there is a loan already: the terms are for more of it. */
  live: CreditLine | undefined;
  terms: LoanTerms;
  unsecured: boolean;
  uncoveredWh: number;
}

type Clock = (slot: number) => number;

/** The loan that `node` would get now, or why there is none. */
export function priceRequest(
  state: LedgerState,
  node: string,
  request: LoanRequest,
  slotStartMs: Clock,
): PricedRequest | Refusal {
  const home = state.banks.peek(toHex(request.bank));
  if (!home) return refuse("BANK_UNKNOWN", toHex(request.bank));
  const { sets } = state.accountOf(node);
  if (!sets.some(({ set }) => set === request.walletSet))
    return refuse("WALLETS_SET", `set ${request.walletSet}`);
  const entry = creditSeen(state, node);
  const live = openLine(entry, home.bank);
  const bank = live ? state.banks.peek(live.bank)! : lenderFor(state, home, request.amountMicro);
  const { terms: offer } = bank;
  const lentMicro = live?.loan.principalMicro ?? 0;
  const nowMs = ledgerMs(state, slotStartMs);
  const standing = standingOf(state, entry, nowMs);
  const account = { ...accountOf(entry), ...(live && { loan: null }) };
  const admitted = admit(account, standing, policyOf(offer), CREDIT_RULE);
  if (!admitted.ok) return admitted;
  const slotMs = slotStartMs(1) - slotStartMs(0);
  const history = historyOf(state, entry, offer, nowMs, slotMs);
  const { months, costPpm, etaPermille, priceMicro, gridMicro } = offer;
  const prices = { priceMicroPerKwh: priceMicro, gridMicroPerKwh: gridMicro };
  const { record } = account;
  const terms = { months, costPpm, etaPermille, ...prices };
  const mapped = fileOf(history, record, admitted.grade, terms);
  if (!mapped.ok) return mapped;
  const { file } = mapped;
  if (bank.reserveMicro === 0) return refuse("LOAN_BUDGET", "the reserve is empty");
  // The least of what the policy, the need, the borrower and the reserve allow.
  const { reserveMicro } = bank;
  const askedMicro = lentMicro + Math.min(request.amountMicro, reserveMicro);
  const loanMaxMicro = Math.min(admitted.loanMaxMicro, needMicro(file), askedMicro);
  if (loanMaxMicro < 1) return refuse("LOAN_TERMS", "no amount");
  const alphaMaxPpm = Math.min(offer.alphaMaxPpm, request.alphaMaxPpm);
  if (alphaMaxPpm < 1) return refuse("LOAN_RATE_CAP", `${alphaMaxPpm} ppm`);
  const quoted = quoteLoan(file, { alphaMaxPpm, loanMaxMicro });
  if (!quoted.ok) return quoted;
  if (live) {
    // More into the same wallet, at the rates that the token has.
    const same =
      quoted.alphaPpm === live.loan.alphaPpm &&
      quoted.betaPpm === live.loan.betaPpm &&
      quoted.months === live.loan.months;
    const moreMicro = quoted.principalMicro - lentMicro;
    if (!same || moreMicro * MORE_SHARE < lentMicro || moreMicro < 1)
      return refuse("LOAN_LIVE", live.loan.state);
  }
  return {
    ok: true,
    bank,
    home,
    live,
    terms: { ...quoted, principalMicro: quoted.principalMicro - lentMicro },
    unsecured: admitted.unsecured,
    uncoveredWh: uncoveredWh(file, quoted.principalMicro),
  };
}

/**
 * The bank that was asked; or, where its coins are too few, the neighbour that has most: through the first,
 * and by its own offer (paper 1, III).
 */
function lenderFor(
  state: LedgerState,
  home: Readonly<BankEntry>,
  amountMicro: number,
): Readonly<BankEntry> {
  let lender = home;
  if (home.reserveMicro >= Math.min(amountMicro, home.terms.loanMaxMicro)) return home;
  for (const bank of [...state.banks.keys()].sort()) {
    const other = state.banks.peek(bank)!;
    if (other.reserveMicro > lender.reserveMicro) lender = other;
  }
  return lender;
}

/** A loan through this bank whose token still pays: there may be more of it, and no other. */
function openLine({ line }: Readonly<CreditEntry>, home: string): CreditLine | undefined {
  const open = line?.home === home && line.loan.state === "ACTIVE" && !line.loan.swept;
  return open ? line : undefined;
}

/** The lending policy that an offer stands for. */
export function policyOf(terms: Readonly<BankTerms>): LendingPolicy {
  const { policy, loanMaxMicro, incomeDaysMin, starterMicro, starterGrade } = terms;
  return {
    name: LENDING_POLICIES[policy],
    ...{ loanMaxMicro, incomeDaysMin, starterMicro, starterGrade },
  };
}

/** Wealth and regular income, as the ledger has them. */
export function standingOf(
  state: LedgerState,
  { node, soldDays }: Readonly<CreditEntry>,
  nowMs: number,
): Standing {
  const from = Math.floor(nowMs / DAY_MS) - INCOME_DAYS;
  const incomeDays = soldDays.filter((day) => day > from).length;
  return { wealthMicro: state.freeOf(node) + state.lockedOf(node), incomeDays };
}

/** The days with a sale that are kept, with `day`. */
export function daysWith(days: readonly number[], day: number): readonly number[] {
  if (days.includes(day)) return days;
  return [...days, day].sort((a, b) => a - b).slice(-INCOME_DAYS);
}

/**
 * The meter's history, brought to a month where it is shorter. Before there is a day of readings the connection
 * stands in for it: a share of its capacity in every slot.
 */
function historyOf(
  state: LedgerState,
  entry: Readonly<CreditEntry>,
  { usePermille }: Readonly<BankTerms>,
  nowMs: number,
  slotMs: number,
): MeterHistory {
  const { node, firstMs, firstImportMwh, boughtWh, paidMicro } = entry;
  const account = state.accountOf(node);
  const balanceMicro = state.freeOf(node) + state.lockedOf(node);
  const seenMs = firstMs < 0 ? 0 : nowMs - firstMs;
  if (seenMs < DAY_MS) {
    const slots = Math.floor(MONTH_MS / slotMs);
    const importWh = mulDivFloor(account.capacityWh, slots * usePermille, 1000);
    return { months: 1, importWh: bounded(importWh), boughtWh: 0, paidMicro: 0, balanceMicro };
  }
  const importWh = Number((account.importMwh - firstImportMwh) / MWH_PER_WH);
  const months = Math.max(1, Math.floor(seenMs / MONTH_MS));
  // A day is the least that is seen: thirty times this stays below 2^53.
  const scaled = (value: number) =>
    mulDivFloor(Math.min(value, LOAN_MICRO_MAX), months * MONTH_MS, seenMs);
  const all = bounded(scaled(importWh));
  return {
    months,
    importWh: all,
    // What was bought directly may be of before the first reading that is kept.
    boughtWh: Math.min(scaled(boughtWh), all),
    paidMicro: Math.min(scaled(paidMicro), LOAN_MICRO_MAX),
    balanceMicro,
  };
}

function bounded(wh: number): number {
  return Math.min(wh, LOAN_WH_MAX);
}
