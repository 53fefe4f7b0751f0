// SPDX-License-Identifier: Apache-2.0
/** The committed record vectors, read from disk. */
import { readFileSync } from "node:fs";
import { ALL_RECORDS } from "#core/records/index";
import type { NegativeVector, RecordVector } from "../../../vectors/records/check.ts";

function read<T>(name: string): T {
  const url = new URL(`../../../vectors/records/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8")) as T;
}

/** Good vectors of every record kind. */
export const VECTORS: readonly RecordVector[] = ALL_RECORDS.flatMap(({ name }) =>
  read<RecordVector[]>(name),
);

/** What must be refused. */
export const NEGATIVES: readonly NegativeVector[] = read<NegativeVector[]>("negative");
