// SPDX-License-Identifier: Apache-2.0
/** Figs. 5(b) to 9 of paper 1, drawn anew with axes, units and spreads. */
import { GRADES, gradeName } from "#core/credit/grade";
import { linearScale } from "../../report/scale.ts";
import type { Chart } from "../../report/svg.ts";
import { bars } from "../bars.ts";
import { pixels, plot, type Series, upwards } from "../plot.ts";
import type { CreditEvaluation } from "./evaluate.ts";
import { PRINTED, type Seeds } from "./pooled.ts";
import { type ByScheme, NAMES, SCHEMES } from "./schemes.ts";
import { SYSTEMS } from "./speed.ts";

export function creditFigures(evaluation: CreditEvaluation): Chart[] {
  return [
    speed(evaluation),
    grades(evaluation),
    ...benefits(evaluation),
    rounds(evaluation),
    ...sensitivity(evaluation),
  ];
}

function speed({ fig5b }: CreditEvaluation): Chart {
  const series: Series[] = SYSTEMS.map(({ id, name }) => ({
    label: name,
    points: fig5b.map(({ f, speeds }) => ({ x: f, y: speeds[id] })),
  }));
  return plot({
    id: "fig5b",
    title: "Paper 1, Fig. 5(b): trades that confirmation delays let start",
    description:
      "Protocol F5-N: a hundred nodes with twenty coins each, 240 minutes, purchases of 1 to 20 coins from " +
      "anyone. Coins are locked until confirmed; with credit the seller is paid at once and the bank lends up to L.",
    unit: "started trades per pair and hour",
    xUnit: "f, wanted trades per pair and hour",
    x: linearScale(0, 5, pixels),
    y: linearScale(0, 5, upwards),
    series,
  });
}

function grades({ fig6, setup }: CreditEvaluation): Chart {
  return bars({
    id: "fig6",
    title: "Paper 1, Fig. 6: credit grades",
    description: `Shares of loans by grade, in the table and as drawn 100 000 times. ${setup.grades}.`,
    unit: "% of loans",
    groups: Array.from({ length: GRADES }, (_, i) => gradeName(i + 1)),
    series: [
      { label: "table", values: fig6.tablePercent },
      { label: "drawn", values: fig6.drawnPercent },
    ],
  });
}

function benefits({ fig7, pooled, setup }: CreditEvaluation): Chart[] {
  const groups = SCHEMES.map((scheme) => NAMES[scheme]);
  const spreadOf = (seeds: ByScheme<Seeds>) => ({
    low: SCHEMES.map((scheme) => seeds[scheme].p5 / 1000),
    high: SCHEMES.map((scheme) => seeds[scheme].p95 / 1000),
  });
  const seeds = `Means over seeds 1 to ${setup.seeds}, bars from 5 to 95 % of single runs`;
  const draw = (values: ByScheme<number>, spread: ByScheme<Seeds>, label: "bank" | "borrower") => ({
    ...{ label, values: SCHEMES.map((scheme) => values[scheme] / 1000) },
    ...spreadOf(spread),
    notes: SCHEMES.map((scheme) => {
      const value = (values[scheme] / 1000).toFixed(1);
      if (scheme === "equilibrium") return value;
      const key = `${label}Vs${scheme === "aas" ? "Aas" : "Ras"}` as const;
      const more = `${pooled[key] < 0 ? "−" : "+"}${Math.abs(pooled[key]).toFixed(1)} %`;
      return `${value}; equilibrium ${more}, printed +${PRINTED[key]} %`;
    }),
  });
  return [
    bars({
      id: "fig7a",
      title: "Paper 1, Fig. 7(a): what the banks gain",
      description: `Benefit of a bank with twenty borrowers. ${seeds}.`,
      unit: "1000 coins",
      groups,
      series: [draw(fig7.bank, fig7.bankSeeds, "bank")],
    }),
    bars({
      id: "fig7b",
      title: "Paper 1, Fig. 7(b): what the borrowers have",
      description:
        `Utility of a borrower by (2), most of which it has without any loan. ${seeds} with five borrowers, as ` +
        "in the paper.",
      unit: "1000 coins",
      groups,
      series: [draw(fig7.borrower, fig7.chosenSeeds, "borrower")],
    }),
  ];
}

function rounds({ fig8 }: CreditEvaluation): Chart {
  const { iterations, median, p5, p95, bank, loan } = fig8.curve;
  const line = (values: readonly number[]) => iterations.map((x, i) => ({ x, y: values[i] }));
  const all = iterations.map((x, i) => ({ x, y: median[i], low: p5[i], high: p95[i] }));
  return plot({
    id: "fig8",
    title: "Paper 1, Fig. 8: rounds of the talk between bank and borrowers",
    description:
      `The bank's best so far over its equilibrium, with Δα = ${fig8.step}: all banks (5 to 95 %), one bank, and ` +
      "the best loan so far of one of its borrowers, which comes down as the rate goes up.",
    unit: "% of the equilibrium",
    xUnit: "rounds",
    x: linearScale(0, iterations.length, pixels),
    y: linearScale(0, Math.max(100, ...loan), upwards),
    series: [
      { label: "banks, median and 5–95 %", points: all },
      { label: "one bank", points: line(bank) },
      { label: "loan of one borrower", points: line(loan) },
    ],
  });
}

function sensitivity({ fig9a, fig9b }: CreditEvaluation): Chart[] {
  const thousand = (value: number) => value / 1000;
  const gammas = fig9a.map(({ gamma, bank }) => ({ x: gamma, y: thousand(bank) }));
  const lambdas = fig9b.map(({ lambda, borrower }) => ({ x: lambda, y: thousand(borrower) }));
  const top = (points: readonly { y: number }[]) => Math.max(...points.map(({ y }) => y));
  return [
    plot({
      id: "fig9a",
      title: "Paper 1, Fig. 9(a): the bank's benefit over γ",
      description:
        "Benefit of a bank whose twenty borrowers all have the same grade, G5 to A1. It falls, since being late " +
        "is nothing but gain in (3).",
      ...{ unit: "1000 coins", xUnit: "γ, grade factor" },
      x: linearScale(0, 1, pixels),
      y: linearScale(0, top(gammas), upwards),
      series: [{ label: "bank", points: gammas }],
    }),
    plot({
      id: "fig9b",
      title: "Paper 1, Fig. 9(b): the borrower's utility over λ",
      description:
        "Mean utility of a borrower by (2), where all have the same chance to repay in time.",
      ...{ unit: "1000 coins", xUnit: "λ, chance to repay in time" },
      x: linearScale(0, 1, pixels),
      y: linearScale(0, top(lambdas), upwards),
      series: [{ label: "borrower", points: lambdas }],
    }),
  ];
}
