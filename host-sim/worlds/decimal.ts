// SPDX-License-Identifier: Apache-2.0
/**
 * Exact decimals, for energy and money that arrive as text. No value passes through a float: 0.0005
 * kWh is half a Wh here and rounds to even, whatever its nearest double is.
 */

/** The number digits / 10^scale; scale may be negative after a positive exponent. */
export interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

/** Longer texts than this are no measurement; it also bounds the work that one field can cause. */
const MAX_CHARS = 80;
const MAX_EXPONENT = 100;
const FORM = /^([+-]?)(?=\.?\d)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * Reads `[sign] digits [. digits] [e exponent]`.
 * @returns the exact value, or undefined where the text has another form or is longer than the
 * limits
 */
export function parseDecimal(text: string): Decimal | undefined {
  if (text.length > MAX_CHARS) return undefined;
  const match = FORM.exec(text);
  if (!match) return undefined;
  const [, sign, whole = "", fraction = "", exponentText = "0"] = match;
  const exponent = Number(exponentText);
  if (Math.abs(exponent) > MAX_EXPONENT) return undefined;
  const magnitude = BigInt(whole + fraction);
  return { digits: sign === "-" ? -magnitude : magnitude, scale: fraction.length - exponent };
}

/** The exact product. */
export function multiply(a: Decimal, b: Decimal): Decimal {
  return { digits: a.digits * b.digits, scale: a.scale + b.scale };
}

/**
 * numerator / denominator to the nearest integer, ties to the even one (IEEE 754 roundTiesToEven,
 * on integers).
 * @throws RangeError when denominator is not positive
 */
export function divHalfEven(numerator: bigint, denominator: bigint): bigint {
  if (denominator <= 0n) throw new RangeError(`denominator must be positive, is ${denominator}`);
  let quotient = numerator / denominator;
  let rest = numerator % denominator;
  if (rest < 0n) {
    quotient -= 1n;
    rest += denominator;
  }
  const twice = 2n * rest;
  const up = twice > denominator || (twice === denominator && (quotient & 1n) === 1n);
  return up ? quotient + 1n : quotient;
}

/**
 * round(value × 10^power), half to even: `scaleToInteger(kWh, 3)` is Wh, `scaleToInteger(coins, 6)`
 * is µc.
 */
export function scaleToInteger(value: Decimal, power = 0): bigint {
  return scaleByRatio(value, power, 1n, 1n);
}

/** round(value × 10^power × numerator / denominator), half to even, rounded once. */
export function scaleByRatio(
  value: Decimal,
  power: number,
  numerator: bigint,
  denominator: bigint,
): bigint {
  const shift = power - value.scale;
  const scaled = value.digits * numerator;
  return shift >= 0
    ? divHalfEven(scaled * 10n ** BigInt(shift), denominator)
    : divHalfEven(scaled, denominator * 10n ** BigInt(-shift));
}
