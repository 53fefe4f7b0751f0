// SPDX-License-Identifier: Apache-2.0
/** Writes an evaluation: evaluation.json, evaluation.md, a CSV for each table, and SVG figures. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { toJson } from "../../report/format.ts";
import { CHART_STYLE } from "../../report/style.ts";
import { type Chart, renderChart } from "../../report/svg.ts";
import { writeWhole } from "../../report/write.ts";
import { csvTable, markdownTable } from "../table.ts";
import { claimsOf } from "./claims.ts";
import type { Evaluation } from "./evaluate.ts";
import { figuresOf } from "./figures.ts";
import { seriesCsv, tablesOf } from "./tables.ts";

/** The machine and what was run, in a line. */
export function headLine({ machine, setup, members }: Evaluation): string {
  const { cpu, cores, node, v8, crypto, wattle, date, seconds } = machine;
  const { repetitions, extent, seed } = setup;
  return (
    `${date}, ${cpu}, ${cores} cores; Node ${node}, V8 ${v8}, ${crypto}, Wattle ${wattle}; ${repetitions} ` +
    `repetitions of ${extent.transactions} transactions by ${members} members, seed ${seed}, ${seconds.toFixed(0)} s`
  );
}

export function markdownOf(evaluation: Evaluation, figures: readonly Chart[]): string {
  const parts = [
    "# SmartChain: the paper's evaluation, measured anew",
    `${headLine(evaluation)}.`,
    "Times are processor time of this process. The two chains share process, signature, hash, storage, contents " +
      "and balances check. Headers are mined in samples, those of 20 bits in the smallest.",
    "## What the paper claims, and what was measured",
    ...claimsOf(evaluation).map(
      ({ paper, here }) => `- **Paper 2:** ${paper}\n  **Here:** ${here}`,
    ),
    "## Figures",
    ...figures.map(
      ({ id, title, description }) => `### ${title}\n\n![${title}](${id}.svg)\n\n${description}`,
    ),
    "## Tables",
    ...tablesOf(evaluation).map(
      (table) => `### ${table.title}\n\n${table.note}\n\n${markdownTable(table)}`,
    ),
    "## What holds on every machine",
    markdownTable({
      ...{ id: "facts", title: "", note: "" },
      heads: ["", "what", "required", "measured"],
      rows: evaluation.facts.map(({ pass, what, required, measured }) => [
        ...[pass ? "✓" : "✗", what, required, measured],
      ]),
    }),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** Writes all files into `dir`; evaluation.md comes last, so that its presence says that all are there. */
export function writeEvaluation(dir: string, evaluation: Evaluation): string[] {
  const figures = figuresOf(evaluation);
  const files: [string, string][] = [
    ["evaluation.json", toJson({ ...evaluation, claims: claimsOf(evaluation) })],
    ["series.csv", seriesCsv(evaluation)],
    ...tablesOf(evaluation).map((table): [string, string] => [`${table.id}.csv`, csvTable(table)]),
    ...figures.map((chart): [string, string] => [
      `${chart.id}.svg`,
      `<?xml version="1.0" encoding="UTF-8"?>\n${renderChart(chart, CHART_STYLE)}\n`,
    ]),
    ["evaluation.md", markdownOf(evaluation, figures)],
  ];
  mkdirSync(dir, { recursive: true });
  rmSync(join(dir, "evaluation.md"), { force: true });
  return files.map(([name, content]) => writeWhole(dir, name, content));
}
