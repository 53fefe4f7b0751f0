// SPDX-License-Identifier: Apache-2.0
/**
 * From a meter's history to the parameters of its loan. The paper draws them at random (Table II); a bank
 * has the ledger. Integers throughout, so that every member comes to the same file.
 *
 *   Q      what the borrower is expected to import in the loan's time, less what its own coins pay for
 *   θ − Q  the energy that it bought from neighbours in a mean time of that length: its habit H
 *   d      what it saved by that: H times the grid's price less the mean price that it paid
 *
 * Satisfaction d·ln(E + θ − Q) has the slope d/(E + H). So the first kWh of the loan is worth just what a
 * neighbour's kWh saves against the grid's, and the habit's last one half of that. The principal is not in
 * the paper's utility (2) though it has to be repaid: fitted to what is saved, d already is net of it, and
 * no borrower is expected to pay more for energy on credit than the grid asks.
 *
 * Who never bought from a neighbour has the metered import in place of the habit, and the price of the slot
 * in place of the mean one.
 */
import { type Refusal, refuse } from "../errors/codes.ts";
import { PRICE_MICRO_MAX } from "../limits.ts";
import { isCount, mulDivFloor } from "../market/exact.ts";
import { LOAN_MICRO_MAX, LOAN_MONTHS_MAX, LOAN_WH_MAX } from "./bounds.ts";
import type { CreditRecord } from "./grade.ts";
import type { LoanFile } from "./quote.ts";

/** What the ledger has about a member, over the months that were looked at. */
export interface MeterHistory {
  /** Months of the history, at least 1. */
  months: number;
  /** Metered import, from neighbours and from the grid, Wh. */
  importWh: number;
  /** Energy bought from neighbours, Wh. */
  boughtWh: number;
  /** What was paid for it, µc. */
  paidMicro: number;
  /** Free coins now, µc. */
  balanceMicro: number;
}

/** What an area and its bank set. */
export interface LoanOffer {
  /** t: length of the loan. */
  months: number;
  /** p: the price of the slot, µc per kWh. */
  priceMicroPerKwh: number;
  /** What the grid asks, µc per kWh. */
  gridMicroPerKwh: number;
  /** c, ppm a month. */
  costPpm: number;
  /** η, permille. */
  etaPermille: number;
}

export type Mapped = { ok: true; file: LoanFile } | Refusal;

/**
 * The file of a borrower of grade `grade`; see gradeOf, and policy.ts for one without history.
 * @returns or refuses with CREDIT_NO_USE where nothing was imported, the need is covered or the grid is not
 * dearer; LOAN_TERMS for numbers out of range
 */
export function fileOf(
  history: MeterHistory,
  record: CreditRecord,
  grade: number,
  offer: LoanOffer,
): Mapped {
  const { months, priceMicroPerKwh, gridMicroPerKwh, costPpm, etaPermille } = offer;
  const numbers = [...Object.values(history), ...Object.values(offer)];
  if (!isHistory(history) || !isOffer(offer)) return refuse("LOAN_TERMS", numbers.join(" "));
  const expectedWh = mulDivFloor(history.importWh, months, history.months);
  if (expectedWh > LOAN_WH_MAX) return refuse("LOAN_TERMS", `${expectedWh} Wh`);
  if (history.balanceMicro > LOAN_MICRO_MAX) return refuse("CREDIT_NO_USE", "coins enough");
  const ownWh = mulDivFloor(history.balanceMicro, 1000, priceMicroPerKwh);
  const needWh = Math.max(0, expectedWh - ownWh);
  const neighbours = history.boughtWh > 0;
  const habitWh = neighbours ? mulDivFloor(history.boughtWh, months, history.months) : expectedWh;
  const meanMicro = neighbours
    ? mulDivFloor(history.paidMicro, 1000, history.boughtWh)
    : priceMicroPerKwh;
  if (needWh === 0 || habitWh === 0) return refuse("CREDIT_NO_USE", `${needWh}, ${habitWh} Wh`);
  const savedMicroPerKwh = gridMicroPerKwh - meanMicro;
  if (savedMicroPerKwh <= 0)
    return refuse("CREDIT_NO_USE", `grid ${gridMicroPerKwh}, paid ${meanMicro} µc per kWh`);
  const worthMicro = mulDivFloor(habitWh, savedMicroPerKwh, 1000);
  if (worthMicro < 1 || worthMicro > LOAN_MICRO_MAX)
    return refuse("LOAN_TERMS", `d ${worthMicro} µc`);
  const { onTime, late } = record;
  return {
    ok: true,
    file: {
      ...{
        onTime,
        late,
        grade,
        worthMicro,
        needWh,
        priceMicroPerKwh,
        months,
        costPpm,
        etaPermille,
      },
      thetaWh: needWh + habitWh,
    },
  };
}

function isHistory(history: MeterHistory): boolean {
  return (
    Object.values(history).every(isCount) &&
    history.months >= 1 &&
    history.importWh <= LOAN_WH_MAX * LOAN_MONTHS_MAX &&
    history.boughtWh <= history.importWh &&
    history.paidMicro <= LOAN_MICRO_MAX
  );
}

function isOffer(offer: LoanOffer): boolean {
  return (
    Object.values(offer).every(isCount) &&
    offer.months >= 1 &&
    offer.months <= LOAN_MONTHS_MAX &&
    offer.priceMicroPerKwh >= 1 &&
    offer.priceMicroPerKwh <= PRICE_MICRO_MAX &&
    offer.gridMicroPerKwh <= PRICE_MICRO_MAX
  );
}

/** What a need costs, µc: the most that a bank lends for it. */
export function needMicro({ needWh, priceMicroPerKwh }: LoanFile): number {
  return Math.min(LOAN_MICRO_MAX, mulDivFloor(needWh, priceMicroPerKwh, 1000) + 1);
}

/** Energy of the need that a loan does not pay, Wh: it comes from the grid, and is reported. */
export function uncoveredWh(
  { needWh, priceMicroPerKwh }: LoanFile,
  principalMicro: number,
): number {
  return Math.max(0, needWh - mulDivFloor(principalMicro, 1000, priceMicroPerKwh));
}
