// SPDX-License-Identifier: Apache-2.0
/** Writes the evaluation of credit: evaluation.json, evaluation.md, a CSV for each table, and SVG figures. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { toJson } from "../../report/format.ts";
import { CHART_STYLE } from "../../report/style.ts";
import { type Chart, renderChart } from "../../report/svg.ts";
import { writeWhole } from "../../report/write.ts";
import { csvTable, markdownTable } from "../table.ts";
import { creditClaims } from "./claims.ts";
import type { CreditEvaluation } from "./evaluate.ts";
import { creditFigures } from "./figures.ts";
import { creditTables } from "./tables.ts";

/** What was run, in a line. */
export function creditHead({ run, setup }: CreditEvaluation): string {
  const { date, node, wattle, seconds } = run;
  return (
    `${date}, Node ${node}, Wattle ${wattle}; protocol P*, seeds 1 to ${setup.seeds} of five banks with twenty ` +
    `borrowers each, ${seconds.toFixed(1)} s`
  );
}

const FITTED =
  "Two numbers are fitted, since the paper does not state them: the price of energy (to the two figures of the " +
  "banks) and the step of α (to Fig. 8). What is left for the model to show is in the other figures.";

export function creditMarkdown(evaluation: CreditEvaluation, figures: readonly Chart[]): string {
  const parts = [
    "# Credit: the paper's evaluation, done again",
    `${creditHead(evaluation)}.`,
    FITTED,
    "## What the paper printed, and what came out",
    ...creditClaims(evaluation).map(
      ({ paper, here }) => `- **Paper 1:** ${paper}\n  **Here:** ${here}`,
    ),
    "## Figures",
    ...figures.map(
      ({ id, title, description }) => `### ${title}\n\n![${title}](${id}.svg)\n\n${description}`,
    ),
    "## Tables",
    ...creditTables(evaluation).map(
      (table) => `### ${table.title}\n\n${table.note}\n\n${markdownTable(table)}`,
    ),
    "## What must hold whatever is drawn",
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
export function writeCreditEvaluation(dir: string, evaluation: CreditEvaluation): string[] {
  const figures = creditFigures(evaluation);
  const files: [string, string][] = [
    ["evaluation.json", toJson({ ...evaluation, claims: creditClaims(evaluation) })],
    ...creditTables(evaluation).map((table): [string, string] => [
      `${table.id}.csv`,
      csvTable(table),
    ]),
    ...figures.map((chart): [string, string] => [
      `${chart.id}.svg`,
      `<?xml version="1.0" encoding="UTF-8"?>\n${renderChart(chart, CHART_STYLE)}\n`,
    ]),
    ["evaluation.md", creditMarkdown(evaluation, figures)],
  ];
  mkdirSync(dir, { recursive: true });
  rmSync(join(dir, "evaluation.md"), { force: true });
  return files.map(([name, content]) => writeWhole(dir, name, content));
}
