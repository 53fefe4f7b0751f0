// SPDX-License-Identifier: Apache-2.0
/** Time is an integer number of milliseconds with the quality of its source. */

/** How far a time stamp can be trusted, from worst to best; the number is what goes on the wire. */
export const TimeQuality = Object.freeze({ unknown: 0, holdover: 1, synced: 2 });

/** Milliseconds in a second, a minute, an hour and a day. */
export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Which whole tick of `tickMs` an instant `atMs` after `epochStartMs` lies in, rounded down. */
export function tickOf(atMs: number, epochStartMs: number, tickMs: number): number {
  return Math.max(0, Math.floor((atMs - epochStartMs) / tickMs));
}

/**
 * `ms` since 1970 as ISO 8601 in UTC with whole seconds, by the civil-from-days arithmetic of the proleptic
 * Gregorian calendar: pure layers have no Date.
 */
export function isoTime(ms: number): string {
  const days = Math.floor(ms / DAY_MS);
  const seconds = Math.floor((ms - days * DAY_MS) / SECOND_MS);
  // Years begin in March, so that the leap day is the last; eras of 400 years have 146097 days.
  const shifted = days + 719468;
  const era = Math.floor(shifted / 146097);
  const dayOfEra = shifted - era * 146097;
  const leaps =
    Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36524) + Math.floor(dayOfEra / 146096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const two = (n: number) => String(n).padStart(2, "0");
  const clock = [seconds / 3600, (seconds % 3600) / 60, seconds % 60].map((n) =>
    two(Math.floor(n)),
  );
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${clock.join(":")}Z`;
}
