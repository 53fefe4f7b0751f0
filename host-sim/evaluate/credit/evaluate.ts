// SPDX-License-Identifier: Apache-2.0
/** The evaluation of credit: what is run, and what comes out of it. The same input gives the same numbers. */
import { readFileSync } from "node:fs";
import { METER_BACKED, PAPER } from "#core/credit/policy";
import { mulberry32 } from "../../worlds/random.ts";
import type { Fact } from "../report.ts";
import { quantile } from "../smartchain/stats.ts";
import { algorithmOne, commonRatePercent, type Variant } from "./algorithm1.ts";
import { type BudgetRow, budgetTable } from "./budgets.ts";
import {
  type Convergence,
  convergenceOf,
  FITTED_STEP,
  STEPS,
  type Talk,
  talk,
} from "./convergence.ts";
import { BANKS, BORROWERS, type Borrower, type Drawn, draw, drawGrade, PRICE } from "./draw.ts";
import { creditFacts } from "./facts.ts";
import { type GradeTable, meanGamma, RECALLED } from "./grades.ts";
import { type Fig7, fig7Of } from "./pooled.ts";
import { type PortfolioResult, runPortfolio } from "./portfolio.ts";
import { equilibriumLoan, runSeed } from "./schemes.ts";
import { type GammaPoint, type LambdaPoint, overGamma, overLambda } from "./sensitivity.ts";
import { type ConfirmationRow, confirmationTable, type SpeedRow, speedTable } from "./speed.ts";

export interface CreditSetup {
  /** Seeds 1 … this. */
  seeds: number;
  grades: GradeTable;
}

/** Round by round, percent of where the equilibrium is. */
export interface Fig8Curve {
  iterations: number[];
  /** Over all banks: median and 5 to 95 %. */
  median: number[];
  p5: number[];
  p95: number[];
  /** The first bank of seed 1, and the loan of its borrower with the median rate. */
  bank: number[];
  loan: number[];
}

export interface CreditEvaluation extends Pick<Fig7, "pooled" | "worseOff"> {
  about: string;
  run: { node: string; wattle: string; date: string; seconds: number };
  setup: {
    seeds: number;
    grades: string;
    /** Whether it is the table that the price was fitted with. */
    recalled: boolean;
    meanGamma: number;
    priceFitted: number;
    stepFitted: number;
  };
  fig5a: ConfirmationRow[];
  fig5b: SpeedRow[];
  /** The same over forty hours. */
  fig5bLong: SpeedRow[];
  /** Percent of loans of each grade: in the table, and drawn. */
  fig6: { tablePercent: number[]; drawnPercent: number[] };
  fig7: Fig7;
  fig8: Convergence & { curve: Fig8Curve };
  fig8Steps: Convergence[];
  fig9a: GammaPoint[];
  fig9b: LambdaPoint[];
  algorithm1: Variant[];
  commonRatePercent: number;
  budgets: BudgetRow[];
  portfolios: PortfolioResult[];
  facts: Fact[];
}

const CURVE_ROUNDS = 40;
const SPEED_SEEDS = 100;
const LONG_SEEDS = 10;
const LONG_MINUTES = 2400;
/** Borrowers of the printed algorithm; banks of the common rate, and of those with few coins. */
const ALGORITHM_BORROWERS = 3000;
const COMMON_BANKS = 150;
/** Grades that are drawn for Fig. 6. */
const FIG6_DRAWS = 100_000;

