// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  divHalfEven,
  multiply,
  parseDecimal,
  scaleByRatio,
  scaleToInteger,
} from "#host-sim/worlds/decimal";

test("ties round to the even neighbour, on both sides of zero", () => {
  const cases: [string, number, bigint][] = [
    ["0.5", 0, 0n],
    ["1.5", 0, 2n],
    ["2.5", 0, 2n],
    ["-0.5", 0, 0n],
    ["-1.5", 0, -2n],
    ["-2.5", 0, -2n],
    ["2.50000000000000000000000000001", 0, 3n],
    ["0.0005", 3, 0n],
    ["0.0015", 3, 2n],
    ["1e-3", 3, 1n],
    ["12E2", 0, 1200n],
    [".25", 2, 25n],
    ["7.", 0, 7n],
    ["149", -2, 1n],
    ["150", -2, 2n],
    ["250", -2, 2n],
  ];
  for (const [text, power, expected] of cases) {
    const value = parseDecimal(text);
    assert.ok(value, `${text} is a decimal`);
    assert.equal(scaleToInteger(value, power), expected, `${text} at 10^${power}`);
  }
});

test("texts of another form are refused", () => {
  const bad = ["", ".", "-", "1,5", "1.2.3", "0x10", "NaN", "1e", "1e999", " 1", "1 ", "١"];
  for (const text of [...bad, "9".repeat(81)]) {
    assert.equal(parseDecimal(text), undefined, JSON.stringify(text));
  }
});

/** Decimals as digits and the place of the point, so that the reference needs no parser. */
const decimals = fc.record({
  digits: fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }),
  places: fc.integer({ min: 0, max: 30 }),
});

function textOf({ digits, places }: { digits: bigint; places: number }): string {
  const text = (digits < 0n ? -digits : digits).toString().padStart(places + 1, "0");
  const whole = text.slice(0, text.length - places);
  const fraction = places > 0 ? `.${text.slice(text.length - places)}` : "";
  return `${digits < 0n ? "-" : ""}${whole}${fraction}`;
}

/** The definition: the integer nearest to n / d, and of two nearest ones the even one. */
function nearestEven(n: bigint, d: bigint): bigint {
  const guess = n / d;
  const candidates = [guess - 1n, guess, guess + 1n];
  const distance = (c: bigint): bigint => (c * d > n ? c * d - n : n - c * d);
  return candidates.reduce((best, c) => {
    if (distance(c) < distance(best)) return c;
    return distance(c) === distance(best) && c % 2n === 0n ? c : best;
  });
}

test("scaling agrees with the definition of rounding half to even", () => {
  fc.assert(
    fc.property(decimals, fc.integer({ min: -12, max: 12 }), (parts, power) => {
      const value = parseDecimal(textOf(parts));
      assert.ok(value);
      const shift = power - parts.places;
      const expected =
        shift >= 0
          ? parts.digits * 10n ** BigInt(shift)
          : nearestEven(parts.digits, 10n ** BigInt(-shift));
      assert.equal(scaleToInteger(value, power), expected);
    }),
  );
});

test("products are exact, and a ratio rounds once", () => {
  fc.assert(
    fc.property(decimals, decimals, fc.integer({ min: 1, max: 7200 }), (a, b, seconds) => {
      const product = multiply(parseDecimal(textOf(a))!, parseDecimal(textOf(b))!);
      const places = a.places + b.places;
      const power = 10n ** BigInt(places);
      assert.equal(scaleToInteger(product, places), a.digits * b.digits);
      const expected = nearestEven(a.digits * b.digits * BigInt(seconds), 3600n * power);
      assert.equal(scaleByRatio(product, 0, BigInt(seconds), 3600n), expected);
    }),
  );
});

test("a denominator that is not positive is refused", () => {
  assert.throws(() => divHalfEven(1n, 0n), RangeError);
  assert.throws(() => divHalfEven(1n, -2n), RangeError);
});
