// SPDX-License-Identifier: Apache-2.0
/** One line of the table that `npm run bench` ends with. */
export interface Target {
  /** The target's number, 1 to 7, with a letter where it has several lines. */
  target: string;
  what: string;
  required: string;
  measured: string;
  result: "PASS" | "FAIL" | "NOT RUN";
  /** Why it fails or was not run, or what the figure leaves out. */
  note?: string;
}

export function judged(pass: boolean): "PASS" | "FAIL" {
  return pass ? "PASS" : "FAIL";
}

/** The middle of some figures; of an even number the lower one of the two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1];
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

export function progress(line: string): void {
  process.stdout.write(`  ${line}\n`);
}

/** The table; notes follow it, so that its lines stay short. */
export function table(targets: readonly Target[]): string {
  const rows = targets.map(({ target, what, required, measured, result }) => [
    ...[target, what, required, measured, result],
  ]);
  rows.unshift(["", "target", "required", "measured", "result"]);
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join("  ")
      .trimEnd(),
  );
  const notes = targets.filter(({ note }) => note).map(({ target, note }) => `${target}: ${note}`);
  return [...lines, "", ...notes, ""].join("\n");
}
