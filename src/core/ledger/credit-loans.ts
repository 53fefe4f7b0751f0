// SPDX-License-Identifier: Apache-2.0
/**
 * Loans in blocks: a bank opens, a request is granted or refused, a shared wallet is topped up, a debt is
 * paid, and time passes at the close of a slot. All of it is a function of the state and the block's input alone, so
 * that every gateway prices and judges the same; a bank's signed offer is its word to all of it.
 */
import { fromHex, toHex } from "../codec/bytes.ts";
import { accountAfter, bookAfter, borrow, openBook } from "../credit/account.ts";
import { accountFaults, bookFaults } from "../credit/check.ts";
import { CREDIT_RULE } from "../credit/grade.ts";
import {
  debtMicro,
  isLive,
  type Loan,
  outstandingMicro,
  passTime,
  repay,
  type Stepped,
  topUp,
  writeOff,
} from "../credit/loan.ts";
import { assert } from "../errors/assert.ts";
import { ACCEPT, type Refusal, refuse, type Verdict } from "../errors/codes.ts";
import type { BankOffer, BankTerms } from "../records/bank.ts";
import { type Effect, EffectKind } from "../records/block.ts";
import type { LoanRequest, Repayment, TopUp } from "../records/credit.ts";
import { DAY_MS } from "../units/time.ts";
import { priceRequest } from "./credit-price.ts";
import {
  accountOf,
  type BankEntry,
  type CreditLine,
  creditOf,
  creditSeen,
  ledgerMs,
} from "./credit-state.ts";
import type { LedgerState } from "./state.ts";

/** What a borrower says of loans; `wallet` of a request is the shared wallet that it would get. */
export type LoanWord =
  | { kind: "request"; value: LoanRequest; wallet: string }
  | { kind: "top-up"; value: TopUp }
  | { kind: "repay"; value: Repayment };

/** Signed records about credit that a block applies. */
export type CreditEvent = { id: Uint8Array } & (
  | { type: "bank"; bank: string; wallet: string; offer: BankOffer }
  | { type: "loan"; node: string; word: LoanWord }
);

/** A step of a loan that may be entered. */
export type Judged = Stepped & { before: CreditLine | undefined; line: CreditLine };

type Clock = (slot: number) => number;

/** Applies one event of credit, or says why not; then nothing has changed. */
export function applyCredit(
  state: LedgerState,
  event: CreditEvent,
  slotStartMs: Clock,
  effects: Effect[],
): Verdict {
  if (event.type === "bank") return openBank(state, event, effects);
  const { word, node, id } = event;
  const judged = judgeWord(state, node, id, word, slotStartMs);
  if (!judged.ok) return judged;
  enter(state, node, judged.before, judged.line, judged, effects);
  return ACCEPT;
}

/** What a borrower's word comes to, or why it comes to nothing; nothing is changed. */
export function judgeWord(
  state: LedgerState,
  node: string,
  id: Uint8Array,
  word: LoanWord,
  slotStartMs: Clock,
): Judged | Refusal {
  const { value } = word;
  if (toHex(value.node) !== node || !state.accounts.has(node))
    return refuse("LOAN_STATE", "no account in the ledger yet");
  if (!state.banks.has(toHex(value.bank))) return refuse("BANK_UNKNOWN", toHex(value.bank));
  if (word.kind === "request") return grant(state, node, id, word, slotStartMs);
  const { line } = creditSeen(state, node);
  const same = line?.token === toHex(word.value.token) && line.home === toHex(value.bank);
  if (!line || !same) return refuse("TOKEN_UNKNOWN");
  const atMs = ledgerMs(state, slotStartMs);
  const free = state.freeOf(node);
  if (word.kind === "top-up") return addToWallet(line, word.value, free, atMs);
  return payDebt(line, word.value, free, atMs);
}

/** Longest of a bank's times, ms: a hundred years. */
const TIMES_MAX_MS = 100 * 365 * DAY_MS;

