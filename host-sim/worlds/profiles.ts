// SPDX-License-Identifier: Apache-2.0
/**
 * The synthetic household's shape of demand and its tariff. Made for this project: no measured
 * profile is in it. Weights are relative; a day's energy is spread over them.
 */

/**
 * Weight of each hour of a working day: low nights, a breakfast bump, an evening peak near 19:00.
 */
const WORKDAY = Object.freeze([
  42, 36, 33, 32, 34, 45, 78, 102, 88, 70, 64, 63, 68, 64, 62, 68, 88, 128, 165, 176, 158, 126, 92,
  62,
]);

/** Weight of each hour of a Saturday or Sunday: later and flatter, with more of it around noon. */
const WEEKEND = Object.freeze([
  50, 42, 37, 34, 34, 38, 52, 78, 104, 112, 110, 108, 116, 108, 98, 96, 106, 132, 158, 166, 150,
  124, 96, 68,
]);

/** The model's own step. Energy between its edges is linear, so slots may have any length. */
export const QUARTER_SECONDS = 900;
export const QUARTERS_PER_DAY = 96;

/** True on Saturday and Sunday of the data's clock. */
export function isWeekend(clockMs: number): boolean {
  const weekday = new Date(clockMs).getUTCDay();
  return weekday === 0 || weekday === 6;
}

/**
 * Weight of a quarter hour: the hourly weights, times 4, joined by straight lines.
 * @param quarter 0 … 95; others wrap around
 */
export function quarterWeight(quarter: number, weekend: boolean): number {
  const wrapped = ((quarter % QUARTERS_PER_DAY) + QUARTERS_PER_DAY) % QUARTERS_PER_DAY;
  const hour = Math.floor(wrapped / 4);
  const table = weekend ? WEEKEND : WORKDAY;
  const step = wrapped % 4;
  return table[hour]! * (4 - step) + table[(hour + 1) % 24]! * step;
}

/**
 * Retail price of the two-tariff day: 0.38 a kWh from 16:00 to 21:00, 0.24 otherwise, in µc per
 * kWh.
 */
export function tariffMicroPerKwh(clockMs: number): number {
  const hour = new Date(clockMs).getUTCHours();
  return hour >= 16 && hour < 21 ? 380_000 : 240_000;
}

/**
 * Season of demand in per mille of the year's mean: ±15 %, highest in mid January north of the
 * equator and in mid July south of it. Quantised, so that energy stays integer.
 */
export function seasonPerMille(day: number, latitude: number): number {
  const wave = Math.round(150 * Math.cos((2 * Math.PI * (day - 15)) / 365));
  return latitude >= 0 ? 1000 + wave : 1000 - wave;
}
