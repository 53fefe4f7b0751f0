// SPDX-License-Identifier: Apache-2.0
/** Calibration as fractions of integers: what a chip counts becomes units without a float in between. */
import { assert } from "#core/errors/assert";

/** A positive fraction of integers. */
export interface Ratio {
  numerator: number;
  denominator: number;
}

/** Largest part of a ratio: eight digits, finer than any bench calibrates, and products stay exact. */
const RATIO_PART_MAX = 100_000_000;

/** `ratio` itself; a fraction that is none is a bug of who configured the board. */
export function checkedRatio(name: string, ratio: Ratio): Ratio {
  const { numerator, denominator } = ratio;
  for (const part of [numerator, denominator]) {
    const fine = Number.isSafeInteger(part) && part > 0 && part <= RATIO_PART_MAX;
    assert(fine, "DRIVER_RATIO", `${name}: ${numerator}/${denominator}`);
  }
  return ratio;
}

/** `value` itself if it is an integer in `min` … `max`; else it is a bug of who configured the board. */
export function checkedInteger(name: string, value: unknown, min: number, max: number): number {
  const fine = Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
  assert(fine, "DRIVER_OPTION", `${name}: ${String(value)}, not in ${min} … ${max}`);
  return value as number;
}

/**
 * value·numerator/denominator, rounded half away from zero; exact whatever the size of the product. The
 * result must be below 2^53.
 */
export function scale(value: number, numerator: number, denominator: number): number {
  const magnitude = Math.abs(value);
  const doubled = 2 * magnitude * numerator + denominator;
  const divisor = 2 * denominator;
  let rounded: number;
  if (doubled <= Number.MAX_SAFE_INTEGER && divisor <= Number.MAX_SAFE_INTEGER) {
    // By way of the remainder: a float quotient could round up.
    rounded = (doubled - (doubled % divisor)) / divisor;
  } else {
    const exact = 2n * BigInt(magnitude) * BigInt(numerator) + BigInt(denominator);
    rounded = Number(exact / (2n * BigInt(denominator)));
  }
  assert(Number.isSafeInteger(rounded), "DRIVER_SCALE", `${value}·${numerator}/${denominator}`);
  return value < 0 ? -rounded : rounded;
}

/** The same fraction in lowest terms; both parts are positive. */
export function lowestTerms(
  numerator: bigint,
  denominator: bigint,
): { numerator: bigint; denominator: bigint } {
  assert(numerator > 0n && denominator > 0n, "DRIVER_FRACTION", `${numerator}/${denominator}`);
  let a = numerator;
  let b = denominator;
  while (b > 0n) [a, b] = [b, a % b];
  return { numerator: numerator / a, denominator: denominator / a };
}
