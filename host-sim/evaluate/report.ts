// SPDX-License-Identifier: Apache-2.0
/** What the reports of all evaluations share: claims, facts, their sections in Markdown, and the files. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { toJson } from "../report/format.ts";
import { CHART_STYLE } from "../report/style.ts";
import { type Chart, renderChart } from "../report/svg.ts";
import { writeWhole } from "../report/write.ts";
import { csvTable, markdownTable, type Table } from "./table.ts";

/** What a paper says, and what came out here. */
export interface Claim {
  paper: string;
  here: string;
}

/** What must hold: the evaluation fails where it does not. */
export interface Fact {
  what: string;
  required: string;
  measured: string;
  pass: boolean;
}

export interface Report {
  /** What evaluation.json holds. */
  json: object;
  title: string;
  /** Paragraphs before the claims. */
  introduction: readonly string[];
  /** 1 or 2. */
  paper: number;
  /** Headings. */
  claimsTitle: string;
  factsTitle: string;
  claims: readonly Claim[];
  figures: readonly Chart[];
  tables: readonly Table[];
  facts: readonly Fact[];
  /** Beside those of each report: name and content. */
  files?: readonly [string, string][];
}

export function reportMarkdown(report: Report): string {
  const { paper, facts } = report;
  const parts = [
    `# ${report.title}`,
    ...report.introduction,
    `## ${report.claimsTitle}`,
    ...report.claims.map(
      (claim) => `- **Paper ${paper}:** ${claim.paper}\n  **Here:** ${claim.here}`,
    ),
    "## Figures",
    ...report.figures.map(
      ({ id, title, description }) => `### ${title}\n\n![${title}](${id}.svg)\n\n${description}`,
    ),
    "## Tables",
    ...report.tables.map(
      (table) => `### ${table.title}\n\n${table.note}\n\n${markdownTable(table)}`,
    ),
    `## ${report.factsTitle}`,
    markdownTable({
      ...{ id: "facts", title: "", note: "" },
      heads: ["", "what", "required", "measured"],
      rows: facts.map(({ pass, what, required, measured }) => [
        ...[pass ? "✓" : "✗", what, required, measured],
      ]),
    }),
  ];
  return `${parts.join("\n\n")}\n`;
}

/**
 * Writes evaluation.json, evaluation.md, a CSV for each table and the figures as SVG into `dir`; evaluation.md
 * comes last, so that its presence says that all are there.
 */
export function writeReport(dir: string, report: Report): string[] {
  const files: [string, string][] = [
    ["evaluation.json", toJson({ ...report.json, claims: report.claims })],
    ...(report.files ?? []),
    ...report.tables.map((table): [string, string] => [`${table.id}.csv`, csvTable(table)]),
    ...report.figures.map((chart): [string, string] => [
      `${chart.id}.svg`,
      `<?xml version="1.0" encoding="UTF-8"?>\n${renderChart(chart, CHART_STYLE)}\n`,
    ]),
    ["evaluation.md", reportMarkdown(report)],
  ];
  mkdirSync(dir, { recursive: true });
  rmSync(join(dir, "evaluation.md"), { force: true });
  return files.map(([name, content]) => writeWhole(dir, name, content));
}

/** What a terminal shows. */
export function reportText(
  report: Pick<Report, "paper" | "claims" | "facts">,
  head: string,
  tables: readonly Table[],
  dir: string | undefined,
): string {
  const { facts, paper, claims } = report;
  const failed = facts.filter(({ pass }) => !pass);
  const parts = [
    head,
    ...tables.map((table) => `${table.title}\n${table.note}\n${markdownTable(table)}`),
    ...claims.map((claim) => `Paper ${paper}: ${claim.paper}\nHere: ${claim.here}`),
    ...failed.map(
      ({ what, required, measured }) => `FAIL ${what}: ${measured}, required ${required}`,
    ),
    `${facts.length - failed.length} of ${facts.length} facts that must hold do`,
  ];
  if (dir) parts.push(`report: ${dir}/evaluation.md`);
  return `${parts.join("\n\n")}\n`;
}
