// SPDX-License-Identifier: Apache-2.0
/** A world from what the user points at: a CityLearn folder, plain CSV, or nothing at all. */
import { readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { cityLearnBuildings, loadCityLearn } from "./citylearn.ts";
import { checkWhole, DataError } from "./errors.ts";
import { loadPlainCsv } from "./plain-csv.ts";
import { syntheticWorld } from "./synthetic.ts";
import type { World } from "./types.ts";
import { windowWorld } from "./window.ts";

export interface LoadOptions {
  /** Folder or file; without it the world is synthetic. */
  data?: string;
  /** Whole days to skip. */
  from?: number;
  /** Whole days to keep; all for data, 7 for a synthetic world. */
  days?: number;
  /**
   * Homes; all for data, 12 for a synthetic world. More than the data have repeats them
   * (window.ts).
   */
  nodes?: number;
  /** Of the synthetic world; data have no chance in them. */
  seed: number;
  /**
   * Of the synthetic world (900 by default); data have their own, and another one asked for is an
   * error.
   */
  slotSeconds?: number;
  /** Degrees, of the synthetic world. */
  latitude?: number;
  longitude?: number;
  feedInMicroPerKwh?: number;
  /** For data without a retail price. */
  retailMicroPerKwh?: number;
}

const SYNTHETIC_DAYS = 7;
const SYNTHETIC_HOMES = 12;

/**
 * @returns the world with its window applied
 * @throws DataError for everything that data or options can have wrong
 */
export function loadWorld(options: LoadOptions): World {
  const { from = 0, days, nodes } = options;
  if (options.data === undefined) {
    const kept = days ?? SYNTHETIC_DAYS;
    // Checked before they are added up, so that the error names the option that is wrong.
    checkWhole("from", from, 0, 36_500);
    checkWhole("days", kept, 1, 36_600);
    const homes = nodes ?? SYNTHETIC_HOMES;
    return windowWorld(syntheticWorld({ ...options, homes, days: from + kept }), { from });
  }
  const world = readData(options.data, options);
  if (options.slotSeconds !== undefined && options.slotSeconds !== world.slotSeconds) {
    const cause = `has ${world.slotSeconds} s slots and ${options.slotSeconds} s are asked for`;
    const cure = "leave the slot length out; data keep their own";
    throw new DataError("slot-length", { file: options.data }, cause, cure);
  }
  return windowWorld(world, { from, days, nodes });
}

/** Recognises the layout by what is there, never by a name that the user chose. */
function readData(path: string, options: LoadOptions): World {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) {
    const cure = "check the path, or leave it out for a synthetic world";
    throw new DataError("data-not-found", { file: path }, "does not exist", cure);
  }
  if (stat.isFile()) return loadPlainCsv([path], options);
  if (!stat.isDirectory()) {
    const cause = "is neither a file nor a folder";
    throw new DataError("data-not-found", { file: path }, cause, "give a CSV file or a folder");
  }
  const names = readdirSync(path).sort();
  const buildings = cityLearnBuildings(path);
  if (buildings.length > 0) {
    for (const needed of ["schema.json", "pricing.csv"]) {
      if (names.includes(needed)) continue;
      const cause = `has ${buildings.length} Building files and no ${needed}`;
      const cure = `add the data set's ${needed}`;
      throw new DataError("file-missing", { file: path }, cause, cure);
    }
    return loadCityLearn(path, options);
  }
  const tables = names.filter((name) => name.endsWith(".csv")).map((name) => join(path, name));
  if (tables.length > 0) return loadPlainCsv(tables, { ...options });
  throw nothingKnown(path, names);
}

/** Lists what was found, and names a folder below that would have worked. */
function nothingKnown(path: string, names: readonly string[]): DataError {
  const shown = names.slice(0, 12).join(", ");
  const found = names.length === 0 ? "nothing" : shown + (names.length > 12 ? ", …" : "");
  const below = names.find((name) => holdsData(join(path, name)));
  const cause = `no known layout in ${basename(path)}; found ${found}`;
  const cure =
    below === undefined
      ? "give a CityLearn 2022 folder (Building_<n>.csv, schema.json, pricing.csv) or plain CSV"
      : `give ${join(path, below)}, which has a layout that is known`;
  return new DataError("layout-unknown", { file: path }, cause, cure);
}

function holdsData(path: string): boolean {
  return statSync(path).isDirectory() && cityLearnBuildings(path).length > 0;
}
