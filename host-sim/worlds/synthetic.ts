// SPDX-License-Identifier: Apache-2.0
/**
 * A neighbourhood from a seed, for use without data. Each home draws its yearly energy, its panels
 * and its habits from its own stream, and each day from another, so that more homes or days change
 * no energy of the others. The model works in quarters of an hour and integers; a slot's Wh are the
 * difference of a day's cumulative energy at its ends, so any slot length that divides a day gives
 * the same energy.
 */
import { checkWhole, DataError } from "./errors.ts";
import {
  isWeekend,
  QUARTER_SECONDS,
  QUARTERS_PER_DAY,
  quarterWeight,
  seasonPerMille,
  tariffMicroPerKwh,
} from "./profiles.ts";
import { randomStream } from "./random.ts";
import { clearSkyWattsPerM2, dayOfYear, type Site } from "./solar.ts";
import { fuseCapacityWh, largestFlowWh, TableWorld } from "./table-world.ts";
import { FEED_IN_MICRO_PER_KWH, type World } from "./types.ts";

export interface SyntheticOptions {
  homes: number;
  days: number;
  seed: number;
  /** Divides 86400; 900 by default. */
  slotSeconds?: number;
  /** Degrees; 48.2 north, 11.6 east by default. */
  latitude?: number;
  longitude?: number;
  /** Local midnight of day 0, ms on the local clock; Monday 2 June 2025 by default. */
  startMs?: number;
  feedInMicroPerKwh?: number;
}

const DAY_SECONDS = 86_400;
const DAY_MS = 86_400_000;
/** What is left of a panel's rated power after heat, wiring and inverter, per mille. */
const PERFORMANCE_PER_MILLE = 800;
/** Slots of all homes together: 8 bytes each, so 0.8 GB, and 300 homes for a year of 5 min fit. */
const MAX_SLOTS = 100_000_000;
/** Streams of the seed; the numbers are part of the model. */
const STREAM = Object.freeze({ home: 1, day: 2, sky: 3, panel: 4 });

/** One home's draw. */
export interface SyntheticHome {
  annualWh: number;
  /** 0 for a home without panels. */
  panelWp: number;
  /** Habits earlier or later than the profile, in quarters of an hour. */
  shiftQuarters: number;
}

/** Cumulative energy of one day at each edge of its quarters. */
interface Day {
  /** 97 running sums of weight. */
  weights: Float64Array;
  loadWh: number;
  /** 97 running sums of generation in watt-quarters (W · 900 s). */
  sun: Float64Array;
}

/**
 * @throws DataError option-invalid
 */
export function syntheticWorld(options: SyntheticOptions): World {
  const homes = checkWhole("nodes", options.homes, 1, 100_000);
  const days = checkWhole("days", options.days, 1, 36_600);
  const seed = checkWhole("seed", options.seed, 0, Number.MAX_SAFE_INTEGER);
  const slotSeconds = checkWhole("slot length", options.slotSeconds ?? 900, 1, DAY_SECONDS);
  if (DAY_SECONDS % slotSeconds !== 0) {
    const cause = `a day is no whole number of ${slotSeconds} s slots`;
    throw new DataError("option-invalid", {}, cause, "use 300, 900, 1800 or 3600 s");
  }
  if ((homes * days * DAY_SECONDS) / slotSeconds > MAX_SLOTS) {
    const cause = `${homes} nodes for ${days} days of ${slotSeconds} s slots`;
    const most = `nodes times slots is ${MAX_SLOTS} at most`;
    const cure = `ask for fewer nodes or days, or longer slots (${most})`;
    throw new DataError("option-invalid", {}, cause, cure);
  }
  const site = siteOf(options.latitude ?? 48.2, options.longitude ?? 11.6);
  const startMs = options.startMs ?? Date.UTC(2025, 5, 2);
  const slotsPerDay = DAY_SECONDS / slotSeconds;
  const skies = Array.from({ length: days }, (_, day) =>
    skyPerQuarter(site, seed, startMs + day * DAY_MS),
  );
  const traits = Array.from({ length: homes }, (_, home) => drawHome(seed, home));
  const tables = traits.map((home, index) => {
    const load = new Int32Array(days * slotsPerDay);
    const generation = new Int32Array(days * slotsPerDay);
    for (let day = 0; day < days; day += 1) {
      const clockMs = startMs + day * DAY_MS;
      const model = drawDay(seed, index, home, clockMs, site.latitude, skies[day]!);
      fillDay(model, slotSeconds, day * slotsPerDay, load, generation);
    }
    return { load, generation };
  });
  return new TableWorld({
    name: "synthetic",
    homes: tables.map(({ load, generation }, index) => ({
      name: `home-${String(index + 1).padStart(2, "0")}`,
      capacityWh: fuseCapacityWh(largestFlowWh(load, generation), slotSeconds),
    })),
    slotSeconds,
    slots: days * slotsPerDay,
    startMs,
    feedInMicroPerKwh: options.feedInMicroPerKwh ?? FEED_IN_MICRO_PER_KWH,
    load: (home, slot) => tables[home]!.load[slot]!,
    generation: (home, slot) => tables[home]!.generation[slot]!,
    retail: (slot) => tariffMicroPerKwh(startMs + slot * slotSeconds * 1000),
  });
}

