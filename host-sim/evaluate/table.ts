// SPDX-License-Identifier: Apache-2.0
/** Tables of an evaluation: as Markdown for people, as CSV for programs. */
import { csvField } from "../report/write.ts";

export interface Table {
  /** File name without its ending. */
  id: string;
  title: string;
  /** What has to be known to read it. */
  note: string;
  heads: string[];
  rows: string[][];
}

/** Three digits that count, without exponents. */
export function digits(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(places, 6));
}

export function markdownTable({ heads, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}

export function csvTable({ heads, rows }: Table): string {
  return `${[heads, ...rows].map((cells) => cells.map(csvField).join(",")).join("\n")}\n`;
}