/** What no loan can be made of; undefined where nothing is. */
function termsFault(terms: Readonly<BankTerms>): string | undefined {
  const { validMs, bufferMs, patienceMs, periodMs, months, starterGrade, etaPermille } = terms;
  const times = [validMs, bufferMs, patienceMs, periodMs];
  if (times.some((ms) => ms < 1 || ms > TIMES_MAX_MS)) return `times ${times.join()} ms`;
  const { costPpm, alphaMaxPpm, priceMicro } = terms;
  const least = [months, starterGrade, costPpm, alphaMaxPpm, priceMicro];
  if (least.some((value) => value < 1) || etaPermille <= 1000) return "a term of 0";
  return undefined;
}

/** Opens a bank with its capital, or enters its new terms: they are for loans to come. */
function openBank(
  state: LedgerState,
  { bank, wallet, offer }: Extract<CreditEvent, { type: "bank" }>,
  effects: Effect[],
): Verdict {
  const { version, capitalMicro, terms } = offer;
  const fault = termsFault(terms);
  if (fault) return refuse("LOAN_TERMS", fault);
  const known = state.banks.get(bank);
  if (known) {
    if (version <= known.version || capitalMicro !== known.capitalMicro)
      return refuse("BANK_UNKNOWN", `version ${version} after ${known.version}`);
    known.version = version;
    known.terms = terms;
    return ACCEPT;
  }
  const book = openBook(capitalMicro);
  state.banks.set(bank, { bank, wallet, version, terms, distributedMicro: 0, ...book });
  state.totals.genesisMicro += capitalMicro;
  state.totals.reservesMicro += capitalMicro;
  effects.push(creditEffect(EffectKind.capital, { to: wallet, micro: capitalMicro }));
  return ACCEPT;
}

/** Grants a loan within the bank's offer and the borrower's request (paper 1, III-1 steps 2 to 5). */
function grant(
  state: LedgerState,
  node: string,
  id: Uint8Array,
  { value, wallet }: Extract<LoanWord, { kind: "request" }>,
  slotStartMs: Clock,
): Judged | Refusal {
  const priced = priceRequest(state, node, value, slotStartMs);
  if (!priced.ok) return priced;
  const { bank, home, terms, unsecured, uncoveredWh, live } = priced;
  const { validMs, bufferMs, patienceMs } = bank.terms;
  const atMs = ledgerMs(state, slotStartMs);
  if (live) {
    const more = topUp(live.loan, atMs, "reserve", terms.principalMicro);
    if (!more.ok) return more;
    return { ...more, before: live, line: { ...live, unsecured, uncoveredWh, loan: more.loan } };
  }
  const times = { validMs, bufferMs, patienceMs };
  const stepped = borrow(accountOf(creditSeen(state, node)), bank, terms, atMs, times);
  if (!stepped.ok) return stepped;
  const place = { bank: bank.bank, home: home.bank, token: toHex(id), wallet };
  const facts = { unsecured, uncoveredWh, heldMicro: 0 };
  return { ...stepped, before: undefined, line: { ...place, ...facts, loan: stepped.loan } };
}

/** The borrower's own coins into the shared wallet. */
function addToWallet(
  line: CreditLine,
  { amountMicro, version }: TopUp,
  free: number,
  atMs: number,
): Judged | Refusal {
  if (version !== line.loan.version)
    return refuse("TOKEN_STALE", `${version}, newest ${line.loan.version}`);
  if (amountMicro === 0 || amountMicro > free)
    return refuse("CREDIT_UNFUNDED", `${amountMicro} of ${free} µc`);
  const stepped = topUp(line.loan, atMs, "borrower", amountMicro);
  if (!stepped.ok) return stepped;
  return { ...stepped, before: line, line: { ...line, loan: stepped.loan } };
}

/** A repayment from free coins: as much of it as there are, and no more than the debt. */
function payDebt(
  line: CreditLine,
  { amountMicro }: Repayment,
  free: number,
  atMs: number,
): Judged | Refusal {
  if (!isLive(line.loan)) return refuse("LOAN_STATE", line.loan.state);
  const micro = Math.min(amountMicro, free, debtMicro(line.loan));
  if (micro === 0) return refuse("CREDIT_UNFUNDED", `${free} µc are free`);
  const stepped = ended(line, (loan) => repay(loan, atMs, micro));
  if (!stepped.ok) return stepped;
  return { ...stepped, before: line, line: { ...line, ...stepped.held, loan: stepped.loan } };
}