function siteOf(latitude: number, longitude: number): Site {
  const fits = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
  if (!fits) {
    const cause = `latitude ${latitude}, longitude ${longitude}`;
    const cure = "give degrees, -90 to 90 and -180 to 180";
    throw new DataError("option-invalid", {}, cause, cure);
  }
  return { latitude, longitude, zoneHours: Math.round(longitude / 15) };
}

/** 1.8 to 7.2 MWh a year, most between 3 and 6; two homes in three have 3 to 8 kW of panels. */
export function drawHome(seed: number, home: number): SyntheticHome {
  const random = randomStream(seed, STREAM.home, home);
  const annualWh = 1000 * (1800 + random.below(2701) + random.below(2701));
  const hasPanels = random.below(3) < 2;
  const panelWp = 3000 + 500 * random.below(11);
  return { annualWh, panelWp: hasPanels ? panelWp : 0, shiftQuarters: random.below(9) - 4 };
}

/**
 * W/m² under the day's clouds at the middle of each quarter, the same for the whole neighbourhood.
 * A day is clear (45 %), broken (35 %, with swings of up to a quarter) or overcast (20 %).
 */
function skyPerQuarter(site: Site, seed: number, clockMs: number): number[] {
  const random = randomStream(seed, STREAM.sky, Math.floor(clockMs / DAY_MS));
  const kind = random.below(100);
  const broken = kind >= 45 && kind < 80;
  const clear = random.below(151);
  let basePerMille = 850 + clear;
  if (broken) basePerMille = 450 + random.below(351);
  else if (kind >= 80) basePerMille = 120 + random.below(281);
  const swing = broken ? 250 : 40;
  const day = dayOfYear(clockMs);
  return Array.from({ length: QUARTERS_PER_DAY }, (_, quarter) => {
    const perMille = Math.min(1000, basePerMille + random.below(2 * swing + 1) - swing);
    const watts = clearSkyWattsPerM2(site, day, quarter * 15 + 7.5);
    return Math.floor((watts * perMille) / 1000);
  });
}

function drawDay(
  seed: number,
  index: number,
  home: SyntheticHome,
  clockMs: number,
  latitude: number,
  sky: readonly number[],
): Day {
  const day = Math.floor(clockMs / DAY_MS);
  const random = randomStream(seed, STREAM.day, index, day);
  const weekend = isWeekend(clockMs);
  const season = seasonPerMille(dayOfYear(clockMs), latitude);
  // Weekends use 6 % more than the mean day, and days differ by up to 15 %; each division rounds
  // down.
  let loadWh = Math.floor((home.annualWh * season) / 365_000);
  loadWh = Math.floor((loadWh * (weekend ? 1060 : 976)) / 1000);
  loadWh = Math.floor((loadWh * (850 + random.below(301))) / 1000);
  const panels = randomStream(seed, STREAM.panel, index, day);
  const weights = new Float64Array(QUARTERS_PER_DAY + 1);
  const sun = new Float64Array(QUARTERS_PER_DAY + 1);
  for (let quarter = 0; quarter < QUARTERS_PER_DAY; quarter += 1) {
    // Kettles and ovens: one quarter in 24 takes three times its share.
    const spike = random.below(24) === 0 ? 3 : 1;
    const noise = spike * (600 + random.below(801));
    const weight = quarterWeight(quarter - home.shiftQuarters, weekend) * noise;
    weights[quarter + 1] = weights[quarter]! + weight;
    // W = Wp · (W/m²) / 1000 · performance · (95 … 105 %): the product is below 2^53, the division
    // rounds down.
    const share = PERFORMANCE_PER_MILLE * (950 + panels.below(101));
    const watts = Math.floor((home.panelWp * sky[quarter]! * share) / 1_000_000_000);
    sun[quarter + 1] = sun[quarter]! + watts;
  }
  return { weights, loadWh, sun };
}

/**
 * Wh of each slot as the difference of rounded-down cumulative energy, so that no Wh is lost or
 * made.
 */
function fillDay(
  day: Day,
  slotSeconds: number,
  offset: number,
  load: Int32Array,
  generation: Int32Array,
): void {
  const totalWeight = day.weights[QUARTERS_PER_DAY]! * QUARTER_SECONDS;
  let loadBefore = 0;
  let sunBefore = 0;
  for (let slot = 0; (slot + 1) * slotSeconds <= DAY_SECONDS; slot += 1) {
    const seconds = (slot + 1) * slotSeconds;
    const loadNow = Math.floor((day.loadWh * secondsSum(day.weights, seconds)) / totalWeight);
    const sunNow = Math.floor(secondsSum(day.sun, seconds) / 3600);
    load[offset + slot] = loadNow - loadBefore;
    generation[offset + slot] = sunNow - sunBefore;
    loadBefore = loadNow;
    sunBefore = sunNow;
  }
}

/** A running sum of quarters at any second of the day, times the seconds: exact in integers. */
function secondsSum(sums: Float64Array, seconds: number): number {
  const quarter = Math.min(Math.floor(seconds / QUARTER_SECONDS), QUARTERS_PER_DAY - 1);
  const rest = seconds - quarter * QUARTER_SECONDS;
  return sums[quarter]! * QUARTER_SECONDS + (sums[quarter + 1]! - sums[quarter]!) * rest;
}
