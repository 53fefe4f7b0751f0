// SPDX-License-Identifier: Apache-2.0
/** Writes a run's report: report.json, settlements.csv, three SVGs and index.html. */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { balanceChart, thin } from "./balance-chart.ts";
import { batteryCharts } from "./batteries.ts";
import { energyChart, priceChart } from "./charts.ts";
import { toJson } from "./format.ts";
import { renderPage } from "./html.ts";
import { CHART_STYLE } from "./style.ts";
import { renderChart } from "./svg.ts";
import type { RunResult, Settlement } from "./types.ts";

/** Instants of balances in report.json, so that a year of 300 nodes stays readable. */
const BALANCE_POINTS = 1000;

const COLUMNS: readonly [name: string, value: (s: Settlement) => string][] = [
  ["slot", (s) => String(s.slot)],
  ["start", (s) => new Date(s.startMs).toISOString()],
  ["seller", (s) => s.seller],
  ["buyer", (s) => s.buyer],
  ["qty_wh", (s) => String(s.qtyWh)],
  ["ecash_micro", (s) => String(s.ecashMicro)],
  ["price_micro_per_kwh", (s) => String(s.priceMicroPerKwh)],
  ["sold_tx", (s) => s.soldTx],
  ["bought_tx", (s) => s.boughtTx],
  ["block", (s) => String(s.block)],
];

/** One field by RFC 4180: quoted where it holds a comma, a quote or a line break. */
export function csvField(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** All settlements, with a header; LF line ends. */
export function settlementsCsv(settlements: readonly Settlement[]): string {
  const lines = settlements.map((s) => COLUMNS.map(([, value]) => csvField(value(s))).join(","));
  return `${[COLUMNS.map(([name]) => name).join(","), ...lines].join("\n")}\n`;
}

/** report.json: the summary's fields at the top, then the slots and the balances. */
export function reportJson(result: RunResult): string {
  return toJson({
    ...result.summary,
    perSlot: result.perSlot,
    ...(result.batteries && { batteries: result.batteries }),
    balances: thin(result.balances, BALANCE_POINTS),
  });
}

/**
 * Writes all files into `dir`, which is made where it is absent. Each file is whole or absent, and
 * index.html comes last, so that its presence says that the report is complete.
 * @returns the paths written
 * @throws Error of the file system
 */
export function writeReport(dir: string, result: RunResult): string[] {
  const charts = [energyChart(result), ...batteryCharts(result), balanceChart(result)];
  charts.push(priceChart(result));
  const files: [string, string][] = [
    ["report.json", reportJson(result)],
    ["settlements.csv", settlementsCsv(result.settlements)],
    ...charts.map((chart): [string, string] => [
      `${chart.id}.svg`,
      `<?xml version="1.0" encoding="UTF-8"?>\n${renderChart(chart, CHART_STYLE)}\n`,
    ]),
    ["index.html", renderPage(result, charts)],
  ];
  mkdirSync(dir, { recursive: true });
  rmSync(join(dir, "index.html"), { force: true });
  return files.map(([name, content]) => writeWhole(dir, name, content));
}

/** Writes a file that is whole or absent. Returns its path. */
export function writeWhole(dir: string, name: string, content: string): string {
  const path = join(dir, name);
  const temporary = join(dir, `.${name}.${process.pid}.tmp`);
  const fd = openSync(temporary, "w");
  try {
    const bytes = Buffer.from(content, "utf8");
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
  return path;
}
