// SPDX-License-Identifier: Apache-2.0
/** Values of a configuration file, as valibot schemas: what people write, and what comes of it. */
import * as v from "valibot";
import { NAME_CHARS_MAX } from "#core/limits";
import { parseCoins } from "#core/units/money";
import { HOUR_MS } from "#core/units/time";

export const DAY_S = 86_400;

/** A value that `parse` understands; undefined from it is a fault. */
function parsed<T>(parse: (input: unknown) => T | undefined) {
  return v.pipe(
    v.unknown(),
    v.rawTransform<unknown, T>(({ dataset, addIssue, NEVER }) => {
      const value = parse(dataset.value);
      if (value !== undefined) return value;
      addIssue();
      return NEVER;
    }),
  );
}

/** Seconds with at most three decimals, in ms. */
export const seconds = (min: number, max: number) =>
  parsed((input) => {
    if (typeof input !== "number" || !(input >= min && input <= max)) return undefined;
    const ms = Math.round(input * 1000);
    return Math.abs(ms - input * 1000) < 1e-6 ? ms : undefined;
  });

/** Hours of whole milliseconds, in ms. */
export const hours = (min: number, max: number) =>
  parsed((input) => {
    if (typeof input !== "number" || !(input >= min && input <= max)) return undefined;
    const ms = Math.round(input * HOUR_MS);
    return Math.abs(ms - input * HOUR_MS) < 1e-3 ? ms : undefined;
  });

/** Coins in µc, exact; the shortest text of a JSON number is what the file says. */
export const coins = (max = Number.MAX_SAFE_INTEGER) =>
  parsed((input) => {
    const isCoins = typeof input === "string" || typeof input === "number";
    const micro = isCoins ? parseCoins(String(input)) : undefined;
    return micro !== undefined && micro <= max ? micro : undefined;
  });

/**
 * One level of an MQTT topic, printable ASCII: what core's `netName` and the broker's rules take.
 */
export const name = v.pipe(v.string(), v.maxLength(NAME_CHARS_MAX), v.regex(/^[A-Za-z0-9._-]+$/));
export const path = v.pipe(v.string(), v.nonEmpty());
export const whole = (min: number, max: number) =>
  v.pipe(v.number(), v.safeInteger(), v.minValue(min), v.maxValue(max));

/** An instant with its zone, in ms since 1970. */
export const instant = parsed((input) => {
  if (typeof input !== "string") return undefined;
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.test(input))
    return undefined;
  const ms = Date.parse(input);
  return ms >= 0 ? ms : undefined;
});

export const rate = parsed((input) => {
  if (typeof input !== "number" || !(input >= 0.001 && input <= 10_000)) return undefined;
  const permille = Math.round(input * 1000);
  return Math.abs(permille - input * 1000) < 1e-6 ? permille : undefined;
});

/** What looks like a broker's URL. */
export const urlText = v.pipe(v.string(), v.regex(/^(mqtts?|wss?|tcp|ssl):\/\/[^/\s]+/));
/** One whose host and port there can be: with others who connects would throw. */
export const url = v.pipe(
  urlText,
  v.check((text) => URL.canParse(text)),
);
export const publicKey = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

export const isObject = (input: unknown) =>
  typeof input === "object" && input !== null && !Array.isArray(input);

/** An object with these keys and no others; for valibot alone a list would be one too. */
export const object = <const E extends v.ObjectEntries>(entries: E) =>
  v.lazy((input) => (isObject(input) ? v.strictObject(entries) : v.never()));
