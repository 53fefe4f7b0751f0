// SPDX-License-Identifier: Apache-2.0
/** Energy and price over the run, by slot or by day. */
import { type Bin, type Bins, binSlots } from "./bins.ts";
import { dateTime, perDuration } from "./format.ts";
import { linearScale, type Scale, timeScale } from "./scale.ts";
import { type Chart, element, emptyChart, frame, PLOT, stepArea, stepLine, text } from "./svg.ts";
import type { RunResult } from "./types.ts";

const ENERGY_BOTTOM = 350;
const PRICE_BOTTOM = 250;
const NO_SLOTS = "No slot was run.";

/** Pixels of the bins' edges; the last one ends with the data, though its bin may not be full. */
function edgesOf(binned: Bins, x: Scale): number[] {
  return [...binned.bins.map((bin) => x.at(bin.startMs)), x.at(binned.endMs)];
}

/** Invisible columns whose titles a pointer shows. */
function hovers(
  binned: Bins,
  edges: readonly number[],
  bottom: number,
  say: (bin: Bin) => string,
): string {
  const columns = binned.bins.map((bin, i) => {
    const title = element("title", {}, `${dateTime(bin.startMs)}&#10;${say(bin)}`);
    const width = Math.max(0, edges[i + 1]! - edges[i]!);
    const place = { x: edges[i]!, y: PLOT.top, width, height: bottom - PLOT.top };
    return element("rect", { class: "hover", ...place }, title);
  });
  return element("g", {}, ...columns);
}

/** What met the load (upwards) and what left for the grid (downwards), with panels as a line. */
export function energyChart(result: RunResult): Chart {
  const title = "How the load was met";
  const head = { id: "energy", title, description: "Load, PV, traded and grid energy." };
  const binned = binSlots(result.perSlot, result.summary.slotSeconds);
  if (binned === undefined) return emptyChart(head, NO_SLOTS);
  const { bins } = binned;
  const top = Math.max(...bins.map((bin) => Math.max(bin.loadWh, bin.generationWh)), 1);
  const low = -Math.max(...bins.map((bin) => bin.exportWh), 0);
  const [unit, unitWh] = top >= 1e7 ? ["MWh", 1e6] : top >= 1000 ? ["kWh", 1000] : ["Wh", 1];
  const x = timeScale(binned.startMs, binned.endMs, [PLOT.left, PLOT.right]);
  const y = linearScale(low / unitWh, top / unitWh, [ENERGY_BOTTOM, PLOT.top]);
  const edges = edgesOf(binned, x);
  const at = (wh: number): number => y.at(wh / unitWh);
  const level = (pick: (bin: Bin) => number): number[] => bins.map((bin) => at(pick(bin)));
  const zero = level(() => 0);
  const own = level((bin) => bin.ownWh);
  const traded = level((bin) => bin.ownWh + bin.tradedWh);
  const load = level((bin) => bin.ownWh + bin.tradedWh + bin.importWh);
  const out = level((bin) => -bin.exportWh);
  const area = (className: string, tops: number[], bottoms: number[]): string =>
    element("path", { class: className, d: stepArea(edges, tops, bottoms) });
  const generation = stepLine(
    edges,
    level((bin) => bin.generationWh),
  );
  const amount = (wh: number): string => `${(wh / unitWh).toFixed(unitWh === 1 ? 0 : 2)} ${unit}`;
  const say = (bin: Bin): string =>
    `load ${amount(bin.loadWh)}, PV ${amount(bin.generationWh)}&#10;own PV ${amount(bin.ownWh)}, ` +
    `traded ${amount(bin.tradedWh)}, from grid ${amount(bin.importWh)}, ` +
    `to grid ${amount(bin.exportWh)}`;
  const marks = [
    area("fill-own", own, zero),
    area("fill-trade", traded, own),
    area("fill-grid", load, traded),
    area("fill-export", zero, out),
    element("path", { class: "line-load", d: stepLine(edges, load) }),
    element("path", { class: "line-pv", d: generation }),
    hovers(binned, edges, ENERGY_BOTTOM, say),
  ].join("\n");
  const per = perDuration(binned.binSeconds);
  const description =
    `Energy of all homes per ${per}. Upwards, stacked to the load: own PV used at once, bought ` +
    "from neighbours, bought from the grid. Downwards: surplus that went to the grid.";
  const legend = [
    { label: "load", className: "line-load", kind: "line" as const },
    { label: "PV generation", className: "line-pv", kind: "line" as const },
    { label: "own PV", className: "fill-own", kind: "area" as const },
    { label: "traded with neighbours", className: "fill-trade", kind: "area" as const },
    { label: "from grid", className: "fill-grid", kind: "area" as const },
    { label: "to grid", className: "fill-export", kind: "area" as const },
  ];
  const content = frame({ x, y, bottom: ENERGY_BOTTOM, unit: `${unit} per ${per}`, legend, marks });
  return { ...head, description, height: ENERGY_BOTTOM + 30, content };
}

