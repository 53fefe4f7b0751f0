// SPDX-License-Identifier: Apache-2.0
/**
 * What a bank knows of a borrower: how often it repaid in time (s) and late (f), and its credit value.
 * Integers and exact fractions; all of it follows from what is FINAL in the ledger.
 */
import { assert } from "../errors/assert.ts";
import { mulDivCeil } from "../market/exact.ts";
import { MICRO_PER_COIN } from "../units/money.ts";
import { CREDIT_POINTS_MAX, LOANS_COUNTED_MAX } from "./bounds.ts";

/** Grades A1 … G5, seven letters of five. */
export const GRADES = 35;
const LETTERS = "ABCDEFG";
const PER_LETTER = 5;

/** The paper's RP(s, f) and credit value. */
export interface CreditRecord {
  /** s: loans repaid in time. */
  onTime: number;
  /** f: loans that were late, repaid later or not. */
  late: number;
  /** Credit value; below 0 there is no loan. */
  points: number;
}

/** How the credit value moves, and what it takes for a grade. Part of an area's rules. */
export interface CreditRule {
  /** Points for buyer and seller with each FINAL trade (paper, II-B). */
  tradePoints: number;
  /** δ: points that a late loan costs for each coin of it. */
  latePointsPerCoin: number;
  /** Points from one grade to the next better one; G5 begins at 0. */
  gradeStepPoints: number;
}

/**
 * A quarter-hour's trade is a point, and a grade takes a hundred: a household that trades through its days
 * comes from G5 to A1 in three months or so. A late loan of ten coins costs two grades.
 */
export const CREDIT_RULE: Readonly<CreditRule> = Object.freeze({
  tradePoints: 1,
  latePointsPerCoin: 20,
  gradeStepPoints: 100,
});

/**
 * Of a borrower without any history. Made anew each time: XS cannot turn an object in flash into JSON.
 */
export function newRecord(): CreditRecord {
  return { onTime: 0, late: 0, points: 0 };
}

/** An exact fraction of non-negative integers. */
export interface Fraction {
  over: number;
  under: number;
}

/**
 * λ̂ = (s + 1) / (s + f + 2): Laplace's rule of succession, above 0 and below 1 also for a first loan, where
 * the paper's s / (s + f) is not defined.
 */
export function repaymentChance({ onTime, late }: CreditRecord): Fraction {
  return { over: onTime + 1, under: onTime + late + 2 };
}

/** The grade's number, 1 (A1) … 35 (G5), or undefined below a credit value of 0. */
export function gradeOf({ points }: CreditRecord, rule: CreditRule): number | undefined {
  assert(rule.gradeStepPoints > 0, "CREDIT_RULE", `${rule.gradeStepPoints}`);
  if (points < 0) return undefined;
  return Math.max(1, GRADES - Math.floor(points / rule.gradeStepPoints));
}

/** `A1` … `G5`. */
export function gradeName(grade: number): string {
  assert(Number.isInteger(grade) && grade >= 1 && grade <= GRADES, "CREDIT_GRADE", `${grade}`);
  const letter = Math.floor((grade - 1) / PER_LETTER);
  return `${LETTERS[letter]}${grade - letter * PER_LETTER}`;
}

/** The number of a grade's name, or undefined for what is none. */
export function gradeNumber(name: string): number | undefined {
  const [letter, digit] = [LETTERS.indexOf(name.slice(0, 1)), Number(name.slice(1))];
  if (!/^[A-G][1-5]$/.test(name)) return undefined;
  return letter * PER_LETTER + digit;
}

/** γ = 1 − (n − 1)/35, from 1 for A1 to 1/35 for G5. */
export function gradeFactor(grade: number): Fraction {
  assert(Number.isInteger(grade) && grade >= 1 && grade <= GRADES, "CREDIT_GRADE", `${grade}`);
  return { over: GRADES + 1 - grade, under: GRADES };
}

/** The record of a party to a trade that has become FINAL. */
export function afterTrade(record: CreditRecord, rule: CreditRule): CreditRecord {
  return { ...record, points: bounded(record.points + rule.tradePoints) };
}

/** The record after a loan was repaid in time. Only trades raise the credit value. */
export function afterOnTime(record: CreditRecord): CreditRecord {
  assert(record.onTime < LOANS_COUNTED_MAX, "CREDIT_LOANS", `${record.onTime}`);
  return { ...record, onTime: record.onTime + 1 };
}

/** The record when a loan of `amountMicro` becomes late: Credit − δ·amount, rounded down. */
export function afterLate(
  record: CreditRecord,
  amountMicro: number,
  rule: CreditRule,
): CreditRecord {
  assert(record.late < LOANS_COUNTED_MAX, "CREDIT_LOANS", `${record.late}`);
  const lost = mulDivCeil(amountMicro, rule.latePointsPerCoin, MICRO_PER_COIN);
  return { ...record, late: record.late + 1, points: bounded(record.points - lost) };
}

function bounded(points: number): number {
  return Math.max(-CREDIT_POINTS_MAX, Math.min(CREDIT_POINTS_MAX, points));
}
