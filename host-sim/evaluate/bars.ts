// SPDX-License-Identifier: Apache-2.0
/** Bars side by side in groups, with spreads where there are some. */
import { linearScale } from "../report/scale.ts";
import { type Chart, element, frame, PLOT, text } from "../report/svg.ts";

const BOTTOM = 430;
const TOP = 92;
/** Classes of the style sheet that fill. */
const FILLS = ["fill-trade", "fill-own", "fill-export"];

export interface BarSeries {
  label: string;
  /** One for each group. */
  values: readonly number[];
  low?: readonly number[];
  high?: readonly number[];
  /** Above each bar, where it is given. */
  notes?: readonly string[];
}

export interface Bars {
  id: string;
  title: string;
  description: string;
  unit: string;
  groups: readonly string[];
  series: readonly BarSeries[];
}

export function bars({ unit, groups, series, ...head }: Bars): Chart {
  const top = Math.max(...series.flatMap(({ values, high = values }) => [...values, ...high]));
  const y = linearScale(0, top, [BOTTOM, TOP]);
  const width = (PLOT.right - PLOT.left) / groups.length;
  const bar = (width * 0.8) / series.length;
  const marks = series.flatMap(({ label, values, low, high, notes }, s) =>
    values.map((value, i) => {
      const x = PLOT.left + width * (i + 0.1) + bar * s;
      const title = element("title", {}, `${label}, ${groups[i]}: ${value.toFixed(2)} ${unit}`);
      const place = { x, y: y.at(value), width: bar * 0.94, height: BOTTOM - y.at(value) };
      const middle = x + (bar * 0.94) / 2;
      const spread =
        low && high
          ? element("path", {
              class: "line-load",
              d: `M${middle} ${y.at(low[i])}V${y.at(high[i])}`,
            })
          : "";
      const above = y.at(high ? Math.max(high[i], value) : value) - 8;
      const note = notes
        ? text(middle, above, notes[i], { class: "tick", "text-anchor": "middle" })
        : "";
      return element("rect", { class: FILLS[s % FILLS.length], ...place }, title) + spread + note;
    }),
  );
  const names = groups.map((name, i) =>
    text(PLOT.left + width * (i + 0.5), BOTTOM + 20, name, {
      class: "tick",
      "text-anchor": "middle",
    }),
  );
  const legend = series.map(({ label }, s) => ({
    ...{ label, className: FILLS[s % FILLS.length], kind: "area" as const },
  }));
  const x = { at: (value: number) => value, ticks: [], low: 0, high: 1 };
  const content = frame({ x, y, bottom: BOTTOM, top: TOP, unit, legend, marks: marks.join("\n") });
  return { ...head, height: BOTTOM + 30, content: content + names.join("") };
}
