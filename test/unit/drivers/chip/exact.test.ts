// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkedInteger, checkedRatio, lowestTerms, scale } from "#drivers/chip/exact";

test("scale rounds to the nearest, halves away from zero", () => {
  assert.equal(scale(5, 1, 2), 3);
  assert.equal(scale(-5, 1, 2), -3);
  assert.equal(scale(4, 1, 3), 1);
  assert.equal(scale(0, 7, 3), 0);
  assert.equal(scale(0xffffff, 100_000_000_000, 0xffffff), 100_000_000_000);
});

test("scale is exact whatever the size", () => {
  const value = fc.integer({ min: -0xffffff, max: 0xffffff });
  const numerator = fc.integer({ min: 1, max: 100_000_000_000 });
  const denominator = fc.integer({ min: 1, max: 0xffffff * 1000 });
  fc.assert(
    fc.property(value, numerator, denominator, (v, n, d) => {
      const product = 2n * BigInt(Math.abs(v)) * BigInt(n) + BigInt(d);
      const wanted = Number(product / (2n * BigInt(d)));
      if (!Number.isSafeInteger(wanted)) return assert.throws(() => scale(v, n, d), /DRIVER_SCALE/);
      assert.equal(scale(v, n, d), v < 0 ? -wanted : wanted);
    }),
  );
});

test("lowest terms are the same fraction without a common divisor", () => {
  const part = fc.bigInt({ min: 1n, max: 1n << 80n });
  fc.assert(
    fc.property(part, part, part, (a, b, common) => {
      const { numerator, denominator } = lowestTerms(a * common, b * common);
      assert.equal(numerator * b, denominator * a);
      assert.deepEqual(lowestTerms(numerator, denominator), { numerator, denominator });
      assert.ok(numerator <= a && denominator <= b);
    }),
  );
  assert.throws(() => lowestTerms(0n, 1n), /DRIVER_FRACTION/);
});

test("options are integers within their bounds", () => {
  assert.equal(checkedInteger("a", 3, 3, 3), 3);
  for (const wrong of [2, 4, 3.5, Number.NaN, "3", undefined])
    assert.throws(() => checkedInteger("a", wrong, 3, 3), /DRIVER_OPTION: a: /);
  const ratio = { numerator: 100_000_000, denominator: 1 };
  assert.equal(checkedRatio("r", ratio), ratio);
  for (const numerator of [0, -1, 0.5, 100_000_001])
    assert.throws(() => checkedRatio("r", { numerator, denominator: 1 }), /DRIVER_RATIO: r: /);
});
