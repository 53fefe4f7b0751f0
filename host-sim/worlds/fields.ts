// SPDX-License-Identifier: Apache-2.0
/** One field of a data file at a time: text to exact integers and times, with coded errors. */
import type { CsvRow, CsvTable } from "./csv.ts";
import { type Decimal, parseDecimal, scaleToInteger } from "./decimal.ts";
import { DataError } from "./errors.ts";
import { MAX_SLOT_WH } from "./types.ts";

/** A field with the place it came from. */
export interface Field {
  readonly file: string;
  readonly line: number;
  readonly column: string;
  readonly text: string;
}

/** The field of `row` at column number `index` of `table`. */
export function fieldAt(table: CsvTable, row: CsvRow, index: number): Field {
  const column = table.header[index]!;
  return { file: table.file, line: row.line, column, text: row.fields[index]!.trim() };
}

/** The number of a column. @throws DataError column-missing, naming the columns that are there */
export function columnIndex(table: CsvTable, name: string): number {
  const index = table.header.indexOf(name);
  if (index >= 0) return index;
  const cause = `has no column "${name}" (its columns are ${table.header.join(", ")})`;
  const cure = "add or rename the column";
  throw new DataError("column-missing", { file: table.file, line: 1 }, cause, cure);
}

/**
 * An exact decimal, not negative. @throws DataError value-missing, value-invalid, value-negative
 */
export function amount(field: Field): Decimal {
  const lower = field.text.toLowerCase();
  if (lower === "" || lower === "nan" || lower === "null" || lower === "na") {
    const cause = `${field.column} is missing`;
    throw new DataError("value-missing", field, cause, "fill the value in; none is guessed");
  }
  const value = parseDecimal(field.text);
  if (!value) {
    const cause = `${field.column} is "${field.text.slice(0, 40)}", which is no decimal number`;
    throw new DataError("value-invalid", field, cause, "write it like 12.5, with a decimal point");
  }
  if (value.digits < 0n) {
    const cause = `${field.column} is negative (${field.text})`;
    const cure = "give load and generation, or import and export, each as its own positive value";
    throw new DataError("value-negative", field, cause, cure);
  }
  return value;
}

/**
 * Checks an amount that was scaled to Wh or µc.
 * @param most the largest value allowed, 10^9 by default
 * @throws DataError value-too-large
 */
export function bounded(field: Field, value: bigint, most = MAX_SLOT_WH): number {
  if (value <= BigInt(most)) return Number(value);
  const cause = `${field.column} is ${field.text}, which is beyond ${most} after scaling`;
  throw new DataError("value-too-large", field, cause, "check the column's unit");
}

/** A price per kWh as integer µc per kWh, half to even. */
export function priceMicro(field: Field): number {
  return bounded(field, scaleToInteger(amount(field), 6));
}

const DATE = String.raw`(\d{4})-(\d\d)-(\d\d)`;
const CLOCK = String.raw`(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?`;
const OFFSET = String.raw`(?:(Z)|([+-])(\d\d):?(\d\d))?`;
const ISO = new RegExp(`^${DATE}[T ]${CLOCK}${OFFSET}$`);

/**
 * An ISO 8601 time as ms since 1970. A time without an offset is taken as UTC.
 * @throws DataError value-missing, value-invalid (also for days that no calendar has)
 */
export function instantMs(field: Field): number {
  if (field.text === "") {
    const cause = `${field.column} is missing`;
    throw new DataError("value-missing", field, cause, "write the time like 2024-06-01T13:00:00Z");
  }
  const match = ISO.exec(field.text);
  if (match) {
    const part = (index: number): number => Number(match[index] ?? "0");
    const [year, month, day] = [part(1), part(2), part(3)];
    const dayMs = Date.UTC(year, month - 1, day);
    const date = new Date(dayMs);
    const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
    const [hour, minute, second] = [part(4), part(5), part(6)];
    const [offsetHour, offsetMinute] = [part(10), part(11)];
    const inRange = hour < 24 && minute < 60 && second < 60 && offsetHour < 15 && offsetMinute < 60;
    if (exists && inRange) {
      const ms = Number((match[7] ?? "0").padEnd(3, "0"));
      const clockMs = dayMs + ((hour * 60 + minute) * 60 + second) * 1000 + ms;
      const offsetMs = (offsetHour * 60 + offsetMinute) * 60_000;
      return match[9] === "-" ? clockMs + offsetMs : clockMs - offsetMs;
    }
  }
  const cause = `${field.column} is "${field.text.slice(0, 40)}", which is no ISO 8601 time`;
  throw new DataError("value-invalid", field, cause, "write it like 2024-06-01T13:00:00Z");
}
