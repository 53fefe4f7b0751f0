// SPDX-License-Identifier: Apache-2.0
/**
 * Rows of the plain layouts to a full grid of nodes and times; whatever does not fit is an error.
 */
import { DataError } from "./errors.ts";
import { MAX_SLOT_WH } from "./types.ts";

export interface PlainRow {
  readonly file: string;
  readonly line: number;
  readonly timeMs: number;
  readonly node: string;
  /** load or import register, integer Wh. */
  readonly firstWh: number;
  /** generation or export register, integer Wh. */
  readonly secondWh: number;
  readonly retailMicro: number | undefined;
}

export interface PlainGrid {
  /**
   * In the order in which the files name them; each has one row for each time, in order of time.
   */
  nodes: { name: string; rows: readonly PlainRow[] }[];
  times: number;
  startMs: number;
  slotSeconds: number;
  /** Retail price by time, or undefined where no row gives one. */
  retailMicro: (number | undefined)[];
}

/**
 * @param leastTimes 2 for registers, which need two times to make a slot; 1 for energy
 * @throws DataError rows-none, row-duplicate, row-gap, slot-uneven, price-differs
 */
export function layOut(rows: readonly PlainRow[], file: string, leastTimes: number): PlainGrid {
  const byTime = [...new Set(rows.map((row) => row.timeMs))].sort((a, b) => a - b);
  if (byTime.length < Math.max(2, leastTimes)) {
    const cause = `has ${byTime.length} times, and the slot length is the distance between two`;
    throw new DataError("rows-none", { file }, cause, "give rows for two slots or more");
  }
  const startMs = byTime[0]!;
  const endMs = byTime[byTime.length - 1]!;
  let slotMs = endMs - startMs;
  for (let i = 1; i < byTime.length; i += 1) slotMs = Math.min(slotMs, byTime[i]! - byTime[i - 1]!);
  for (const row of rows) {
    if (slotMs % 1000 === 0 && (row.timeMs - startMs) % slotMs === 0) continue;
    const steps = `a whole number of ${slotMs / 1000} s slots`;
    const cause = `${iso(row.timeMs)} is not ${steps} after ${iso(startMs)}`;
    const cure = "give all rows one slot length of whole seconds";
    throw new DataError("slot-uneven", row, cause, cure);
  }
  const times = (endMs - startMs) / slotMs + 1;
  const byNode = new Map<string, PlainRow[]>();
  for (const row of rows) {
    const list = byNode.get(row.node);
    if (list) list.push(row);
    else byNode.set(row.node, [row]);
  }
  const nodes = [...byNode].map(([name, list]) => {
    list.sort((a, b) => a.timeMs - b.timeMs);
    checkComplete(name, list, startMs, slotMs, times);
    return { name, rows: list };
  });
  const retailMicro = pricesOf(rows, startMs, slotMs, times);
  return { nodes, times, startMs, slotSeconds: slotMs / 1000, retailMicro };
}

function checkComplete(
  name: string,
  rows: readonly PlainRow[],
  startMs: number,
  slotMs: number,
  times: number,
): void {
  for (let i = 0; i < times; i += 1) {
    const expected = startMs + i * slotMs;
    const row = rows[i];
    if (row !== undefined && row.timeMs === expected) continue;
    const before = rows[i - 1];
    if (row !== undefined && before !== undefined && row.timeMs === before.timeMs) {
      const first = `the first is on line ${before.line}`;
      const cause = `a second row for ${name} at ${iso(row.timeMs)} (${first})`;
      throw new DataError("row-duplicate", row, cause, "remove one of them");
    }
    const cause = `${name} has no row for ${iso(expected)}`;
    const cure = "fill the gap, or cut the data to the time before or after it";
    throw new DataError("row-gap", row ?? before!, cause, cure);
  }
  const extra = rows[times];
  if (extra !== undefined) {
    const cause = `a second row for ${name} at ${iso(extra.timeMs)}`;
    throw new DataError("row-duplicate", extra, cause, "remove one of them");
  }
}

/** One price for each time: a market has one retail price, so nodes must agree. */
function pricesOf(
  rows: readonly PlainRow[],
  startMs: number,
  slotMs: number,
  times: number,
): (number | undefined)[] {
  const prices: (number | undefined)[] = new Array(times).fill(undefined);
  for (const row of rows) {
    if (row.retailMicro === undefined) continue;
    const index = (row.timeMs - startMs) / slotMs;
    const known = prices[index];
    if (known !== undefined && known !== row.retailMicro) {
      const both = `${row.retailMicro} µc here and ${known} µc above`;
      const cause = `retail_per_kwh at ${iso(row.timeMs)} is ${both}`;
      throw new DataError("price-differs", row, cause, "give every node the same price at a time");
    }
    prices[index] = row.retailMicro;
  }
  return prices;
}

/**
 * Load and generation by slot, Wh. Registers give differences: what came in and what went out of
 * the meter, so a slot may have both.
 * @throws DataError register-decreased, value-too-large
 */
export function energySlots(
  rows: readonly PlainRow[],
  registers: boolean,
): { load: Int32Array; generation: Int32Array } {
  const slots = registers ? rows.length - 1 : rows.length;
  const load = new Int32Array(slots);
  const generation = new Int32Array(slots);
  for (let slot = 0; slot < slots; slot += 1) {
    const row = rows[slot]!;
    if (registers) {
      const next = rows[slot + 1]!;
      load[slot] = difference(next, row, "import_wh", next.firstWh - row.firstWh);
      generation[slot] = difference(next, row, "export_wh", next.secondWh - row.secondWh);
    } else {
      load[slot] = row.firstWh;
      generation[slot] = row.secondWh;
    }
  }
  return { load, generation };
}

function difference(row: PlainRow, before: PlainRow, column: string, wh: number): number {
  if (wh < 0) {
    const cause = `${column} of ${row.node} went back by ${-wh} Wh since line ${before.line}`;
    const cure = "start a new file where the meter was replaced or reset";
    throw new DataError("register-decreased", row, cause, cure);
  }
  if (wh <= MAX_SLOT_WH) return wh;
  const cause = `${column} of ${row.node} grew by ${wh} Wh in one slot`;
  throw new DataError("value-too-large", row, cause, "check the column's unit");
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
