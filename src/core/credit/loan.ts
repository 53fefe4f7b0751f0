// SPDX-License-Identifier: Apache-2.0
/**
 * One loan from its issue to its end (ledger 5), on the ledger's clock and in integers:
 *
 *   ACTIVE ─ debt paid before repayByMs ─► REPAID
 *   ACTIVE ─ repayByMs ─► LATE ─ debt paid ─► REPAID_LATE
 *                         LATE ─ defaultAtMs ─► DEFAULT ─ written off ─► BLACKLIST
 *
 * The bank's coins lie in a wallet that bank and borrower share; the token speaks for them until
 * validUntilMs. What is left in it then goes to the debt, and what is left of that to the borrower. An
 * instant belongs to what begins with it: a repayment at repayByMs is late.
 *
 * Debt is the principal, and interest R·β·t in time or the penalty R·α in its place once late; each rounded
 * up once. Coins that come in pay the principal first, so that a default costs the bank the least of its
 * capital. The whole interest is due however early the loan is repaid, as in the paper.
 */
import { assert } from "../errors/assert.ts";
import { type Refusal, refuse } from "../errors/codes.ts";
import { isCount, mulDivCeil } from "../market/exact.ts";
import { LOAN_MICRO_MAX, TOKEN_VERSIONS_MAX } from "./bounds.ts";
import { type LoanTerms, PPM } from "./quote.ts";

export type LoanState = "ACTIVE" | "REPAID" | "LATE" | "REPAID_LATE" | "DEFAULT" | "BLACKLIST";

export interface Loan {
  readonly state: LoanState;
  /** Of the token; each payment, top-up and the token's end make a new one. */
  readonly version: number;
  readonly alphaPpm: number;
  readonly betaPpm: number;
  readonly months: number;
  /** Protocol time, ms: end of the token, of the repayment buffer, and of patience. */
  readonly validUntilMs: number;
  readonly repayByMs: number;
  readonly defaultAtMs: number;
  /** What the bank lent, µc. */
  readonly principalMicro: number;
  /** What was ever in the shared wallet: principal and the borrower's own top-ups. */
  readonly amountMicro: number;
  /** What is in it. */
  readonly balanceMicro: number;
  /** What was paid out of it to sellers. */
  readonly spentMicro: number;
  /** What came back to the bank: of the principal, and as interest or penalty. */
  readonly principalPaidMicro: number;
  readonly chargePaidMicro: number;
  /** True once the token's end has emptied the shared wallet. */
  readonly swept: boolean;
}

/** Where coins of a loan are: the bank's reserve, the shared wallet, and the accounts of the two parties. */
export type Place = "reserve" | "shared" | "borrower" | "seller";

export interface Move {
  readonly from: Place;
  readonly to: Place;
  readonly amountMicro: number;
}

/** A loan after an event, and the coins that the ledger moves with it. */
export interface Stepped {
  ok: true;
  loan: Loan;
  moves: readonly Move[];
}

/** How long what takes, ms of protocol time. */
export interface LoanTimes {
  /** The token, from its issue. */
  validMs: number;
  /** The repayment buffer after it. */
  bufferMs: number;
  /** How long a late loan is waited for: the paper says a year. */
  patienceMs: number;
}