/** Coins come back to a shared wallet whose loan is over: to what is owed, the rest to the borrower. */
export function returnCoins(
  state: LedgerState,
  node: string,
  wallet: string,
  micro: number,
  atMs: number,
  effects: Effect[],
): void {
  const line = creditSeen(state, node).line;
  assert(line, "CREDIT_LINE", node);
  state.account(node).balanceMicro += micro;
  // Only the loan that the lock was of takes them; a default's borrower has no debt that takes coins.
  const owed = line.wallet === wallet ? Math.min(micro, debtMicro(line.loan)) : 0;
  const stepped = owed > 0 ? repay(line.loan, atMs, owed) : undefined;
  if (stepped?.ok) enter(state, node, line, { ...line, loan: stepped.loan }, stepped, effects);
  const rest = stepped?.ok ? micro - owed : micro;
  if (rest === 0) return;
  const to = memberWallet(state, node);
  effects.push(creditEffect(EffectKind.refund, { from: wallet, to, micro: rest }));
}

/** What the ledger's clock does to all loans, and what defaults are written off; in order of node id. */
export function passCredit(state: LedgerState, atMs: number, effects: Effect[]): void {
  const live: string[] = [];
  for (const { node, line } of state.credits.values())
    if (line && isLive(line.loan)) live.push(node);
  for (const node of live.sort()) {
    const line = creditSeen(state, node).line!;
    const given = line.loan.state === "DEFAULT";
    const step: Ended | Refusal = given
      ? writeOff(line.loan, atMs)
      : ended(line, (loan) => passTime(loan, atMs));
    if (!step.ok || step.loan === line.loan) continue;
    enter(state, node, line, { ...line, ...step.held, loan: step.loan }, step, effects);
  }
}

type Ended = Stepped & { held?: { heldMicro: number } };

/**
 * A step that may end the token. What RESERVEs still hold then stays in their locks and is the loan's no more:
 * it counts as spent, and comes back by `returnCoins` where it is not.
 */
function ended(line: CreditLine, step: (loan: Loan) => Stepped | Refusal): Ended | Refusal {
  const stepped = step(line.loan);
  const { heldMicro, loan } = line;
  if (!stepped.ok || heldMicro === 0 || loan.swept || !stepped.loan.swept) return stepped;
  const balanceMicro = loan.balanceMicro - heldMicro;
  const again = step({ ...loan, balanceMicro, spentMicro: loan.spentMicro + heldMicro });
  return again.ok ? { ...again, held: { heldMicro: 0 } } : again;
}

/** Puts a step of a loan into the ledger: coins, the bank's book, the borrower's record, effects. */
function enter(
  state: LedgerState,
  node: string,
  before: CreditLine | undefined,
  line: CreditLine,
  stepped: Stepped,
  effects: Effect[],
): void {
  const bank = state.banks.get(line.bank);
  assert(bank, "CREDIT_BANK", line.bank);
  const entry = creditOf(state, node);
  const own = memberWallet(state, node);
  const token = fromHex(line.token);
  for (const { from, to, amountMicro: micro } of stepped.moves) {
    const account = state.account(node);
    if (from === "borrower") account.balanceMicro -= micro;
    if (to === "borrower") account.balanceMicro += micro;
    if (from === "reserve") state.totals.reservesMicro -= micro;
    if (to === "reserve") state.totals.reservesMicro += micro;
    assert(account.balanceMicro >= 0, "CREDIT_COINS", node);
    const at = { reserve: bank.wallet, shared: line.wallet, borrower: own, seller: own };
    const kind =
      from === "reserve"
        ? EffectKind.lend
        : to === "reserve"
          ? EffectKind.repay
          : to === "shared"
            ? EffectKind.topUp
            : EffectKind.refund;
    effects.push(creditEffect(kind, { from: at[from], to: at[to], micro, token }));
  }
  Object.assign(bank, bookAfter(bank, before?.loan, stepped));
  // Of an earlier loan the record has all already.
  const account = { ...accountOf(entry), loan: before?.loan ?? null };
  const { record } = accountAfter(account, stepped, CREDIT_RULE);
  Object.assign(entry, record, { line });
  told(before?.loan, line, bank, token, effects);
}

