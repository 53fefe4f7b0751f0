// SPDX-License-Identifier: Apache-2.0
/**
 * Balances of the nodes' accounts over the run: each its own line, or a spread where they are many.
 */
import { escapeXml } from "./format.ts";
import { linearScale, timeScale } from "./scale.ts";
import { type Chart, element, emptyChart, frame, type LegendEntry, PLOT, polyline } from "./svg.ts";
import type { Balances, RunResult } from "./types.ts";

/** More lines than this cannot be told apart. */
export const LINES_MOST = 12;
const POINTS_MOST = 400;
/** Below two rows of legend. */
const TOP = 66;
const BOTTOM = 300;

/** Every k-th instant and always the last, so that at most `most` remain. */
export function thin(balances: Balances, most: number): Balances {
  const count = balances.atMs.length;
  if (count <= most) return balances;
  const every = Math.ceil((count - 1) / (most - 1));
  const kept: number[] = [];
  for (let i = 0; i < count - 1; i += every) kept.push(i);
  kept.push(count - 1);
  return {
    atMs: kept.map((i) => balances.atMs[i]!),
    nodes: balances.nodes.map((node) => ({
      node: node.node,
      micro: kept.map((i) => node.micro[i] ?? 0),
    })),
  };
}

export function balanceChart(result: RunResult): Chart {
  const head = {
    id: "balances",
    title: "Account balances",
    description: "Energy coins in the nodes' accounts over the run.",
  };
  const { atMs, nodes } = thin(result.balances, POINTS_MOST);
  if (atMs.length === 0 || nodes.length === 0) {
    return emptyChart(head, "No balances were recorded.");
  }
  const coins = nodes.map(({ micro }) => atMs.map((_, i) => Number(micro[i] ?? 0) / 1e6));
  const every = coins.flat();
  const low = every.reduce((a, b) => Math.min(a, b));
  const high = every.reduce((a, b) => Math.max(a, b));
  const x = timeScale(atMs[0]!, atMs[atMs.length - 1]!, [PLOT.left, PLOT.right]);
  // A flat line belongs in the middle of its chart.
  const pad = low === high ? 1 : 0;
  const y = linearScale(low - pad, high + pad, [BOTTOM, TOP]);
  const line = (values: readonly number[]): string =>
    polyline(values.map((value, i) => [x.at(atMs[i]!), y.at(value)] as const));
  const legend: LegendEntry[] = [];
  const marks: string[] = [];
  let description = head.description;
  if (nodes.length <= LINES_MOST) {
    for (const [i, { node }] of nodes.entries()) {
      const className = `series s${i % LINES_MOST}`;
      const title = element("title", {}, escapeXml(node));
      marks.push(element("path", { class: className, d: line(coins[i]!) }, title));
      legend.push({ label: shorten(node), className, kind: "line" });
    }
  } else {
    const sorted = atMs.map((_, i) => coins.map((own) => own[i]!).sort((a, b) => a - b));
    const at = (share: number): number[] =>
      sorted.map((column) => column[Math.round(share * (column.length - 1))]!);
    const band = (from: number, to: number): string => {
      const back = at(from).map((value, i) => [x.at(atMs[i]!), y.at(value)] as const);
      return `${line(at(to))}${polyline(back.reverse()).replace("M", "L")}Z`;
    };
    marks.push(element("path", { class: "band-all", d: band(0, 1) }));
    marks.push(element("path", { class: "band-most", d: band(0.1, 0.9) }));
    marks.push(element("path", { class: "line-median", d: line(at(0.5)) }));
    legend.push({ label: "median", className: "line-median", kind: "line" });
    legend.push({ label: "middle 80 %", className: "band-most", kind: "area" });
    legend.push({ label: "all nodes", className: "band-all", kind: "area" });
    description = `Spread of the balances of ${nodes.length} nodes in energy coins.`;
  }
  const content = frame({
    x,
    y,
    top: TOP,
    bottom: BOTTOM,
    unit: "coins",
    legend,
    marks: marks.join("\n"),
  });
  return { ...head, description, height: BOTTOM + 30, content };
}

function shorten(name: string): string {
  return name.length <= 16 ? name : `${name.slice(0, 15)}…`;
}