export function evaluateCredit(
  { seeds, grades }: CreditSetup,
  say: (done: number, total: number, what: string) => void,
): CreditEvaluation {
  const startMs = performance.now();
  const total = 9 + STEPS.length;
  let done = 0;
  const phase = <T>(what: string, work: () => T): T => {
    say(done++, total, what);
    return work();
  };
  const drawn: Drawn[] = phase("drawing borrowers", () =>
    Array.from({ length: seeds }, (_, i) => draw(i + 1, grades.counts)),
  );
  const banks = drawn.flatMap((one) => one.banks);
  const borrowers = banks.flat();
  const fig7 = phase("three schemes", () => fig7Of(drawn.map(runSeed), BANKS * BORROWERS));
  const talks = STEPS.map((step) =>
    phase(`rounds of Δα = ${step}`, () => banks.map((models) => talk(models, step))),
  );
  const fig8Steps = STEPS.map((step, i) => convergenceOf(talks[i], step));
  const fitted = STEPS.indexOf(FITTED_STEP);
  const curve = phase("the curve of Fig. 8", () => curveOf(talks[fitted], banks[0]));
  const fig8 = { ...fig8Steps[fitted], curve };
  const fig9a = phase("grades", () => overGamma(borrowers));
  const fig9b = phase("chances of repayment", () => overLambda(borrowers));
  const algorithm1 = phase("the printed algorithm", () =>
    algorithmOne(borrowers.slice(0, ALGORITHM_BORROWERS)),
  );
  const common = commonRatePercent(banks.slice(0, COMMON_BANKS));
  const budgets = phase("banks with few coins", () => budgetTable(banks.slice(0, COMMON_BANKS)));
  const [fig5b, fig5bLong] = phase("trades under confirmation delays", () => [
    speedTable(SPEED_SEEDS),
    speedTable(LONG_SEEDS, LONG_MINUTES),
  ]);
  const portfolios = phase("two lending policies", () =>
    [PAPER, METER_BACKED].map((policy) => runPortfolio(policy, 1)),
  );
  const measured = {
    ...{ pooled: fig7.pooled, worseOff: fig7.worseOff, fig5b, fig5bLong, fig7, fig8, fig8Steps },
    ...{ fig9a, fig9b, algorithm1, commonRatePercent: common, budgets, portfolios },
    fig5a: confirmationTable(),
    fig6: fig6Of(grades.counts),
  };
  return {
    about:
      "pooled, worseOff and other percentages are in percent; benefits and loans in coins; alpha is of the loan",
    run: runOf((performance.now() - startMs) / 1000),
    setup: {
      ...{ seeds, grades: grades.source, recalled: grades === RECALLED },
      meanGamma: meanGamma(grades),
      ...{ priceFitted: PRICE, stepFitted: FITTED_STEP },
    },
    ...measured,
    facts: creditFacts(measured),
  };
}

function fig6Of(counts: readonly number[]): CreditEvaluation["fig6"] {
  const all = counts.reduce((sum, count) => sum + count, 0);
  const random = mulberry32(1);
  const drawnCounts = counts.map(() => 0);
  for (let i = 0; i < FIG6_DRAWS; i++) drawnCounts[drawGrade(random, counts) - 1]++;
  return {
    tablePercent: counts.map((count) => (100 * count) / all),
    drawnPercent: drawnCounts.map((count) => (100 * count) / FIG6_DRAWS),
  };
}

function curveOf(talks: readonly Talk[], firstBank: readonly Borrower[]): Fig8Curve {
  const at = (values: readonly number[], i: number) => values[Math.min(i, values.length - 1)];
  const iterations = Array.from({ length: CURVE_ROUNDS }, (_, i) => i + 1);
  const shares = iterations.map((_, i) =>
    talks.map(({ totals, equilibrium }) => (100 * at(totals, i)) / equilibrium),
  );
  const [first] = talks;
  const rates = firstBank.map((model) => equilibriumLoan(model).alpha);
  const lent = rates.filter((alpha) => alpha > 0).sort((a, b) => a - b);
  const who = rates.indexOf(lent[Math.floor(lent.length / 2)]);
  const watched = talk(firstBank, FITTED_STEP, who).loans;
  return {
    iterations,
    median: shares.map((values) => quantile(values, 0.5)),
    p5: shares.map((values) => quantile(values, 0.05)),
    p95: shares.map((values) => quantile(values, 0.95)),
    bank: iterations.map((_, i) => (100 * at(first.totals, i)) / first.equilibrium),
    loan: iterations.map((_, i) => (100 * at(watched, i)) / equilibriumLoan(firstBank[who]).loan),
  };
}

function runOf(seconds: number): CreditEvaluation["run"] {
  const manifest = new URL("../../../package.json", import.meta.url);
  const wattle = JSON.parse(readFileSync(manifest, "utf8")).version;
  const date = new Date().toISOString().slice(0, 10);
  return { node: process.versions.node, wattle, date, seconds };
}