/** Turns for the worse have effects of their own, though no coins move. */
function told(
  before: Loan | undefined,
  { loan, wallet }: CreditLine,
  bank: BankEntry,
  token: Uint8Array | undefined,
  effects: Effect[],
): void {
  if (!before || before.state === loan.state) return;
  const place = { from: wallet, to: bank.wallet, token };
  const wasLate = before.state === "LATE";
  if (!wasLate && (loan.state === "LATE" || loan.state === "DEFAULT"))
    effects.push(creditEffect(EffectKind.late, { ...place, micro: debtMicro(loan) }));
  if (loan.state === "DEFAULT")
    effects.push(creditEffect(EffectKind.default, { ...place, micro: debtMicro(loan) }));
  if (loan.state === "BLACKLIST")
    effects.push(creditEffect(EffectKind.writeOff, { ...place, micro: outstandingMicro(loan) }));
}

/** All that is wrong with the ledger's credit: I3, I23, I24, I27 to I29; empty is right. */
export function creditFaults(state: LedgerState): string[] {
  const faults: string[] = [];
  const loans = new Map<string, Loan[]>();
  const held = new Map<string, number>();
  for (const lock of state.locks.values()) {
    const key = `${lock.node}|${lock.wallet}`;
    held.set(key, (held.get(key) ?? 0) + lock.leftMicro);
  }
  const tokens = new Set<string>();
  for (const entry of state.credits.values()) {
    const { node, line } = entry;
    for (const fault of accountFaults(accountOf(entry))) faults.push(`${fault}: ${node}`);
    if (!line) continue;
    if (tokens.has(line.token)) faults.push(`I23: token ${line.token} twice`);
    tokens.add(line.token);
    const { heldMicro, loan } = line;
    if (heldMicro > loan.balanceMicro) faults.push(`I24: ${heldMicro} µc held: ${node}`);
    const locked = loan.swept ? 0 : (held.get(`${node}|${line.wallet}`) ?? 0);
    if (locked !== heldMicro) faults.push(`I24: ${heldMicro} µc held, ${locked} locked: ${node}`);
    loans.set(line.bank, [...(loans.get(line.bank) ?? []), loan]);
  }
  let reserves = 0;
  for (const bank of state.banks.values()) {
    const { reserveMicro, distributedMicro } = bank;
    reserves += reserveMicro;
    const { capitalMicro, outstandingMicro: out, interestMicro, penaltiesMicro } = bank;
    const { writtenOffMicro } = bank;
    const book = { capitalMicro, reserveMicro: reserveMicro + distributedMicro };
    const sums = { outstandingMicro: out, interestMicro, penaltiesMicro, writtenOffMicro };
    if (reserveMicro < 0) faults.push("I2: a reserve below 0");
    faults.push(...bookFaults({ ...book, ...sums }, loans.get(bank.bank) ?? []));
  }
  if (reserves !== state.totals.reservesMicro) faults.push(`I1: ${reserves} µc in reserves`);
  return faults;
}

/** The address of a member that no trade is done under. */
export function memberWallet(state: LedgerState, node: string): string {
  return state.newestSet(node).wallets[0];
}

function creditEffect(
  kind: number,
  coins: { from?: string; to?: string; micro: number; token?: Uint8Array },
): Effect {
  const { from, to, micro, token } = coins;
  return {
    kind,
    reserve: token,
    sold: undefined,
    leg: 0,
    bought: undefined,
    from: from === undefined ? undefined : fromHex(from),
    to: to === undefined ? undefined : fromHex(to),
    micro,
    qtyWh: 0,
  };
}
