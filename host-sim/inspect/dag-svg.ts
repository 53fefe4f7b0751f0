// SPDX-License-Identifier: Apache-2.0
/** The DAG as a picture: a lane for each author, time from left to right, blocks as bars across the lanes. */
import { toHex } from "#core/codec/bytes";
import { isoTime } from "#core/units/time";
import { escapeXml } from "../report/format.ts";
import { element, text } from "../report/svg.ts";
import { type Compared, comparedIn, comparedText, heightOf } from "./heights.ts";
import type { Ledger, SeenBlock, SeenTx } from "./ledger.ts";
import type { DagWindow } from "./window.ts";
import { instant, type State, short, stateOf, TX_NAMES, tokensOf, votesOf } from "./words.ts";

/** Pixels from one event to the next, from lane to lane, and around. */
const STEP = 62;
const LANE = 58;
const LEFT = 130;
const TOP = 70;
const RADIUS = 15;
/** Room for the legend. */
const WIDTH_MIN = 820;

/** Attributes: not every viewer knows style sheets. Hues that colour-blind readers tell apart. */
const FILLS: Readonly<Record<State, string>> = Object.freeze({
  VALID: "#ffffff",
  ACCEPTED: "#9fd3ee",
  FINAL: "#8ed1b4",
  REJECTED: "#e9925f",
  REFUSED: "#e9925f",
});
const INK = "#17212b";
const MUTED = "#566473";
/** A SOLD and a BOUGHT that say the same. */
const AGREED = "#0072b2";
const FONT = 'system-ui, "DejaVu Sans", sans-serif';
const SMALL = Object.freeze({ "font-size": 9, fill: MUTED, "text-anchor": "middle" });
const BOLD = Object.freeze({ "font-weight": "600", fill: INK, "text-anchor": "middle" });

type Point = { x: number; y: number };

