// SPDX-License-Identifier: Apache-2.0
/**
 * From what a bank has on file, in integers, to the terms of a loan, in integers: the model's floats live
 * between the two and nowhere else.
 *
 * Rounding is in the bank's favour and in this order: α up to a ppm (to the highest allowed rate at most),
 * β = α/(ηt) up to a ppm, R down to a micro-coin at the rounded rates. Then the margin is checked once more
 * in integers: γ(βt − tc) + (1 − γ)α > 0 of the rates that will be charged. R is what the borrower would
 * choose at the rounded rates, rounded down; as its utility is concave, it still gains by the loan.
 */
import { type Refusal, refuse } from "../errors/codes.ts";
import { PRICE_MICRO_MAX } from "../limits.ts";
import { isCount, mulDivCeil } from "../market/exact.ts";
import { MICRO_PER_COIN } from "../units/money.ts";
import {
  ETA_PERMILLE_MAX,
  LOAN_MICRO_MAX,
  LOAN_MONTHS_MAX,
  LOAN_WH_MAX,
  RATE_PPM_MAX,
} from "./bounds.ts";
import { type CreditRecord, GRADES, gradeFactor, repaymentChance } from "./grade.ts";
import type { LoanModel } from "./model.ts";
import { type PriceLimits, priceLoan } from "./price.ts";

export const PPM = 1_000_000;

/** All that a loan is priced by. */
export interface LoanFile {
  /** s and f: λ. */
  onTime: number;
  late: number;
  /** 1 (A1) … 35 (G5): γ. */
  grade: number;
  /** d: what energy from neighbours is worth to the borrower in the loan's time, µc. */
  worthMicro: number;
  /** θ, Wh. */
  thetaWh: number;
  /** Q: energy of the loan's time that its own coins do not pay, Wh. */
  needWh: number;
  /** p, µc per kWh. */
  priceMicroPerKwh: number;
  /** t. */
  months: number;
  /** c: cost of a coin lent, ppm a month. */
  costPpm: number;
  /** η: penalty over the interest of the whole time, permille. */
  etaPermille: number;
}

/** The bank's own bounds. */
export interface LoanBounds {
  /** Highest penalty rate, ppm of the loan. */
  alphaMaxPpm: number;
  /** Most coins in this loan, µc. */
  loanMaxMicro: number;
}

/** Terms of a loan as they are signed. */
export interface LoanTerms {
  ok: true;
  principalMicro: number;
  /** Penalty where it is late, ppm of the principal, in place of interest. */
  alphaPpm: number;
  /** Interest, ppm of the principal and month. */
  betaPpm: number;
  months: number;
}

/** Whether every number of a file is one, and in its range. */
export function isLoanFile(file: LoanFile): boolean {
  const { onTime, late, grade, months, etaPermille } = file;
  return (
    Object.values(file).every(isCount) &&
    onTime + late <= Number.MAX_SAFE_INTEGER - 2 &&
    grade >= 1 &&
    grade <= GRADES &&
    file.worthMicro > 0 &&
    file.worthMicro <= LOAN_MICRO_MAX &&
    file.thetaWh > 0 &&
    file.thetaWh <= LOAN_WH_MAX &&
    file.needWh <= LOAN_WH_MAX &&
    file.priceMicroPerKwh > 0 &&
    file.priceMicroPerKwh <= PRICE_MICRO_MAX &&
    months > 0 &&
    months <= LOAN_MONTHS_MAX &&
    file.costPpm > 0 &&
    file.costPpm <= RATE_PPM_MAX &&
    etaPermille > 1000 &&
    etaPermille <= ETA_PERMILLE_MAX
  );
}

/** The file as the model has it: coins, kWh, fractions. */
export function modelOf(file: LoanFile): LoanModel {
  const record: CreditRecord = { onTime: file.onTime, late: file.late, points: 0 };
  const [chance, factor] = [repaymentChance(record), gradeFactor(file.grade)];
  return {
    lambda: chance.over / chance.under,
    gamma: factor.over / factor.under,
    d: file.worthMicro / MICRO_PER_COIN,
    theta: file.thetaWh / 1000,
    q: file.needWh / 1000,
    p: file.priceMicroPerKwh / MICRO_PER_COIN,
    t: file.months,
    c: file.costPpm / PPM,
    eta: file.etaPermille / 1000,
  };
}

/**
 * The terms of the best loan for the bank.
 * @param shadow μ of a bank whose coins are short (budget.ts), else 0
 * @returns or refuses with the codes of priceLoan; LOAN_NO_MARGIN also where rounding leaves no loan
 */
export function quoteLoan(file: LoanFile, bounds: LoanBounds, shadow = 0): LoanTerms | Refusal {
  if (!isLoanFile(file)) return refuse("LOAN_TERMS", Object.values(file).join(" "));
  const alphaMaxPpm = Math.min(bounds.alphaMaxPpm, RATE_PPM_MAX);
  const loanMaxMicro = Math.min(bounds.loanMaxMicro, LOAN_MICRO_MAX);
  if (!isCount(alphaMaxPpm) || !isCount(loanMaxMicro))
    return refuse("LOAN_TERMS", `bounds ${alphaMaxPpm} ppm, ${loanMaxMicro} µc`);
  const model = modelOf(file);
  const limits: PriceLimits = {
    alphaMax: alphaMaxPpm / PPM,
    loanMax: loanMaxMicro / MICRO_PER_COIN,
    shadow,
  };
  const price = priceLoan(model, limits);
  if (!price.ok) return price;
  const alphaPpm = Math.min(Math.ceil(price.alpha * PPM), alphaMaxPpm);
  const { months, etaPermille } = file;
  // β = α·1000/(etaPermille·months), up.
  const betaPpm = mulDivCeil(alphaPpm, 1000, etaPermille * months);
  const principalMicro = Math.min(
    Math.floor(bestAt(model, alphaPpm, betaPpm) * MICRO_PER_COIN),
    Math.floor(price.loan * MICRO_PER_COIN),
    loanMaxMicro,
  );
  if (principalMicro < 1) return refuse("LOAN_NO_MARGIN", `${price.loan} coins`);
  // Rates of a few ppm: rounding would make the interest dearer than the penalty.
  if (betaPpm * months > alphaPpm) return refuse("LOAN_NO_MARGIN", `${price.alpha}`);
  if (!hasMargin(file, alphaPpm, betaPpm))
    return refuse("LOAN_NO_MARGIN", `${alphaPpm} ppm, ${betaPpm} ppm a month`);
  return { ok: true, principalMicro, alphaPpm, betaPpm, months };
}

/** The borrower's best amount at whole rates, coins: (8) with β as it is charged. */
function bestAt({ lambda, d, theta, q, p, t }: LoanModel, alphaPpm: number, betaPpm: number) {
  const paid = lambda * ((betaPpm * t) / PPM) + (1 - lambda) * (alphaPpm / PPM);
  return (lambda * d) / paid + (q - theta) * p;
}

/** γ(βt − tc) + (1 − γ)α > 0, times 35 and in ppm: exact, as every product is far below 2^53. */
export function hasMargin(file: LoanFile, alphaPpm: number, betaPpm: number): boolean {
  const { over, under } = gradeFactor(file.grade);
  return over * file.months * (betaPpm - file.costPpm) + (under - over) * alphaPpm > 0;
}
