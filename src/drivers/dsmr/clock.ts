// SPDX-License-Identifier: Apache-2.0
/**
 * The clock of a P1 meter: 0-0:1.0.0, YYMMDDhhmmssX in local time, X = S in summer and W in winter (P1
 * companion standard 5.0.2, 6.4; TST in its table of formats). That says daylight saving, not the time zone:
 * its offset in winter is a setting.
 */

/** The code of the date and time of a telegram. */
export const CLOCK_CODE = "0-0:1.0.0";
/** Winter time of most countries with P1 ports (CET), minutes after UTC. */
export const UTC_OFFSET_MIN = 60;
/** Time zones of the world in winter lie between these, minutes after UTC. */
export const UTC_OFFSET_RANGE: { readonly min: number; readonly max: number } = Object.freeze({
  min: -720,
  max: 840,
});
/**
 * How far a meter's clock may be from the truth, ms: 0.5 s a day (IEC 62054-21) for a month in which nobody
 * sets it, a second that is not shown, a second on the line, and some to spare.
 */
export const CLOCK_ERROR_MS = 20_000;

const STAMP = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)([SW])$/;
const MONTH_DAYS = Object.freeze([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);

/** UTC of `stamp`, ms since 1970, where winter is `offsetMin` after UTC; undefined where it is no time. */
export function clockUtcMs(stamp: string, offsetMin: number): number | undefined {
  const match = STAMP.exec(stamp);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return undefined;
  const leapDay = year % 4 === 0 && month === 2 ? 1 : 0;
  if (day < 1 || day > MONTH_DAYS[month - 1] + leapDay) return undefined;
  let days = day - 1 + (year % 4 === 0 && month > 2 ? 1 : 0);
  for (let before = 0; before < month - 1; before++) days += MONTH_DAYS[before];
  // 10 957 days from 1970 to 2000; from then to 2099 every fourth year is a leap year, 2000 the first.
  days += 10_957 + 365 * year + Math.floor((year + 3) / 4);
  const summerMin = match[7] === "S" ? 60 : 0;
  const minutes = (days * 24 + hour) * 60 + minute - offsetMin - summerMin;
  return (minutes * 60 + second) * 1000;
}
