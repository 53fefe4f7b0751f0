// SPDX-License-Identifier: Apache-2.0
/**
 * The folder layout of the CityLearn Challenge 2022 (K. Nweye et al., https://www.citylearn.net):
 * `schema.json`, `Building_<n>.csv`, `pricing.csv`. The homes are the Building files that are
 * there, by number.
 *
 * For a slot of s seconds, each product exact and rounded once, half to even:
 *   load Wh       = round(non_shiftable_load [kWh] · 1000)
 *   generation Wh = round(solar_generation [W per kW] · nominal_power [kW] · s / 3600)
 *   retail µc/kWh = round(electricity_pricing · 10^6)
 */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { type CsvTable, parseCsv, readText } from "./csv.ts";
import { type Decimal, multiply, parseDecimal, scaleByRatio, scaleToInteger } from "./decimal.ts";
import { DataError } from "./errors.ts";
import { amount, bounded, columnIndex, fieldAt, priceMicro } from "./fields.ts";
import { fuseCapacityWh, largestFlowWh, TableWorld } from "./table-world.ts";
import { FEED_IN_MICRO_PER_KWH, type World } from "./types.ts";

const BUILDING = /^Building_(\d+)\.csv$/;
/** The data name no year; the challenge's ran from 2016-08 to 2017-07. */
const FIRST_YEAR = 2016;
const DAY_MS = 86_400_000;

interface Schema {
  slotSeconds: number;
  /** kW by building name, exact. */
  nominalPowerKw: ReadonlyMap<string, Decimal>;
}

/** The Building files of a folder, by number; an empty list where it is no CityLearn folder. */
export function cityLearnBuildings(folder: string): string[] {
  const numberOf = (name: string): number => Number(BUILDING.exec(name)?.[1]);
  const names = readdirSync(folder).filter((name) => BUILDING.test(name));
  return names.sort((a, b) => numberOf(a) - numberOf(b));
}

/**
 * Reads a CityLearn 2022 folder.
 * @throws DataError for absent or broken files, each with its line
 */
export function loadCityLearn(folder: string, options: { feedInMicroPerKwh?: number } = {}): World {
  const buildings = cityLearnBuildings(folder).map((file) => basename(file, ".csv"));
  if (buildings.length === 0) {
    const cause = "has no Building_<n>.csv";
    throw new DataError("file-missing", { file: folder }, cause, "give a CityLearn 2022 folder");
  }
  const schema = readSchema(join(folder, "schema.json"), buildings);
  const pricingFile = join(folder, "pricing.csv");
  const pricing = readTable(pricingFile);
  const price = columnIndex(pricing, "electricity_pricing");
  const retail = pricing.rows.map((row) => priceMicro(fieldAt(pricing, row, price)));
  const load: Int32Array[] = [];
  const generation: Int32Array[] = [];
  let startMs = 0;
  for (const name of buildings) {
    const table = readTable(join(folder, `${name}.csv`));
    if (table.rows.length !== retail.length) {
      const cause = `has ${table.rows.length} rows where ${pricingFile} has ${retail.length}`;
      const cure = "give all files of the folder the same rows";
      throw new DataError("rows-uneven", { file: table.file }, cause, cure);
    }
    if (load.length === 0) startMs = firstSlotMs(table, schema.slotSeconds);
    const energy = readEnergy(table, schema.nominalPowerKw.get(name)!, schema.slotSeconds);
    load.push(energy.load);
    generation.push(energy.generation);
  }
  const homes = buildings.map((name, home) => ({
    name,
    capacityWh: fuseCapacityWh(largestFlowWh(load[home]!, generation[home]!), schema.slotSeconds),
  }));
  return new TableWorld({
    name: basename(folder),
    homes,
    slotSeconds: schema.slotSeconds,
    slots: retail.length,
    startMs,
    feedInMicroPerKwh: options.feedInMicroPerKwh ?? FEED_IN_MICRO_PER_KWH,
    load: (home, slot) => load[home]![slot]!,
    generation: (home, slot) => generation[home]![slot]!,
    retail: (slot) => retail[slot]!,
  });
}

