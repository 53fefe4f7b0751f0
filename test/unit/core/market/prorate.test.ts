// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { divFloor, mulDivCeil, mulDivFloor, mulMod } from "#core/market/exact";
import { shareOut } from "#core/market/prorate";

test("property: shares add up, stay within a Wh of exact and within their weight", () => {
  const weights = fc.array(fc.nat(1_000_000_000), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(weights, fc.double({ min: 0, max: 1, noNaN: true }), (list, part) => {
      const total = list.reduce((sum, weight) => sum + weight, 0);
      const available = Math.floor(total * part);
      const { partsWh } = shareOut(list, available);
      assert.equal(
        partsWh.reduce((sum, wh) => sum + wh, 0),
        available,
      );
      partsWh.forEach((wh, i) => {
        const floor = (BigInt(list[i]) * BigInt(available)) / BigInt(Math.max(1, total));
        assert.ok(wh <= list[i]);
        assert.ok(BigInt(wh) === floor || BigInt(wh) === floor + 1n);
      });
    }),
  );
  assert.throws(() => shareOut([1], 2), /MARKET_SHARE_RANGE/);
});

test("property: products and quotients are exact", () => {
  const n = fc.oneof(fc.nat(3000), fc.maxSafeNat());
  fc.assert(
    fc.property(n, n, n, (a, b, c) => {
      const divisor = c + (c < Number.MAX_SAFE_INTEGER ? 1 : 0);
      const product = BigInt(a) * BigInt(b);
      const floor = product / BigInt(divisor);
      const rest = product % BigInt(divisor);
      assert.equal(BigInt(divFloor(a, divisor)), BigInt(a) / BigInt(divisor));
      assert.equal(BigInt(mulMod(a, b, divisor)), rest);
      if (floor >= BigInt(Number.MAX_SAFE_INTEGER)) return;
      assert.equal(BigInt(mulDivFloor(a, b, divisor)), floor);
      assert.equal(BigInt(mulDivCeil(a, b, divisor)), floor + (rest > 0n ? 1n : 0n));
    }),
    { numRuns: 2000 },
  );
});
