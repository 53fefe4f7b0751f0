// SPDX-License-Identifier: Apache-2.0
/** A small generator of SVG: elements, step paths, and the frame that all charts share. */
import { escapeXml } from "./format.ts";
import type { Scale } from "./scale.ts";

type Attributes = Readonly<Record<string, string | number | undefined>>;

/**
 * One element. Attribute values are escaped; children are markup that is complete already.
 * @throws RangeError for a coordinate that is not finite, which no viewer would draw
 */
export function element(name: string, attributes: Attributes, ...children: string[]): string {
  let head = `<${name}`;
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    head += ` ${key}="${typeof value === "number" ? coordinate(value) : escapeXml(value)}"`;
  }
  return children.length === 0 ? `${head}/>` : `${head}>${children.join("")}</${name}>`;
}

/** A text element. */
export function text(x: number, y: number, content: string, attributes: Attributes = {}): string {
  return element("text", { x, y, ...attributes }, escapeXml(content));
}

function coordinate(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`coordinate is ${value}`);
  return String(Math.round(value * 100) / 100);
}

/**
 * A path of steps.
 * @param edges n + 1 pixels from left to right
 * @param heights n pixels; undefined leaves a gap
 */
export function stepLine(
  edges: readonly number[],
  heights: readonly (number | undefined)[],
): string {
  let path = "";
  let open = false;
  for (const [i, height] of heights.entries()) {
    if (height === undefined) {
      open = false;
      continue;
    }
    const y = coordinate(height);
    path += open ? `V${y}` : `M${coordinate(edges[i]!)} ${y}`;
    path += `H${coordinate(edges[i + 1]!)}`;
    open = true;
  }
  return path;
}

/** The area between two step lines, as a closed path. */
export function stepArea(
  edges: readonly number[],
  tops: readonly number[],
  bottoms: readonly number[],
): string {
  if (tops.length === 0) return "";
  let path = stepLine(edges, tops);
  for (let i = bottoms.length - 1; i >= 0; i -= 1) {
    const y = coordinate(bottoms[i]!);
    path += i === bottoms.length - 1 ? `L${coordinate(edges[i + 1]!)} ${y}` : `V${y}`;
    path += `H${coordinate(edges[i]!)}`;
  }
  return `${path}Z`;
}

/** Straight lines through points. */
export function polyline(points: readonly (readonly [number, number])[]): string {
  return points
    .map(([x, y], i) => `${i === 0 ? "M" : "L"}${coordinate(x)} ${coordinate(y)}`)
    .join("");
}

export interface LegendEntry {
  label: string;
  /** Class of the mark; an area is a filled box, a line a stroke. */
  className: string;
  kind: "area" | "line";
  /** Of a line, as in the plot. */
  dash?: string;
}

export interface Chart {
  /** Unique in a page; file name without its ending. */
  id: string;
  title: string;
  /** For those who cannot see the chart, and below it for those who can. */
  description: string;
  height: number;
  /** Markup inside the svg element. */
  content: string;
}

export const WIDTH = 1000;
/** Of a file's title, above the chart. */
const TITLE = 30;
export const PLOT = Object.freeze({ left: 64, right: WIDTH - 16, top: 50 });

/** Grid lines, axes with units and the legend; the plot's own marks go between grid and axes. */
export function frame(options: {
  x: Scale;
  y: Scale;
  bottom: number;
  /** Where the plot begins; lower than usual under a legend of two rows. */
  top?: number;
  unit: string;
  legend: readonly LegendEntry[];
  marks: string;
}): string {
  const { x, y, bottom, unit, top = PLOT.top } = options;
  const grid = y.ticks.map((tick) => {
    const at = y.at(tick.at);
    const className = tick.at === 0 ? "zero" : "rule";
    return (
      element("line", { class: className, x1: PLOT.left, x2: PLOT.right, y1: at, y2: at }) +
      text(PLOT.left - 8, at + 4, tick.label, { class: "tick", "text-anchor": "end" })
    );
  });
  const times = x.ticks.map((tick) => {
    const at = x.at(tick.at);
    const near = at > PLOT.right - 20 ? "end" : at < PLOT.left + 20 ? "start" : "middle";
    return (
      element("line", { class: "rule", x1: at, x2: at, y1: top, y2: bottom + 5 }) +
      text(at, bottom + 20, tick.label, { class: "tick", "text-anchor": near })
    );
  });
  return [
    text(0, top - 12, unit, { class: "unit", "text-anchor": "start" }),
    legendOf(options.legend),
    element("g", { "aria-hidden": "true" }, ...grid, ...times),
    options.marks,
  ].join("\n");
}

/** In one row at the top, wrapped to a second where it is long. */
function legendOf(entries: readonly LegendEntry[]): string {
  let x = 0;
  let y = 14;
  return entries
    .map((entry) => {
      const width = 30 + entry.label.length * 6.9;
      if (x + width > WIDTH) {
        x = 0;
        y += 16;
      }
      const mark =
        entry.kind === "area"
          ? element("rect", { class: entry.className, x, y: y - 10, width: 14, height: 10, rx: 2 })
          : element("path", {
              class: entry.className,
              d: `M${x} ${y - 5}h14`,
              "stroke-dasharray": entry.dash,
            });
      const label = text(x + 19, y, entry.label, { class: "legend" });
      x += width;
      return mark + label;
    })
    .join("");
}

/** A chart that has nothing to draw still says what it would have shown. */
export function emptyChart(chart: Omit<Chart, "content" | "height">, message: string): Chart {
  const content =
    element("rect", { class: "empty", x: 1, y: 1, width: WIDTH - 2, height: 118, rx: 8 }) +
    text(WIDTH / 2, 64, message, { class: "note", "text-anchor": "middle" });
  return { ...chart, height: 120, content };
}

/**
 * The svg element: with its own style sheet it is a file, with the title above the chart; without it, a part
 * of a page, which has both.
 */
export function renderChart(chart: Chart, style?: string): string {
  const { id, title, description, content } = chart;
  const top = style === undefined ? 0 : TITLE;
  const [x, y, width, height] = [-8, -6 - top, WIDTH + 16, chart.height + 12 + top];
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      class: "chart",
      viewBox: `${x} ${y} ${width} ${height}`,
      role: "img",
      "aria-labelledby": `${id}-title ${id}-desc`,
    },
    element("title", { id: `${id}-title` }, escapeXml(title)),
    element("desc", { id: `${id}-desc` }, escapeXml(description)),
    ...(style === undefined
      ? []
      : [
          element("style", {}, escapeXml(style)),
          element("rect", { class: "paper", x, y, width, height }),
          text(0, 14 - top, title, { class: "title" }),
        ]),
    `\n${content}\n`,
  );
}
