// SPDX-License-Identifier: Apache-2.0
/** Line plots of an evaluation's figures, with axes, units and spreads. */
import type { Scale } from "../report/scale.ts";
import { type Chart, element, frame, PLOT, polyline, text } from "../report/svg.ts";

const BOTTOM = 430;
/** Under a legend of several rows. */
const TOP = 92;
/** Series classes of the style sheet. */
const COLOURS = 12;

/** More points than these are a curve, and not marked one by one. */
const MARKED_MAX = 24;
/** Between the spreads of two series at one place, pixels. */
const ASIDE = 4;

export interface Series {
  label: string;
  /** Of the style sheet; by default the series' place. */
  colour?: number;
  dashed?: boolean;
  points: { x: number; y: number; low?: number; high?: number }[];
}

export interface Plot {
  id: string;
  title: string;
  description: string;
  unit: string;
  xUnit: string;
  x: Scale;
  y: Scale;
  series: Series[];
}

/** Powers of ten; what is below the least is drawn there. */
export function logScale(low: number, high: number, [from, to]: [number, number]): Scale {
  const first = Math.floor(Math.log10(low));
  const last = Math.max(Math.ceil(Math.log10(high)), first + 1);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => {
    const at = 10 ** (first + i);
    return { at, label: first + i < 0 ? at.toFixed(-first - i) : String(at) };
  });
  const factor = (to - from) / (last - first);
  const at = (value: number) => from + (Math.log10(Math.max(value, 10 ** first)) - first) * factor;
  return { at, ticks, low: 10 ** first, high: 10 ** last };
}

/** Lines through points, with bars for spreads where points have them. */
export function plot({ x, y, series, unit, xUnit, ...head }: Plot): Chart {
  const look = series.map(({ colour, dashed }, i) => ({
    class: `series s${(colour ?? i) % COLOURS}`,
    "stroke-dasharray": dashed ? "6 4" : undefined,
  }));
  const marks = series.map(({ label, points }, i) => {
    const aside = (i - (series.length - 1) / 2) * ASIDE;
    const bars = points
      .filter((point) => point.low !== undefined && point.high !== undefined)
      .map((point) => `M${x.at(point.x) + aside} ${y.at(point.low!)}V${y.at(point.high!)}`);
    const line = polyline(points.map((point) => [x.at(point.x), y.at(point.y)] as const));
    const title = element("title", {}, label);
    const className = look[i].class;
    const spreads = element("path", {
      class: className,
      d: bars.join(""),
      "stroke-opacity": "0.45",
    });
    // A line of no length with a round end is a dot, in the colour of the line.
    const dots = points.map((point) => `M${x.at(point.x)} ${y.at(point.y)}h0`);
    const marked = points.length <= MARKED_MAX ? dots.join("") : "";
    const round = { "stroke-linecap": "round", style: "stroke-width:7;stroke-dasharray:none" };
    return (
      (bars.length > 0 ? spreads : "") +
      element("path", { ...look[i], d: line }, title) +
      (marked === "" ? "" : element("path", { class: className, d: marked, ...round }))
    );
  });
  const legend = series.map(({ label }, i) => ({
    ...{
      label,
      className: look[i].class,
      dash: look[i]["stroke-dasharray"],
      kind: "line" as const,
    },
  }));
  const below = text(PLOT.right, BOTTOM + 38, xUnit, { class: "unit", "text-anchor": "end" });
  const content = frame({ x, y, bottom: BOTTOM, top: TOP, unit, legend, marks: marks.join("\n") });
  return { ...head, height: BOTTOM + 46, content: content + below };
}

/** The least value above 0 and the largest, spreads included. */
export function extremes(series: readonly Series[]): [number, number] {
  const all = series.flatMap(({ points }) =>
    points.flatMap(({ y, low = y, high = y }) => [low, high]),
  );
  return [Math.min(...all.filter((value) => value > 0)), Math.max(...all)];
}

/** Where axes begin and end. */
export const pixels: [number, number] = [PLOT.left, PLOT.right];
export const upwards: [number, number] = [BOTTOM, TOP];
