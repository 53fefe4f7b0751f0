// SPDX-License-Identifier: Apache-2.0
/** The grid's retail prices, one a slot, from a CSV file. */
import { readFileSync } from "node:fs";
import { PRICE_MICRO_MAX } from "#core/limits";
import { parseCoins } from "#core/units/money";
import { ConfigError, didYouMean, shown } from "./config-error.ts";

/** A century of quarter-hours would be 60 MB. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * The prices in `column` (the only one where it is not named), µc/kWh. Plain fields: a header line,
 * then one line a slot, commas, no quotes.
 * @throws ConfigError with file, line, and cure
 */
export function readRetailCsv(file: string, column: string | undefined): number[] {
  const lines = readLines(file);
  const header = lines[0].split(",").map((field) => field.trim());
  const at = column === undefined ? (header.length === 1 ? 0 : -1) : header.indexOf(column);
  if (at < 0) {
    const guess = column && didYouMean(column, header);
    const cure = guess ? `Did you mean "${guess}"?` : "Set tariff.retailColumn to one of them";
    const found = column === undefined ? `${header.length} columns` : `no column "${column}"`;
    throw csvError(file, "tariff.retailColumn", found, `one of ${header.join(", ")}`, cure);
  }
  const prices: number[] = [];
  for (let i = 1; i < lines.length; i++) {
    const fields = lines[i].split(",");
    const micro = parseCoins((fields[at] ?? "").trim());
    if (fields.length !== header.length || micro === undefined || micro > PRICE_MICRO_MAX) {
      const allowed = `${header.length} fields with a price of at most six decimals`;
      const cure = `Correct line ${i + 1} of ${file}`;
      throw csvError(file, "tariff.retailCsv", shown(lines[i]), allowed, cure);
    }
    prices.push(micro);
  }
  return prices;
}

function readLines(file: string): string[] {
  const allowed = "a CSV file with a header and one price a slot";
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw csvError(file, "tariff.retailCsv", `${code} for ${file}`, allowed, "Check the path");
  }
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  while (lines.length > 0 && lines[lines.length - 1].trim() === "") lines.pop();
  if (text.length > FILE_BYTES_MAX || lines.length < 2) {
    const found = `${lines.length} lines, ${text.length} bytes`;
    throw csvError(file, "tariff.retailCsv", found, allowed, "Give a file with prices");
  }
  return lines;
}

function csvError(file: string, path: string, found: string, allowed: string, cure: string) {
  return new ConfigError(file, [{ path, found, allowed, cure }]);
}
