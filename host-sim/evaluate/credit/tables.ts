// SPDX-License-Identifier: Apache-2.0
/** The tables of the evaluation of credit. */
import { GRADES, gradeName } from "#core/credit/grade";
import type { LoanState } from "#core/credit/loan";
import { formatCoins } from "#core/units/money";
import { digits, type Table } from "../table.ts";
import type { CreditEvaluation } from "./evaluate.ts";
import { type Pooled, PRINTED } from "./pooled.ts";
import { NAMES, SCHEMES } from "./schemes.ts";
import { confirmationMinutes, SYSTEMS, speedCeiling } from "./speed.ts";

const signed = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;
const coins = (value: number) => value.toFixed(0);

const COMPARED: readonly [keyof Pooled, string][] = Object.freeze([
  ["bankVsAas", "banks, over AAS"],
  ["bankVsRas", "banks, over RAS"],
  ["borrowerVsAas", "borrowers, over AAS"],
  ["borrowerVsRas", "borrowers, over RAS"],
]);

function compared({ pooled, fig7, setup }: CreditEvaluation): Table {
  return {
    id: "fig7",
    title: "Fig. 7: how much better the equilibrium is, %",
    note:
      `Ratio of means over seeds 1 to ${setup.seeds}, and what single runs spread over: a run of the paper's ` +
      "has five banks, and five borrowers of a hundred. The price was fitted to the two figures of the banks.",
    heads: ["benefit of", "printed", "pooled", "mean of runs", "sd", "5 %", "median", "95 %"],
    rows: COMPARED.map(([key, name]) => {
      const { mean, sd, p5, median, p95 } = fig7.perSeed[key];
      return [
        ...[name, signed(PRINTED[key]), signed(pooled[key]), signed(mean), sd.toFixed(1)],
        ...[signed(p5), signed(median), signed(p95)],
      ];
    }),
  };
}

function schemes({ fig7, worseOff }: CreditEvaluation): Table {
  return {
    id: "schemes",
    title: "The three schemes",
    note:
      "Means, coins. Utility by (2) counts what a borrower has without a loan; gain is what it has more. " +
      "Worse off: borrowers with less utility than without a loan. The equilibrium lends to " +
      `${fig7.lentPercent.toFixed(1)} % of them, and ${fig7.belowNeedPercent.toFixed(1)} % of its loans do not pay ` +
      "the stated need.",
    heads: ["scheme", "bank", "borrower", "borrower's gain", "worse off, %"],
    rows: SCHEMES.map((scheme) => [
      NAMES[scheme],
      coins(fig7.bank[scheme]),
      coins(fig7.borrower[scheme]),
      coins(fig7.gain[scheme]),
      worseOff[scheme].toFixed(1),
    ]),
  };
}

function confirmation({ fig5a }: CreditEvaluation): Table {
  return {
    id: "fig5a",
    title: "Fig. 5(a): minutes of confirmation in 240 minutes",
    note: "60 and 10 minutes are inputs: the figure is a product, and its ratio is 6 by definition.",
    heads: ["f", "traditional", "energy chain", "f · 4 · 60"],
    rows: fig5a.map(({ f, traditionalMin, energyMin }) => [
      ...[f, traditionalMin, energyMin, confirmationMinutes(f, 60)].map(String),
    ]),
  };
}

function speeds({ fig5b, fig5bLong }: CreditEvaluation): Table {
  const row = (hours: string) => (one: CreditEvaluation["fig5b"][number]) => [
    ...[hours, String(one.f)],
    ...SYSTEMS.map(({ id }) => one.speeds[id].toFixed(2)),
  ];
  return {
    id: "fig5b",
    title: "Fig. 5(b): started trades per pair and hour",
    note:
      "Protocol F5-N, means over seeds. Coins under way are at most coins owned: no more than " +
      `${speedCeiling(60).toFixed(1)} at 60 minutes and ${speedCeiling(10).toFixed(1)} at 10.`,
    heads: ["hours", "f", ...SYSTEMS.map(({ name }) => name)],
    rows: [...fig5b.map(row("4")), ...fig5bLong.map(row("40"))],
  };
}

function iterations({ fig8Steps }: CreditEvaluation): Table {
  return {
    id: "fig8",
    title: "Fig. 8: rounds until a bank is within 1 % of where its talk ends",
    note:
      "The paper says 19 and not its step. What is missing at the end is the grid's; the closed form needs " +
      "no rounds.",
    heads: ["Δα", "banks", "median", "mean", "5 %", "95 %", "missing at the end, %"],
    rows: fig8Steps.map((one) => [
      String(one.step),
      String(one.banks),
      one.medianIterations.toFixed(0),
      one.meanIterations.toFixed(1),
      one.p5.toFixed(0),
      one.p95.toFixed(0),
      one.finalLossPercent.toFixed(2),
    ]),
  };
}