/** Trade price between what the grid asks and what it pays. */
export function priceChart(result: RunResult): Chart {
  const title = "Price of energy";
  const head = { id: "price", title, description: "Retail, feed-in and trade price per kWh." };
  const binned = binSlots(result.perSlot, result.summary.slotSeconds);
  if (binned === undefined) return emptyChart(head, NO_SLOTS);
  const { bins } = binned;
  const all = bins.flatMap((bin) => [bin.retailMicro ?? 0, bin.feedInMicro ?? 0]);
  const traded = bins.filter((bin) => bin.priceMicro !== undefined);
  const top = Math.max(...all, ...traded.map((bin) => bin.priceHighMicro), 1);
  const x = timeScale(binned.startMs, binned.endMs, [PLOT.left, PLOT.right]);
  const y = linearScale(0, top / 1e6, [PRICE_BOTTOM, PLOT.top]);
  const edges = edgesOf(binned, x);
  const at = (micro: number | undefined): number | undefined =>
    micro === undefined ? undefined : y.at(micro / 1e6);
  const line = (className: string, pick: (bin: Bin) => number | undefined): string =>
    element("path", {
      class: className,
      d: stepLine(
        edges,
        bins.map((bin) => at(pick(bin))),
      ),
    });
  const bands = bins.map((bin, i) => {
    const high = at(bin.priceHighMicro);
    const lowEnd = at(bin.priceLowMicro);
    if (bin.priceMicro === undefined || high === undefined || lowEnd === undefined) return "";
    if (bin.priceHighMicro === bin.priceLowMicro) return "";
    const place = { x: edges[i]!, width: edges[i + 1]! - edges[i]!, y: high };
    return element("rect", { class: "band-trade", ...place, height: lowEnd - high });
  });
  const coins = (micro: number | undefined): string =>
    micro === undefined ? "none" : (micro / 1e6).toFixed(4);
  const say = (bin: Bin): string =>
    `retail ${coins(bin.retailMicro)}, trade ${coins(bin.priceMicro)}, ` +
    `feed-in ${coins(bin.feedInMicro)} coins per kWh`;
  const nothing = text((PLOT.left + PLOT.right) / 2, 150, "No energy was traded.", {
    class: "note",
    "text-anchor": "middle",
  });
  const marks = [
    ...bands,
    line("line-retail", (bin) => bin.retailMicro),
    line("line-feedin", (bin) => bin.feedInMicro),
    line("line-trade", (bin) => bin.priceMicro),
    traded.length === 0 ? nothing : "",
    hovers(binned, edges, PRICE_BOTTOM, say),
  ].join("\n");
  const whole = binned.binSeconds === result.summary.slotSeconds;
  const description = whole
    ? "Price per kWh in each slot; the trade price shows only where energy was traded."
    : `Price per kWh by ${perDuration(binned.binSeconds)}: retail and feed-in are means over the ` +
      "slots, trade is the mean by energy, and its band is the lowest to the highest price.";
  const legend = [
    { label: "retail", className: "line-retail", kind: "line" as const },
    { label: "trade between neighbours", className: "line-trade", kind: "line" as const },
    { label: "feed-in", className: "line-feedin", kind: "line" as const },
  ];
  const content = frame({ x, y, bottom: PRICE_BOTTOM, unit: "coins per kWh", legend, marks });
  return { ...head, description, height: PRICE_BOTTOM + 30, content };
}
