// SPDX-License-Identifier: Apache-2.0
/**
 * Exact products and quotients of non-negative safe integers. A product below 2^53 stays a number,
 * because BigInt allocates on the device; only larger ones take the slow path.
 */
import { assert } from "../errors/assert.ts";

/** Whether `value` is an integer in 0 … 2^53−1. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** ⌊a / divisor⌋, by way of the remainder, since a float quotient could round up. */
export function divFloor(a: number, divisor: number): number {
  assert(isCount(a) && isCount(divisor) && divisor > 0, "MARKET_EXACT_RANGE", `${a}/${divisor}`);
  return (a - (a % divisor)) / divisor;
}

/** ⌊a·b / divisor⌋, exact; the result must be below 2^53. */
export function mulDivFloor(a: number, b: number, divisor: number): number {
  assert(
    isCount(a) && isCount(b) && isCount(divisor),
    "MARKET_EXACT_RANGE",
    `${a}·${b}/${divisor}`,
  );
  assert(divisor > 0, "MARKET_EXACT_RANGE", "division by zero");
  const product = a * b;
  if (product <= Number.MAX_SAFE_INTEGER) return divFloor(product, divisor);
  const quotient = (BigInt(a) * BigInt(b)) / BigInt(divisor);
  assert(quotient <= BigInt(Number.MAX_SAFE_INTEGER), "MARKET_EXACT_RANGE", `${a}·${b}/${divisor}`);
  return Number(quotient);
}

/** a·b mod divisor, exact. */
export function mulMod(a: number, b: number, divisor: number): number {
  assert(
    isCount(a) && isCount(b) && isCount(divisor),
    "MARKET_EXACT_RANGE",
    `${a}·${b}/${divisor}`,
  );
  assert(divisor > 0, "MARKET_EXACT_RANGE", "division by zero");
  const product = a * b;
  if (product <= Number.MAX_SAFE_INTEGER) return product % divisor;
  return Number((BigInt(a) * BigInt(b)) % BigInt(divisor));
}

/** ⌈a·b / divisor⌉, exact; the result must be below 2^53. */
export function mulDivCeil(a: number, b: number, divisor: number): number {
  const result = mulDivFloor(a, b, divisor) + (mulMod(a, b, divisor) > 0 ? 1 : 0);
  assert(isCount(result), "MARKET_EXACT_RANGE", `${a}·${b}/${divisor}`);
  return result;
}
