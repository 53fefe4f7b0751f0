// SPDX-License-Identifier: Apache-2.0
/** Fig. 7 over many seeds: ratios of pooled means, and what single runs, as the paper's, spread over. */
import { mean, quantile } from "../smartchain/stats.ts";
import { type ByScheme, SCHEMES, type SeedResult } from "./schemes.ts";

/** Percent by which the equilibrium is above the other scheme. */
export interface Pooled {
  bankVsAas: number;
  bankVsRas: number;
  borrowerVsAas: number;
  borrowerVsRas: number;
}

/** What the paper printed for Fig. 7: one run. */
export const PRINTED: Readonly<Pooled> = Object.freeze({
  bankVsAas: 64.8,
  bankVsRas: 226.9,
  borrowerVsAas: 24.1,
  borrowerVsRas: 5.7,
});

export interface Seeds {
  mean: number;
  sd: number;
  p5: number;
  median: number;
  p95: number;
}

export interface Fig7 {
  pooled: Pooled;
  /** Single runs; the borrowers' are the means of the five that were drawn. */
  perSeed: Record<keyof Pooled, Seeds>;
  /** Percent of single runs with at least what the paper printed: of the borrowers each, and both at once. */
  asPrinted: { borrowerVsAas: number; borrowerVsRas: number; both: number };
  /** Means over all seeds, coins. */
  bank: ByScheme<number>;
  borrower: ByScheme<number>;
  gain: ByScheme<number>;
  bankSeeds: ByScheme<Seeds>;
  chosenSeeds: ByScheme<Seeds>;
  /** Percent of the borrowers that a scheme leaves with less than without a loan. */
  worseOff: ByScheme<number>;
  /** Equilibrium loans: percent of the borrowers, percent of the loans below the stated need, coins. */
  lentPercent: number;
  belowNeedPercent: number;
  meanLoan: number;
  alphaMax: number;
}

const percent = (more: number, than: number) => 100 * (more / than - 1);

function seedsOf(values: readonly number[]): Seeds {
  const average = mean(values);
  const variance = mean(values.map((value) => (value - average) ** 2));
  return {
    mean: average,
    sd: Math.sqrt(variance),
    p5: quantile(values, 0.05),
    median: quantile(values, 0.5),
    p95: quantile(values, 0.95),
  };
}

export function fig7Of(results: readonly SeedResult[], borrowers: number): Fig7 {
  const byScheme = <T>(of: (scheme: (typeof SCHEMES)[number]) => T) =>
    Object.fromEntries(SCHEMES.map((scheme) => [scheme, of(scheme)])) as ByScheme<T>;
  const means = (pick: (result: SeedResult) => ByScheme<number>) =>
    byScheme((scheme) => mean(results.map((result) => pick(result)[scheme])));
  const bank = means((result) => result.bank);
  const borrower = means((result) => result.borrower);
  const worse = means((result) => result.worse);
  const total = (pick: (result: SeedResult) => number) =>
    results.reduce((sum, result) => sum + pick(result), 0);
  const loans = total((result) => result.loans);
  const ratios = (pick: (result: SeedResult) => ByScheme<number>, than: "aas" | "ras") =>
    results.map((result) => percent(pick(result).equilibrium, pick(result)[than]));
  const aas = ratios(({ chosen }) => chosen, "aas");
  const ras = ratios(({ chosen }) => chosen, "ras");
  const share = (fits: (i: number) => boolean) =>
    (100 * results.filter((_, i) => fits(i)).length) / results.length;
  return {
    pooled: {
      bankVsAas: percent(bank.equilibrium, bank.aas),
      bankVsRas: percent(bank.equilibrium, bank.ras),
      borrowerVsAas: percent(borrower.equilibrium, borrower.aas),
      borrowerVsRas: percent(borrower.equilibrium, borrower.ras),
    },
    perSeed: {
      bankVsAas: seedsOf(ratios((result) => result.bank, "aas")),
      bankVsRas: seedsOf(ratios((result) => result.bank, "ras")),
      borrowerVsAas: seedsOf(aas),
      borrowerVsRas: seedsOf(ras),
    },
    asPrinted: {
      borrowerVsAas: share((i) => aas[i] >= PRINTED.borrowerVsAas),
      borrowerVsRas: share((i) => ras[i] >= PRINTED.borrowerVsRas),
      both: share((i) => aas[i] >= PRINTED.borrowerVsAas && ras[i] >= PRINTED.borrowerVsRas),
    },
    ...{ bank, borrower, gain: means((result) => result.gain) },
    bankSeeds: byScheme((scheme) => seedsOf(results.map((result) => result.bank[scheme]))),
    chosenSeeds: byScheme((scheme) => seedsOf(results.map((result) => result.chosen[scheme]))),
    worseOff: byScheme((scheme) => (100 * worse[scheme]) / borrowers),
    lentPercent: (100 * loans) / (results.length * borrowers),
    belowNeedPercent: (100 * total((result) => result.belowNeed)) / loans,
    meanLoan: total((result) => result.coins) / loans,
    alphaMax: results.reduce((most, { alphaMax }) => Math.max(most, alphaMax), 0),
  };
}