/** A loan at its issue: the principal goes into the shared wallet. Terms are those of quoteLoan. */
export function issueLoan(terms: LoanTerms, atMs: number, times: LoanTimes): Stepped {
  const { principalMicro, alphaPpm, betaPpm, months } = terms;
  const { validMs, bufferMs, patienceMs } = times;
  assert(
    [validMs, bufferMs, patienceMs].every((ms) => isCount(ms) && ms > 0),
    "CREDIT_TIMES",
    `${validMs}, ${bufferMs}, ${patienceMs} ms`,
  );
  assert(principalMicro > 0 && principalMicro <= LOAN_MICRO_MAX, "CREDIT_PRINCIPAL");
  assert(betaPpm * months <= alphaPpm, "CREDIT_RATES", `${betaPpm} · ${months} > ${alphaPpm} ppm`);
  const validUntilMs = atMs + validMs;
  const repayByMs = validUntilMs + bufferMs;
  const defaultAtMs = repayByMs + patienceMs;
  assert(isCount(atMs) && isCount(defaultAtMs), "CREDIT_TIMES", `${atMs} ms`);
  const loan: Loan = {
    ...{ state: "ACTIVE", version: 1, alphaPpm, betaPpm, months },
    ...{ validUntilMs, repayByMs, defaultAtMs, principalMicro },
    ...{ amountMicro: principalMicro, balanceMicro: principalMicro, spentMicro: 0 },
    ...{ principalPaidMicro: 0, chargePaidMicro: 0, swept: false },
  };
  return { ok: true, loan, moves: [move("reserve", "shared", principalMicro)] };
}

/** Interest, or the penalty once the loan was late, µc. */
export function chargeMicro(loan: Loan): number {
  const { state, principalMicro, alphaPpm, betaPpm, months } = loan;
  const inTime = state === "ACTIVE" || state === "REPAID";
  return mulDivCeil(principalMicro, inTime ? betaPpm * months : alphaPpm, PPM);
}

/** What is owed, µc: principal and charge less what came back; 0 once the loan has ended. */
export function debtMicro(loan: Loan): number {
  if (!isLive(loan)) return 0;
  const due = loan.principalMicro + chargeMicro(loan);
  return Math.max(0, due - loan.principalPaidMicro - loan.chargePaidMicro);
}

/** Whether the loan is neither repaid nor written off; then its borrower gets no other. */
export function isLive({ state }: Loan): boolean {
  return state === "ACTIVE" || state === "LATE" || state === "DEFAULT";
}

/** What time alone does until `atMs`, in order. Every other step begins with it. */
export function passTime(loan: Loan, atMs: number): Stepped {
  const moves: Move[] = [];
  if (!loan.swept && isLive(loan) && atMs >= loan.validUntilMs) loan = sweep(loan, moves);
  if (loan.state === "ACTIVE" && atMs >= loan.repayByMs)
    loan = closeIfPaid({ ...loan, state: "LATE" });
  if (loan.state === "LATE" && atMs >= loan.defaultAtMs) loan = { ...loan, state: "DEFAULT" };
  return { ok: true, loan, moves };
}

/**
 * A payment out of the shared wallet to a seller.
 * @param version that of the token shown, which must be the newest
 */
export function payFrom(
  before: Loan,
  atMs: number,
  version: number,
  amountMicro: number,
): Stepped | Refusal {
  assert(isCount(amountMicro) && amountMicro > 0, "CREDIT_AMOUNT", `${amountMicro} µc`);
  const { loan, moves } = passTime(before, atMs);
  if (loan.state !== "ACTIVE") return refuse("LOAN_STATE", loan.state);
  if (loan.swept) return refuse("TOKEN_EXPIRED", `at ${loan.validUntilMs} ms`);
  if (version !== loan.version) return refuse("TOKEN_STALE", `${version}, newest ${loan.version}`);
  if (amountMicro > loan.balanceMicro)
    return refuse("TOKEN_OVERDRAWN", `${amountMicro} of ${loan.balanceMicro} µc`);
  if (loan.version >= TOKEN_VERSIONS_MAX) return refuse("LOAN_STATE", `${loan.version} versions`);
  return {
    ok: true,
    loan: {
      ...loan,
      version: loan.version + 1,
      balanceMicro: loan.balanceMicro - amountMicro,
      spentMicro: loan.spentMicro + amountMicro,
    },
    moves: [...moves, move("shared", "seller", amountMicro)],
  };
}

/**
 * Coins into the shared wallet: the borrower's own, or more of the bank's at the same rates. The caller sees
 * to it that they are there.
 */
