// SPDX-License-Identifier: Apache-2.0
/**
 * The project's own CSV layouts, one row per time and node, in any order of rows and columns:
 *   time,node,load_wh,pv_wh[,retail_per_kwh]        energy of the slot that starts at `time`
 *   time,node,import_wh,export_wh[,retail_per_kwh]  cumulative registers at `time`
 * Nothing is filled in: every node needs every slot between the first time and the last.
 */
import { basename } from "node:path";
import { type CsvTable, parseCsv, readText } from "./csv.ts";
import { scaleToInteger } from "./decimal.ts";
import { DataError } from "./errors.ts";
import {
  amount,
  bounded,
  columnIndex,
  type Field,
  fieldAt,
  instantMs,
  priceMicro,
} from "./fields.ts";
import { energySlots, layOut, type PlainRow } from "./plain-grid.ts";
import { fuseCapacityWh, largestFlowWh, TableWorld } from "./table-world.ts";
import { FEED_IN_MICRO_PER_KWH, RETAIL_MICRO_PER_KWH, type World } from "./types.ts";

export type PlainKind = "load" | "registers";

const COLUMNS: Readonly<Record<PlainKind, readonly [string, string]>> = Object.freeze({
  load: ["load_wh", "pv_wh"],
  registers: ["import_wh", "export_wh"],
});
const PRICE = "retail_per_kwh";
/** Names go into topics and file names, so they keep to what is safe in both; `#` marks copies. */
const NODE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

export interface PlainOptions {
  feedInMicroPerKwh?: number;
  /** Retail price where there is no `retail_per_kwh` column. */
  retailMicroPerKwh?: number;
}

/** Which of the two layouts a header is, or undefined. */
export function plainKind(header: readonly string[]): PlainKind | undefined {
  if (!header.includes("time") || !header.includes("node")) return undefined;
  if (header.includes("load_wh") || header.includes("pv_wh")) return "load";
  return header.includes("import_wh") || header.includes("export_wh") ? "registers" : undefined;
}

/**
 * Reads one file, or several that belong together (one per node, for instance).
 * @throws DataError with the line of the first fault
 */
export function loadPlainCsv(files: readonly string[], options: PlainOptions = {}): World {
  const rows: PlainRow[] = [];
  let kind: PlainKind | undefined;
  for (const file of files) {
    const table = parseCsv(readText(file), file);
    const here = kindOf(table);
    if (kind !== undefined && here !== kind) {
      const cause = `has ${here} columns where the files before have ${kind} columns`;
      throw new DataError("layout-unknown", { file }, cause, "keep the two layouts apart");
    }
    kind = here;
    readRows(table, kind, rows);
  }
  const grid = layOut(rows, files[0] ?? "", kind === "registers" ? 2 : 1);
  const slots = kind === "registers" ? grid.times - 1 : grid.times;
  const energy = grid.nodes.map((node) => energySlots(node.rows, kind === "registers"));
  const retailDefault = options.retailMicroPerKwh ?? RETAIL_MICRO_PER_KWH;
  return new TableWorld({
    name: basename(files[0]!, ".csv"),
    homes: grid.nodes.map((node, home) => ({
      name: node.name,
      capacityWh: fuseCapacityWh(
        largestFlowWh(energy[home]!.load, energy[home]!.generation),
        grid.slotSeconds,
      ),
    })),
    slotSeconds: grid.slotSeconds,
    slots,
    startMs: grid.startMs,
    feedInMicroPerKwh: options.feedInMicroPerKwh ?? FEED_IN_MICRO_PER_KWH,
    load: (home, slot) => energy[home]!.load[slot]!,
    generation: (home, slot) => energy[home]!.generation[slot]!,
    retail: (slot) => grid.retailMicro[slot] ?? retailDefault,
  });
}

function kindOf(table: CsvTable): PlainKind {
  const kind = plainKind(table.header);
  if (kind === undefined) {
    const cause = `its columns are ${table.header.join(", ").slice(0, 200)}`;
    const cure = "use time,node,load_wh,pv_wh or time,node,import_wh,export_wh";
    throw new DataError("layout-unknown", { file: table.file, line: 1 }, cause, cure);
  }
  const known = ["time", "node", ...COLUMNS[kind], PRICE];
  const stranger = table.header.find((name) => !known.includes(name));
  if (stranger !== undefined) {
    const cause = `column "${stranger}" is not known`;
    const cure = `remove it; the columns are ${known.join(", ")}`;
    throw new DataError("column-unknown", { file: table.file, line: 1 }, cause, cure);
  }
  return kind;
}

function readRows(table: CsvTable, kind: PlainKind, into: PlainRow[]): void {
  const time = columnIndex(table, "time");
  const node = columnIndex(table, "node");
  const first = columnIndex(table, COLUMNS[kind][0]);
  const second = columnIndex(table, COLUMNS[kind][1]);
  const price = table.header.indexOf(PRICE);
  for (const row of table.rows) {
    into.push({
      file: table.file,
      line: row.line,
      timeMs: instantMs(fieldAt(table, row, time)),
      node: nodeName(fieldAt(table, row, node)),
      firstWh: wattHours(fieldAt(table, row, first), kind),
      secondWh: wattHours(fieldAt(table, row, second), kind),
      retailMicro: price < 0 ? undefined : priceMicro(fieldAt(table, row, price)),
    });
  }
}

function wattHours(field: Field, kind: PlainKind): number {
  const value = scaleToInteger(amount(field));
  // A register may be large after years; what moves in one slot is checked where slots are made.
  return kind === "registers" ? bounded(field, value, 10 ** 15) : bounded(field, value);
}

function nodeName(field: Field): string {
  if (field.text === "") {
    throw new DataError("value-missing", field, "node is missing", "name the node of every row");
  }
  if (NODE_NAME.test(field.text)) return field.text;
  const cause = `node is "${field.text.slice(0, 80)}"`;
  const cure = "use 1 to 64 letters, digits, '_', '.' and '-', beginning with a letter or digit";
  throw new DataError("value-invalid", field, cause, cure);
}
