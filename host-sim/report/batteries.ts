// SPDX-License-Identifier: Apache-2.0
/** What batteries did in a run: their energy and windows, and whether vehicles left with what they needed. */
import { LINES_MOST } from "./balance-chart.ts";
import { dateTime, escapeXml } from "./format.ts";
import { linearScale, type Scale, timeScale } from "./scale.ts";
import { type Chart, element, frame, PLOT, polyline, stepArea, stepLine } from "./svg.ts";
import { energy } from "./tables.ts";
import type { BatteryRecord, RunResult } from "./types.ts";

const TOP = 66;
const STATE_BOTTOM = 330;
const POWER_BOTTOM = 270;
const HOUR_S = 3600;

interface Axis {
  x: Scale;
  slotMs: number;
  startMs: number;
  slots: number;
}

function axisOf({ summary, perSlot }: RunResult): Axis {
  const slotMs = summary.slotSeconds * 1000;
  const startMs = perSlot[0]?.startMs ?? 0;
  const slots = perSlot.length;
  const x = timeScale(startMs, startMs + slots * slotMs, [PLOT.left, PLOT.right]);
  return { x, slotMs, startMs, slots };
}

/** None where the run has no batteries. */
export function batteryCharts(result: RunResult): Chart[] {
  const batteries = result.batteries ?? [];
  if (batteries.length === 0 || result.perSlot.length === 0) return [];
  return [stateChart(result, batteries.slice(0, LINES_MOST)), powerChart(result, batteries)];
}

/** Energy in each battery, in parts of what it holds; a mark where a vehicle leaves. */
function stateChart(result: RunResult, batteries: readonly BatteryRecord[]): Chart {
  const axis = axisOf(result);
  const { x, slotMs, startMs } = axis;
  const y = linearScale(0, 100, [STATE_BOTTOM, TOP]);
  const percent = (wh: number, { capacityWh }: BatteryRecord): number => (100 * wh) / capacityWh;
  const marks = batteries.flatMap((battery, i) => {
    const points = battery.stateWh.map(
      (wh, slot) => [x.at(startMs + slot * slotMs), y.at(percent(wh, battery))] as const,
    );
    const line = element(
      "path",
      { class: `series s${i}`, d: polyline(points) },
      element("title", {}, escapeXml(battery.name)),
    );
    const leaves = battery.departures.map(({ slot, needWh, stateWh }) => {
      const at = startMs + slot * slotMs;
      const said = `${battery.name} leaves ${dateTime(at)} with ${stateWh} Wh, needs ${needWh} Wh`;
      const place = { cx: x.at(at), cy: y.at(percent(stateWh, battery)), r: 4 };
      return element(
        "circle",
        { class: `series s${i}`, ...place },
        element("title", {}, escapeXml(said)),
      );
    });
    return [line, ...leaves];
  });
  const legend = batteries.map(({ name }, i) => ({
    label: name,
    className: `series s${i}`,
    kind: "line" as const,
  }));
  return {
    id: "batteries",
    title: "Energy in the batteries",
    description: "State of charge of each battery. A circle marks a vehicle that leaves.",
    height: STATE_BOTTOM + 30,
    content: frame({
      ...{ x, y, top: TOP, bottom: STATE_BOTTOM, unit: "% of capacity", legend },
      marks: marks.join("\n"),
    }),
  };
}

/** What the batteries took and gave together, and what their windows had. */
function powerChart(result: RunResult, batteries: readonly BatteryRecord[]): Chart {
  const { x, slotMs, startMs, slots } = axisOf(result);
  const { slotSeconds } = result.summary;
  const each = (of: (battery: BatteryRecord, slot: number) => number): number[] =>
    Array.from({ length: slots }, (_, slot) =>
      batteries.reduce((sum, battery) => sum + of(battery, slot), 0),
    );
  const kilowatts = (wh: number): number => (wh * HOUR_S) / slotSeconds / 1000;
  const drawn = each(({ drawnWh }, slot) => kilowatts(drawnWh[slot] ?? 0));
  const fed = each(({ fedWh }, slot) => -kilowatts(fedWh[slot] ?? 0));
  const charge = each(({ windowW }, slot) => Math.max(0, windowW[slot] ?? 0) / 1000);
  const discharge = each(({ windowW }, slot) => Math.min(0, windowW[slot] ?? 0) / 1000);
  const low = Math.min(...fed, ...discharge, 0);
  const y = linearScale(low, Math.max(...drawn, ...charge, 1), [POWER_BOTTOM, PLOT.top]);
  const edges = Array.from({ length: slots + 1 }, (_, slot) => x.at(startMs + slot * slotMs));
  const heights = (values: readonly number[]): number[] => values.map((value) => y.at(value));
  const zero = heights(drawn.map(() => 0));
  const marks = [
    element("path", { class: "fill-grid", d: stepArea(edges, heights(drawn), zero) }),
    element("path", { class: "fill-own", d: stepArea(edges, zero, heights(fed)) }),
    element("path", { class: "line-load", d: stepLine(edges, heights(charge)) }),
    element("path", { class: "line-pv", d: stepLine(edges, heights(discharge)) }),
  ].join("\n");
  const legend = [
    { label: "charged", className: "fill-grid", kind: "area" as const },
    { label: "fed back", className: "fill-own", kind: "area" as const },
    { label: "windows to charge", className: "line-load", kind: "line" as const },
    { label: "windows to feed back", className: "line-pv", kind: "line" as const },
  ];
  return {
    id: "windows",
    title: "Charging and discharging",
    description:
      "Power of all batteries together at their meters, and the windows that the aggregator scheduled.",
    height: POWER_BOTTOM + 30,
    content: frame({ x, y, bottom: POWER_BOTTOM, unit: "kW", legend, marks }),
  };
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** One line for a terminal; undefined where the run has no batteries. */
export function batteryLine(batteries: readonly BatteryRecord[] | undefined): string | undefined {
  if (!batteries || batteries.length === 0) return undefined;
  const departures = batteries.flatMap((battery) => battery.departures);
  const kept = departures.filter((left) => left.stateWh >= left.needWh).length;
  const total = (of: (battery: BatteryRecord) => number) => sum(batteries.map(of));
  const flows =
    `${batteries.length} charged ${total(({ drawnWh }) => sum(drawnWh))} Wh and fed back ` +
    `${total(({ fedWh }) => sum(fedWh))} Wh`;
  if (departures.length === 0) return flows;
  return `${flows}; ${kept} of ${departures.length} departures had the energy that they needed`;
}

/** A section of the page; empty where the run has no batteries. */
export function batterySection(batteries: readonly BatteryRecord[] | undefined): string {
  if (!batteries || batteries.length === 0) return "";
  const rows = batteries.map((battery) => {
    const { name, stateWh, drawnWh, fedWh, usedWh, lostWh, departures } = battery;
    const kept = departures.filter((left) => left.stateWh >= left.needWh).length;
    const ends = [stateWh[0] ?? 0, stateWh[stateWh.length - 1] ?? 0];
    const cells = [...ends, sum(drawnWh), sum(fedWh), usedWh, lostWh].map(energy);
    cells.push(departures.length === 0 ? "stays" : `${kept} of ${departures.length}`);
    return `<tr><th scope="row">${escapeXml(name)}</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  });
  const heads = ["Battery", "at first", "at last", "charged", "fed back", "driven", "lost"];
  heads.push("left with its energy");
  return `<section class="card" style="margin-top:14px"><h2>Batteries</h2>
<table><thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join("")}</tr></thead>
<tbody>${rows.join("\n")}</tbody></table></section>`;
}
