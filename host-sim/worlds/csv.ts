// SPDX-License-Identifier: Apache-2.0
/**
 * A small strict CSV reader (RFC 4180): comma, optional double quotes, LF or CRLF, one header row.
 * It never guesses: a wrong number of fields or a stray quote is an error with its line.
 */
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { DataError } from "./errors.ts";

export interface CsvRow {
  /** Line in the file where the row starts, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

export interface CsvTable {
  readonly file: string;
  readonly header: readonly string[];
  readonly rows: readonly CsvRow[];
}

/**
 * A year of 300 nodes at 15 min is about 400 MB; more than this would not fit a JavaScript string.
 */
export const MAX_FILE_BYTES = 450_000_000;

/** The text of a file, with coded errors for absent and oversized ones. */
export function readText(file: string): string {
  let fd: number;
  try {
    fd = openSync(file, "r");
  } catch (cause) {
    throw new DataError(
      "data-not-found",
      { file },
      `cannot be opened (${cause instanceof Error ? cause.message : String(cause)})`,
      "check the path and its permissions",
    );
  }
  try {
    const bytes = fstatSync(fd).size;
    if (bytes > MAX_FILE_BYTES) {
      const cure = "split it into one file per node or per group of nodes";
      throw new DataError("file-too-large", { file }, `has ${bytes} bytes`, cure);
    }
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}

/**
 * @param text the whole file; a byte order mark is skipped
 * @param file its name, for errors
 * @throws DataError csv-syntax, csv-fields, column-duplicate, value-missing (an unnamed column),
 * rows-none
 */
export function parseCsv(text: string, file: string): CsvTable {
  const rows = [...splitRows(text.startsWith("\uFEFF") ? text.slice(1) : text, file)];
  const head = rows.shift();
  if (!head) throw new DataError("rows-none", { file }, "is empty", "give a header and rows");
  const header = head.fields.map((name) => name.trim());
  for (const [index, name] of header.entries()) {
    const where = { file, line: head.line };
    if (name === "") {
      const cause = `column ${index + 1} has no name`;
      throw new DataError("value-missing", where, cause, "name it or remove it");
    }
    if (header.indexOf(name) !== index) {
      const cause = `column "${name}" is there twice`;
      throw new DataError("column-duplicate", where, cause, "remove one of them");
    }
  }
  for (const row of rows) {
    if (row.fields.length !== header.length) {
      const cause = `${row.fields.length} fields where the header has ${header.length}`;
      const cure = "complete the row, and quote fields that contain commas";
      throw new DataError("csv-fields", { file, line: row.line }, cause, cure);
    }
  }
  return { file, header, rows };
}

/** Rows in file order; a line break at the very end makes no row. */
function* splitRows(text: string, file: string): Generator<CsvRow> {
  let line = 1;
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    const plain = text.slice(start, text[end - 1] === "\r" ? end - 1 : end);
    if (plain.includes('"')) {
      const quoted = readQuotedRow(text, start, file, line);
      yield { line, fields: quoted.fields };
      line += quoted.lines;
      start = quoted.next;
    } else {
      yield { line, fields: plain.split(",") };
      line += 1;
      start = end + 1;
    }
  }
}

/** One row that has a quote in it, read field by field from `start`. */
function readQuotedRow(
  text: string,
  start: number,
  file: string,
  line: number,
): { fields: string[]; next: number; lines: number } {
  const fields: string[] = [];
  let lines = 1;
  let at = start;
  const fail = (cause: string, cure: string): never => {
    throw new DataError("csv-syntax", { file, line: line + lines - 1 }, cause, cure);
  };
  for (;;) {
    if (text[at] === '"') {
      let value = "";
      for (at += 1; ; at += 2) {
        const quote = text.indexOf('"', at);
        if (quote < 0) fail("a quoted field does not end", "close the quote");
        value += text.slice(at, quote);
        at = quote;
        if (text[quote + 1] !== '"') break;
        value += '"';
      }
      at += 1;
      lines += value.split("\n").length - 1;
      fields.push(value);
    } else {
      const from = at;
      while (at < text.length && text[at] !== "," && text[at] !== "\n") at += 1;
      const value = text.slice(from, text[at] !== "," && text[at - 1] === "\r" ? at - 1 : at);
      if (value.includes('"')) fail("a quote inside an unquoted field", "quote the whole field");
      fields.push(value);
    }
    if (text[at] === ",") {
      at += 1;
      continue;
    }
    if (text[at] === "\r" && (text[at + 1] === "\n" || at + 1 === text.length)) at += 1;
    if (at >= text.length) return { fields, next: at, lines };
    if (text[at] === "\n") return { fields, next: at + 1, lines };
    fail("text after a closing quote", 'double the quotes inside the field, as in ""');
  }
}