function gammas({ fig9a }: CreditEvaluation): Table {
  return {
    id: "fig9a",
    title: "Fig. 9(a): the bank's benefit over γ",
    note: "All borrowers of one grade. Better grades pay higher rates.",
    heads: ["grade", "γ", "bank, coins", "mean α"],
    rows: fig9a.map(({ grade, gamma, bank, alpha }) => [
      ...[grade, gamma.toFixed(3), coins(bank), alpha.toFixed(3)],
    ]),
  };
}

function lambdas({ fig9b }: CreditEvaluation): Table {
  return {
    id: "fig9b",
    title: "Fig. 9(b): the borrower's utility over λ",
    note: "All borrowers with one λ.",
    heads: ["λ", "borrower, coins", "mean loan, coins"],
    rows: fig9b.map(({ lambda, borrower, loan }) => [
      ...[lambda.toFixed(2), coins(borrower), coins(loan)],
    ]),
  };
}

function algorithm({ algorithm1 }: CreditEvaluation): Table {
  return {
    id: "algorithm1",
    title: "Algorithm 1, as printed and repaired step by step",
    note: "Δα = 0.01. Gain is that of all loans, over that of the equilibrium.",
    heads: ["version", "borrowers", "loans", "gain, %", "rounds"],
    rows: algorithm1.map(({ what, borrowers, loans, percent, iterations: count }) => [
      ...[what, String(borrowers), String(loans)],
      percent === undefined ? "−∞" : percent === 0 ? "0" : percent.toFixed(4),
      digits(count),
    ]),
  };
}

function budgets({ budgets: rows }: CreditEvaluation): Table {
  return {
    id: "budgets",
    title: "Banks with few coins",
    note: "One shadow price μ for all borrowers of a bank; coins over what its borrowers would take.",
    heads: ["coins, %", "mean μ", "benefit, %", "loans of 20"],
    rows: rows.map(({ coinsPercent, shadow, benefitPercent, borrowers }) => [
      ...[coinsPercent.toFixed(0), shadow.toFixed(3), benefitPercent.toFixed(1)],
      borrowers.toFixed(1),
    ]),
  };
}

function grades({ fig6 }: CreditEvaluation): Table {
  return {
    id: "fig6",
    title: "Fig. 6: grades",
    note: "Percent of loans.",
    heads: ["grade", "table, %", "drawn, %"],
    rows: Array.from({ length: GRADES }, (_, i) => [
      ...[gradeName(i + 1), fig6.tablePercent[i].toFixed(2), fig6.drawnPercent[i].toFixed(2)],
    ]),
  };
}

const ENDS: readonly [LoanState, string][] = Object.freeze([
  ["REPAID", "repaid in time"],
  ["REPAID_LATE", "repaid late"],
  ["BLACKLIST", "written off"],
  ["ACTIVE", "active"],
  ["LATE", "late"],
]);

function portfolios({ portfolios: all }: CreditEvaluation): Table {
  const [first] = all;
  return {
    id: "portfolio",
    title: `A scripted street: ${first.homes} homes and a bank for ${first.days} days`,
    note:
      "Made-up incomes and habits, the same under both policies. Energy from the grid is what neighbours " +
      "would have sold, and nobody could pay for. Coins of the bank.",
    heads: [
      ...["policy", "loans", "unsecured", ...ENDS.map(([, name]) => name)],
      ...["from the grid, %", "interest", "penalties", "written off, coins"],
    ],
    rows: all.map(({ policy, loans, unsecured, ends, wantedWh, gridWh, book }) => [
      ...[policy, String(loans), String(unsecured)],
      ...ENDS.map(([state]) => String(ends[state])),
      ((100 * gridWh) / wantedWh).toFixed(1),
      ...[book.interestMicro, book.penaltiesMicro, book.writtenOffMicro].map((micro) =>
        formatCoins(micro).slice(0, -4),
      ),
    ]),
  };
}

/** Why requests were refused in the street. */
function refusals({ portfolios: all }: CreditEvaluation): Table {
  const codes = [...new Set(all.flatMap(({ refused }) => Object.keys(refused)))].sort();
  return {
    id: "refusals",
    title: "Requests that were refused in the street",
    note: "A home that is refused asks again the next day.",
    heads: ["code", ...all.map(({ policy }) => policy)],
    rows: codes.map((code) => [
      code,
      ...all.map(({ refused }) => String(refused[code as keyof typeof refused] ?? 0)),
    ]),
  };
}

/** In the order of the report. */
export function creditTables(evaluation: CreditEvaluation): Table[] {
  return [
    ...[compared, schemes, confirmation, speeds, iterations, algorithm].map((of) => of(evaluation)),
    ...[gammas, lambdas, budgets, portfolios, refusals, grades].map((of) => of(evaluation)),
  ];
}

/** What a terminal shows: without the rows of curves that figures have. */
export function shortTables(evaluation: CreditEvaluation): Table[] {
  return creditTables(evaluation)
    .filter(({ id }) => id !== "fig6")
    .map((table) => {
      const every = { fig9a: 4, fig9b: 3 }[table.id] ?? 1;
      const last = table.rows.length - 1;
      return { ...table, rows: table.rows.filter((_, i) => i % every === 0 || i === last) };
    });
}
