// SPDX-License-Identifier: Apache-2.0
/** How many loans have which grade: the paper draws its borrowers by this distribution (Fig. 6). */
import { GRADES, gradeName, gradeNumber } from "#core/credit/grade";
import { readText } from "../../worlds/csv.ts";
import { DataError } from "../../worlds/errors.ts";

export interface GradeTable {
  /** What it is, for the report. */
  source: string;
  /** Loans of A1 … G5. */
  counts: readonly number[];
}

/**
 * Lending Club, 2007 to 2015. The totals of the seven letters are public (148202, 254535, 245860, 139542,
 * 70705, 23046, 5489); the 35 cells are recalled and reconciled to them, not taken from a source.
 */
export const RECALLED: GradeTable = Object.freeze({
  source: "Lending Club 2007–2015, 887 379 loans: cells recalled, reconciled to the public totals",
  counts: Object.freeze([
    ...[22913, 22485, 23457, 34531, 44816],
    ...[44972, 48781, 56323, 55626, 48833],
    ...[53387, 52236, 50161, 48857, 41219],
    ...[36238, 29803, 26554, 25558, 21389],
    ...[18268, 17004, 14134, 11724, 9575],
    ...[7218, 5392, 4433, 3409, 2594],
    ...[1871, 1398, 981, 663, 576],
  ]),
});

/** Loans of one grade that a file may have: more than there are people. */
const COUNT_MAX = 10_000_000_000;

/**
 * Counts from a CSV file: grade (A1 … G5) and number of loans in the first two columns, with or without a
 * header, in any order; further columns are not read.
 * @throws DataError that names file, line and remedy
 */
export function readGrades(file: string): GradeTable {
  const cure = "give 35 rows of grade and count, as in A1,22913";
  const counts: (number | undefined)[] = Array.from({ length: GRADES });
  const lines = readText(file)
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/);
  for (const [i, text] of lines.entries()) {
    if (text.trim() === "") continue;
    const where = { file, line: i + 1 };
    const fields = text.split(",").map((field) => field.trim().replace(/^"(.*)"$/, "$1"));
    if (fields.length < 2) throw new DataError("csv-fields", where, "has one column", cure);
    const [name, count] = fields;
    const grade = gradeNumber(name);
    if (grade === undefined) {
      // What stands first and is no grade is a header.
      if (i === 0) continue;
      throw new DataError("value-invalid", where, `"${name}" is no grade A1 … G5`, cure);
    }
    if (counts[grade - 1] !== undefined)
      throw new DataError("row-duplicate", where, `a second row for ${name}`, "remove one");
    if (!/^\d+$/.test(count) || Number(count) > COUNT_MAX)
      throw new DataError("value-invalid", where, `"${count}" is no count of loans`, cure);
    counts[grade - 1] = Number(count);
  }
  const absent = counts.flatMap((count, i) => (count === undefined ? [gradeName(i + 1)] : []));
  if (absent.length > 0)
    throw new DataError("rows-none", { file }, `has no row for ${absent.join(", ")}`, cure);
  if (counts.every((count) => count === 0))
    throw new DataError("rows-none", { file }, "counts no loans", cure);
  return { source: file, counts: counts as number[] };
}

/** Mean of γ over the loans. */
export function meanGamma({ counts }: GradeTable): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce((sum, count, i) => sum + count * (1 - i / GRADES), 0) / total;
}
