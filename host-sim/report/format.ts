// SPDX-License-Identifier: Apache-2.0
/** Numbers and text for people: exact where they are totals, with their unit always beside them. */
import type { Whole } from "./types.ts";

/** Characters that XML 1.0 cannot hold, even escaped. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
const NOT_XML = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;

/** Text for XML or HTML, in elements and in double-quoted attributes. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(NOT_XML, "\uFFFD")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** An integer with thin spaces between groups of three: 1 602 141. */
export function grouped(value: Whole): string {
  const text = value.toString();
  const [whole = "", fraction] = text.split(".");
  const spaced = whole.replace(/\B(?=(\d{3})+(?!\d))/g, "\u2009");
  return (fraction === undefined ? spaced : `${spaced}.${fraction}`).replace("-", "\u2212");
}

/** value / 10^places, exactly, with all its places: scaled(254288, 3) is 254.288. */
export function scaled(value: Whole, places: number): string {
  if (typeof value === "number" && !Number.isInteger(value)) return grouped(value);
  const digits = BigInt(value);
  const magnitude = (digits < 0n ? -digits : digits).toString().padStart(places + 1, "0");
  const whole = magnitude.slice(0, magnitude.length - places);
  const text = `${grouped(BigInt(whole))}.${magnitude.slice(magnitude.length - places)}`;
  return digits < 0n ? `\u2212${text}` : text;
}

/** part / whole as "52.7 %", rounded to the nearest tenth; a dash where whole is nothing. */
export function percent(part: Whole, whole: Whole): string {
  if (BigInt(whole) === 0n) return "\u2013";
  return `${((Number(part) / Number(whole)) * 100).toFixed(1).replace("-", "\u2212")}\u2009%`;
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const two = (value: number): string => String(value).padStart(2, "0");

/** "1 Aug 2016, 13:00" on the data's clock. */
export function dateTime(ms: number): string {
  const date = new Date(ms);
  return `${dayMonth(ms)} ${date.getUTCFullYear()}, ${clock(ms)}`;
}

/** "1 Aug". */
export function dayMonth(ms: number): string {
  const date = new Date(ms);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
}

/** "Aug", and "Jan 2017" where a year begins. */
export function monthYear(ms: number): string {
  const date = new Date(ms);
  const month = MONTHS[date.getUTCMonth()]!;
  return date.getUTCMonth() === 0 ? `${month} ${date.getUTCFullYear()}` : month;
}

/** "13:00". */
export function clock(ms: number): string {
  const date = new Date(ms);
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
}

/** "15 min", "1 h", "1 day", "4 week": the length of a slot or of a bin. */
export function duration(seconds: number): string {
  const units: [number, string][] = [
    [604_800, "week"],
    [86_400, "day"],
    [3600, "h"],
    [60, "min"],
  ];
  for (const [size, name] of units) {
    if (seconds < size || seconds % size !== 0) continue;
    return `${seconds / size} ${name}`;
  }
  return `${seconds} s`;
}

/** The same after "per": "15 min", "hour", "day", "4 weeks". */
export function perDuration(seconds: number): string {
  const text = duration(seconds);
  if (text.startsWith("1 ")) return text === "1 h" ? "hour" : text.slice(2);
  return text.endsWith("k") || text.endsWith("y") ? `${text}s` : text;
}

/** JSON with bigints: a number while it is exact, a string of digits beyond. */
export function toJson(value: unknown): string {
  const plain = (_key: string, item: unknown): unknown => {
    if (typeof item !== "bigint") return item;
    const number = Number(item);
    return Number.isSafeInteger(number) ? number : item.toString();
  };
  return `${JSON.stringify(value, plain, 1)}\n`;
}
