// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ecashMicro, reserveMicro } from "#core/market/cost";

test("property: ecash is the exact ceiling, also beyond 2^53", () => {
  const count = fc.oneof(fc.nat(5000), fc.maxSafeNat());
  fc.assert(
    fc.property(count, count, (qtyWh, price) => {
      const exact = (BigInt(qtyWh) * BigInt(price) + 999n) / 1000n;
      if (exact > BigInt(Number.MAX_SAFE_INTEGER)) {
        assert.throws(() => ecashMicro(qtyWh, price), /MARKET_EXACT_RANGE/);
      } else assert.equal(BigInt(ecashMicro(qtyWh, price)), exact);
    }),
    { numRuns: 2000 },
  );
  assert.equal(ecashMicro(0, 300_000), 0);
  assert.equal(ecashMicro(1, 1), 1);
  assert.equal(ecashMicro(1000, 190_001), 190_001);
  assert.throws(() => ecashMicro(1.5, 1), /MARKET_QTY/);
  assert.throws(() => ecashMicro(1, -1), /MARKET_PRICE/);
});

test("property: a reserve pays for any division into at most 32 legs at up to the cap", () => {
  const legs = fc.array(fc.tuple(fc.nat(10_000), fc.nat(400_000)), { maxLength: 32 });
  fc.assert(
    fc.property(legs, (list) => {
      const qtyWh = list.reduce((sum, [wh]) => sum + wh, 0);
      const cost = list.reduce((sum, [wh, price]) => sum + ecashMicro(wh, price), 0);
      assert.ok(cost <= reserveMicro(qtyWh, 400_000));
    }),
  );
  assert.equal(reserveMicro(1000, 300_000), 300_032);
  assert.equal(reserveMicro(1000, 300_000, 1), 300_001);
});
