// SPDX-License-Identifier: Apache-2.0
/** The page: one file with everything in it, so that it opens from disk and can be sent by mail. */
import { batterySection } from "./batteries.ts";
import { creditSection } from "./credit.ts";
import { dateTime, duration, escapeXml, grouped } from "./format.ts";
import { secureSection } from "./secure.ts";
import { CHART_STYLE, PAGE_STYLE } from "./style.ts";
import { type Chart, renderChart } from "./svg.ts";
import { keyFigures, settlementTable, summaryTables } from "./tables.ts";
import type { RunResult } from "./types.ts";
import { witnessSection } from "./witnesses.ts";

function figure(chart: Chart): string {
  return `<section class="card"><h2>${escapeXml(chart.title)}</h2>
<figure>${renderChart(chart)}
<figcaption>${escapeXml(chart.description)}</figcaption></figure></section>`;
}

function subtitle(result: RunResult): string {
  const { nodes, slots, slotSeconds } = result.summary;
  const first = result.perSlot[0];
  const last = result.perSlot[result.perSlot.length - 1];
  const many = `${grouped(nodes)} ${nodes === 1 ? "node" : "nodes"}`;
  const what = `${many}, ${grouped(slots)} slots of ${duration(slotSeconds)}`;
  if (!first || !last) return what;
  const end = last.startMs + slotSeconds * 1000;
  return `${what}: ${dateTime(first.startMs)} to ${dateTime(end)} (the data's clock)`;
}

/** The content security policy keeps the promise that the page loads nothing. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

export function renderPage(result: RunResult, charts: readonly Chart[]): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>Wattle run: ${escapeXml(subtitle(result))}</title>
<style>${PAGE_STYLE}${CHART_STYLE}</style>
</head>
<body>
<main>
<header><h1>Energy trading run</h1><p>${escapeXml(subtitle(result))}</p></header>
<div class="figures">
${keyFigures(result.summary)}
</div>
${charts.map(figure).join("\n")}
<div class="tables">
${summaryTables(result.summary)}
${witnessSection(result.summary.witnesses)}
${creditSection(result.summary.credit)}
</div>
${secureSection(result.summary.secure)}
${batterySection(result.batteries)}
<section class="card" style="margin-top:14px"><h2>Settlements</h2>
${settlementTable(result)}
</section>
<p>Made by Wattle. Same figures for programs: <a href="report.json">report.json</a>.</p>
</main>
</body>
</html>
`;
}