function readTable(file: string): CsvTable {
  const table = parseCsv(readText(file), file);
  if (table.rows.length > 0) return table;
  throw new DataError("rows-none", { file }, "has a header and no rows", "give at least one row");
}

function readEnergy(
  table: CsvTable,
  nominalPowerKw: Decimal,
  slotSeconds: number,
): { load: Int32Array; generation: Int32Array } {
  const loadColumn = columnIndex(table, "non_shiftable_load");
  const solarColumn = columnIndex(table, "solar_generation");
  const load = new Int32Array(table.rows.length);
  const generation = new Int32Array(table.rows.length);
  for (const [slot, row] of table.rows.entries()) {
    const loadField = fieldAt(table, row, loadColumn);
    load[slot] = bounded(loadField, scaleToInteger(amount(loadField), 3));
    const solarField = fieldAt(table, row, solarColumn);
    const watts = multiply(amount(solarField), nominalPowerKw);
    generation[slot] = bounded(solarField, scaleByRatio(watts, 0, BigInt(slotSeconds), 3600n));
  }
  return { load, generation };
}

/** The two things that the reader needs from schema.json, checked. */
function readSchema(file: string, buildings: readonly string[]): Schema {
  const fail = (cause: string): never => {
    throw new DataError("schema-invalid", { file }, cause, "use the data set's own schema.json");
  };
  let schema: unknown;
  try {
    schema = JSON.parse(readText(file));
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    return fail(`is no JSON (${cause instanceof Error ? cause.message : String(cause)})`);
  }
  const slotSeconds = property(schema, "seconds_per_time_step");
  if (typeof slotSeconds !== "number" || !Number.isSafeInteger(slotSeconds) || slotSeconds < 1) {
    return fail("seconds_per_time_step is no positive whole number");
  }
  const nominalPowerKw = new Map<string, Decimal>();
  for (const name of buildings) {
    const building = property(property(schema, "buildings"), name);
    if (building === undefined) return fail(`buildings.${name} is absent`);
    const power = property(property(property(building, "pv"), "attributes"), "nominal_power");
    // JSON gives a double; its shortest text is the decimal that the file's author wrote (to 15
    // digits).
    const exact = typeof power === "number" && power >= 0 ? parseDecimal(String(power)) : undefined;
    const where = `buildings.${name}.pv.attributes.nominal_power`;
    nominalPowerKw.set(name, exact ?? fail(`${where} is no positive number (kW)`));
  }
  return { slotSeconds, nominalPowerKw };
}

function property(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

/**
 * Start of slot 0 on the data's local clock. `hour` h (1–24) is the hour that ends at h, and the
 * day of the month is counted back from the row where `month` changes; without such a row the data
 * begin on the 1st.
 */
function firstSlotMs(table: CsvTable, slotSeconds: number): number {
  const monthColumn = table.header.indexOf("month");
  const hourColumn = table.header.indexOf("hour");
  const first = table.rows[0]!.fields;
  const month = Number(first[monthColumn] ?? "1");
  const hour = Number(first[hourColumn] ?? "1");
  if (!(month >= 1 && month <= 12 && hour >= 1 && hour <= 24)) return Date.UTC(FIRST_YEAR, 0, 1);
  const change = table.rows.findIndex((row) => Number(row.fields[monthColumn]) !== month);
  const longest = (31 * DAY_MS) / (slotSeconds * 1000);
  if (change >= 0 && change <= longest) {
    return Date.UTC(FIRST_YEAR, month, 1) - change * slotSeconds * 1000;
  }
  return Date.UTC(FIRST_YEAR, month - 1, 1) + (hour - 1) * 3_600_000;
}
