// SPDX-License-Identifier: Apache-2.0
/**
 * What can be wrong with data or with the options that choose them. docs/data.md lists the same
 * codes.
 */
export const DATA_ERRORS = Object.freeze({
  "data-not-found": "the path does not exist or cannot be read",
  "layout-unknown": "the files there match no known layout",
  "file-missing": "a file that the layout needs is absent",
  "file-too-large": "a file is longer than the reader's limit",
  "csv-syntax": "broken quoting",
  "csv-fields": "a row has more or fewer fields than the header",
  "column-missing": "a column that the layout needs is absent",
  "column-unknown": "a column that the layout does not have",
  "column-duplicate": "two columns have the same name",
  "value-missing": "an empty field, or the text NaN",
  "value-invalid": "not a decimal number, time or node name",
  "value-negative": "energy or price below zero",
  "value-too-large": "energy or price beyond the limits",
  "row-duplicate": "a second row for the same time and node",
  "row-gap": "a time is absent for a node",
  "rows-none": "no rows, or too few to make a slot",
  "rows-uneven": "files of one data set have different numbers of rows",
  "slot-uneven": "times are not a whole number of slots apart",
  "slot-length": "the data's slot length is not the one asked for",
  "register-decreased": "a cumulative register went back",
  "price-differs": "two nodes have different retail prices at one time",
  "schema-invalid": "schema.json lacks a field or has a wrong one",
  "window-outside": "the days asked for are not all in the data",
  "option-invalid": "an option has a value that makes no sense",
});

export type DataErrorCode = keyof typeof DATA_ERRORS;

/**
 * Data or options that cannot make a world: the message says where, what is wrong, and what to do.
 */
export class DataError extends Error {
  readonly code: DataErrorCode;
  /** File or folder at fault; empty for an option. */
  readonly file: string;
  /** Line in `file`, from 1; 0 where no single line is at fault. */
  readonly line: number;
  /**
   * @param where file and line at fault
   * @param cause what is wrong, without a full stop
   * @param cure what to do about it, without a full stop
   */
  constructor(
    code: DataErrorCode,
    where: { file?: string; line?: number },
    cause: string,
    cure: string,
  ) {
    const { file = "", line = 0 } = where;
    const place = file === "" ? "" : line > 0 ? `${file}:${line}: ` : `${file}: `;
    super(`${place}${cause}; ${cure}. [${code}, see docs/data.md]`);
    this.name = "DataError";
    this.code = code;
    this.file = file;
    this.line = line;
  }
}

/** A non-negative safe integer option, or an `option-invalid` error that names it. */
export function checkWhole(name: string, value: number, least: number, most: number): number {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw new DataError(
      "option-invalid",
      {},
      `${name} is ${value}`,
      `give a whole number from ${least} to ${most}`,
    );
  }
  return value;
}