export function dagSvg(ledger: Ledger, shown: DagWindow): string {
  const { centre, txs, blocks } = shown;
  const lanes = [...new Set(txs.map(({ said }) => ledger.nameOf(said.node)))].sort();
  const events: (SeenTx | SeenBlock)[] = [...txs, ...blocks];
  events.sort((a, b) => timeOf(a) - timeOf(b));
  const places = new Map<string, Point>();
  const bottom = TOP + lanes.length * LANE;
  events.forEach((event, i) => {
    const lane = "said" in event ? lanes.indexOf(ledger.nameOf(event.said.node)) : -0.7;
    places.set(event.id, { x: LEFT + i * STEP, y: TOP + (lane + 0.5) * LANE });
  });
  const width = Math.max(WIDTH_MIN, LEFT + events.length * STEP);
  const marks = [
    ...lanes.flatMap((name, i) => laneOf(name, TOP + (i + 0.5) * LANE, width)),
    ...blocks.map((block) => blockMark(block, places.get(block.id)!, bottom)),
    ...txs.flatMap((seen) => edges(seen, places)),
    ...comparedIn(ledger).flatMap((one) => comparison(ledger, one, places)),
    ...txs.map((seen) => txMark(ledger, seen, places.get(seen.id)!, seen === centre)),
  ];
  const { slot } = centre.tx.body;
  const title = `DAG around ${short(centre.id)}, ${isoTime(centre.tMs)}, market slot ${slot}`;
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${width} ${bottom + 40}`,
      role: "img",
      "font-family": FONT,
      "font-size": 11,
    },
    element("title", {}, escapeXml(title)),
    element("rect", { width, height: bottom + 40, fill: "#ffffff" }),
    text(12, 24, title, { "font-size": 15, "font-weight": "600", fill: INK }),
    ...legend(bottom + 22),
    `\n${marks.join("\n")}\n`,
  );
}

function timeOf(event: SeenTx | SeenBlock): number {
  return "said" in event ? event.tMs : event.atMs;
}

function laneOf(name: string, y: number, width: number): string[] {
  return [
    element("line", { stroke: "#e4e9ee", x1: LEFT - 30, x2: width, y1: y, y2: y }),
    text(12, y + 4, name, { fill: MUTED }),
  ];
}

function blockMark(
  { id, height, atMs, block }: SeenBlock,
  { x, y }: Point,
  bottom: number,
): string {
  const about = `block ${height}, ${short(id)}, ${instant(atMs)}, ${block.txs.length} transactions`;
  return element(
    "g",
    {},
    element("title", {}, escapeXml(about)),
    element("line", { stroke: MUTED, "stroke-dasharray": "4 3", x1: x, x2: x, y1: y, y2: bottom }),
    text(x, y - 4, `block ${height}`, BOLD),
  );
}

/** To the parents that are in the picture. */
function edges({ id, tx }: SeenTx, places: ReadonlyMap<string, Point>): string[] {
  const { x, y } = places.get(id)!;
  return tx.body.parents.flatMap((parent) => {
    const to = places.get(toHex(parent));
    if (!to) return [];
    // Bent, so that edges along one lane do not hide each other.
    const bend = to.y === y ? y - LANE / 2 : (y + to.y) / 2;
    const d = `M${x} ${y}Q${(x + to.x) / 2} ${bend} ${to.x} ${to.y}`;
    return [element("path", { stroke: MUTED, "stroke-opacity": 0.55, fill: "none", d })];
  });
}

/** From a BOUGHT to its SOLD, with the heights of both in their chains. */
function comparison(ledger: Ledger, one: Compared, places: ReadonlyMap<string, Point>): string[] {
  const from = places.get(one.bought.id);
  const to = places.get(one.sold.id);
  if (!from || !to) return [];
  const stroke = one.faults.length === 0 ? AGREED : FILLS.REJECTED;
  const [x, y] = [(from.x + to.x) / 2, (from.y + to.y) / 2];
  const ends = { x1: from.x, y1: from.y, x2: to.x, y2: to.y };
  const heights = `${heightOf(one.sold)} : ${heightOf(one.bought)}`;
  return [
    element(
      "g",
      { class: "trade" },
      element("title", {}, escapeXml(comparedText(ledger, one))),
      element("line", { stroke, "stroke-width": 2.5, "stroke-dasharray": "6 3", ...ends }),
      text(x, y - 4, heights, { ...SMALL, fill: INK, "font-weight": "600" }),
    ),
  ];
}

function txMark(ledger: Ledger, seen: SeenTx, { x, y }: Point, isCentre: boolean): string {
  const { tx, said, tMs, block } = seen;
  const state = stateOf(seen);
  const kind = TX_NAMES[tx.body.type];
  const why = said.code ?? seen.rejected;
  const about = [
    `${kind} of ${ledger.nameOf(said.node)}, ${seen.id}`,
    `message ${said.seq}, height ${heightOf(seen)}, slot ${tx.body.slot}, T ${instant(tMs)}`,
    `${tokensOf(ledger, seen)}, ${votesOf(seen)}`,
    `${state}${why ? ` ${why}` : ""}${block ? ` in block ${block.height}` : ""}`,
  ];
  const k = ledger.epochs.get(tx.body.epoch)?.k;
  const below = y + RADIUS + 10;
  const ring = { fill: FILLS[state], stroke: INK, "stroke-width": isCentre ? 3.5 : 1 };
  return element(
    "g",
    {},
    element("title", {}, escapeXml(about.join("\n"))),
    element("circle", { cx: x, cy: y, r: RADIUS, ...ring }),
    text(x, y + 4, `${kind[0]}${heightOf(seen)}`, { ...BOLD, "font-size": 10 }),
    text(x, below, k === undefined ? "" : `${tx.pot.length} of ${k}`, SMALL),
    text(x, below + 9, votesOf(seen), SMALL),
  );
}

function legend(y: number): string[] {
  const names = {
    VALID: "VALID",
    ACCEPTED: "ACCEPTED",
    FINAL: "FINAL",
    REJECTED: "REJECTED, REFUSED",
  };
  const marks = Object.entries(names).flatMap(([state, name], i) => [
    element("circle", { fill: FILLS[state as State], stroke: INK, cx: 20 + i * 90, cy: y, r: 6 }),
    text(30 + i * 90, y + 4, name, { fill: MUTED }),
  ]);
  return [
    ...marks,
    text(420, y + 4, "type and height; below: tokens, votes/needed; dashed: SOLD : BOUGHT", {
      fill: MUTED,
    }),
  ];
}