export function topUp(
  before: Loan,
  atMs: number,
  from: "borrower" | "reserve",
  amountMicro: number,
): Stepped | Refusal {
  assert(isCount(amountMicro) && amountMicro > 0, "CREDIT_AMOUNT", `${amountMicro} µc`);
  const { loan, moves } = passTime(before, atMs);
  if (loan.state !== "ACTIVE") return refuse("LOAN_STATE", loan.state);
  if (loan.swept) return refuse("TOKEN_EXPIRED", `at ${loan.validUntilMs} ms`);
  if (loan.version >= TOKEN_VERSIONS_MAX) return refuse("LOAN_STATE", `${loan.version} versions`);
  if (amountMicro > LOAN_MICRO_MAX - loan.amountMicro)
    return refuse("LOAN_TERMS", `${loan.amountMicro} + ${amountMicro} µc`);
  return {
    ok: true,
    loan: {
      ...loan,
      version: loan.version + 1,
      principalMicro: loan.principalMicro + (from === "reserve" ? amountMicro : 0),
      amountMicro: loan.amountMicro + amountMicro,
      balanceMicro: loan.balanceMicro + amountMicro,
    },
    moves: [...moves, move(from, "shared", amountMicro)],
  };
}

/** A repayment; what is beyond the debt is not taken. */
export function repay(before: Loan, atMs: number, amountMicro: number): Stepped | Refusal {
  assert(isCount(amountMicro) && amountMicro > 0, "CREDIT_AMOUNT", `${amountMicro} µc`);
  const { loan, moves } = passTime(before, atMs);
  if (loan.state !== "ACTIVE" && loan.state !== "LATE") return refuse("LOAN_STATE", loan.state);
  const taken = Math.min(amountMicro, debtMicro(loan));
  const paid = closeIfPaid(received(loan, taken));
  const all = taken > 0 ? [...moves, move("borrower", "reserve", taken)] : [...moves];
  if (isLive(paid) || paid.balanceMicro === 0) return { ok: true, loan: paid, moves: all };
  // Repaid while the token still had coins: they are the borrower's.
  all.push(move("shared", "borrower", paid.balanceMicro));
  return { ok: true, loan: { ...paid, balanceMicro: 0, swept: true }, moves: all };
}

/** The bank gives up a loan in default: no coins move, and the borrower goes on the blacklist. */
export function writeOff(before: Loan, atMs: number): Stepped | Refusal {
  const { loan, moves } = passTime(before, atMs);
  if (loan.state !== "DEFAULT") return refuse("LOAN_STATE", loan.state);
  return { ok: true, loan: { ...loan, state: "BLACKLIST" }, moves };
}

/** Principal that the bank is still out of, µc; of a loan written off what it lost. */
export function outstandingMicro({ principalMicro, principalPaidMicro }: Loan): number {
  return principalMicro - principalPaidMicro;
}

/** The token's end: its coins go to the debt, the rest to the borrower. */
function sweep(loan: Loan, moves: Move[]): Loan {
  const back = Math.min(loan.balanceMicro, debtMicro(loan));
  const rest = loan.balanceMicro - back;
  if (back > 0) moves.push(move("shared", "reserve", back));
  if (rest > 0) moves.push(move("shared", "borrower", rest));
  const version = loan.version + 1;
  return closeIfPaid({ ...received(loan, back), balanceMicro: 0, swept: true, version });
}

/** `amountMicro` of the debt came in: principal first. */
function received(loan: Loan, amountMicro: number): Loan {
  const ofPrincipal = Math.min(amountMicro, outstandingMicro(loan));
  return {
    ...loan,
    principalPaidMicro: loan.principalPaidMicro + ofPrincipal,
    chargePaidMicro: loan.chargePaidMicro + amountMicro - ofPrincipal,
  };
}

function closeIfPaid(loan: Loan): Loan {
  if (debtMicro(loan) > 0) return loan;
  if (loan.state === "ACTIVE") return { ...loan, state: "REPAID" };
  return loan.state === "LATE" ? { ...loan, state: "REPAID_LATE" } : loan;
}

function move(from: Place, to: Place, amountMicro: number): Move {
  return { from, to, amountMicro };
}
