// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkFill } from "#core/market/check";
import { clearGuided, guidancePrice } from "#core/market/guided";
import { guidedRule } from "#core/market/rule";
import { arbBook, arbRule, filledWh, fillOf, RULE } from "./books.ts";

test("by hand: the guidance rises with demand from floor to ceiling", () => {
  assert.equal(guidancePrice(0, 0, RULE), 80_000);
  assert.equal(guidancePrice(0, 500, RULE), 80_000);
  assert.equal(guidancePrice(500, 0, RULE), 300_000);
  assert.equal(guidancePrice(500, 500, RULE), 190_000);
  // 80000 + 220000 · 1/3 = 153333.3
  assert.equal(guidancePrice(1, 2, RULE), 153_333);
});

test("property: the guidance lies within the band and is monotone in demand", () => {
  const wh = fc.nat(2 ** 40);
  fc.assert(
    fc.property(wh, wh, wh, (demand, more, offered) => {
      const price = guidancePrice(demand, offered, RULE);
      assert.ok(price >= RULE.floorMicroPerKwh && price <= RULE.ceilingMicroPerKwh);
      assert.ok(guidancePrice(demand + more, offered, RULE) >= price);
    }),
  );
});

test("property: a guided clearing trades the short side at the guidance", () => {
  fc.assert(
    fc.property(arbBook(), arbRule, fc.nat(6), (orders, rule, n) => {
      const width = rule.ceilingMicroPerKwh - rule.floorMicroPerKwh;
      const guidance = rule.floorMicroPerKwh + (n % (width + 1));
      const clearing = clearGuided(orders, guidance, rule);
      let bidWh = 0;
      let offerWh = 0;
      for (const { side, qtyWh, priceMicroPerKwh: price } of orders) {
        if (side === "bid" && price >= guidance) bidWh += qtyWh;
        if (side === "offer" && price <= guidance) offerWh += qtyWh;
      }
      const tradedWh = Math.min(bidWh, offerWh);
      assert.equal(clearing.summary.tradedWh, tradedWh);
      assert.equal(clearing.summary.priceMicroPerKwh, tradedWh === 0 ? null : guidance);
      assert.equal(filledWh(orders, clearing, "bid"), tradedWh);
      assert.equal(filledWh(orders, clearing, "offer"), tradedWh);
      orders.forEach((o, i) => {
        const fillWh = fillOf(clearing, i);
        const exact = (o.qtyWh * tradedWh) / (o.side === "bid" ? bidWh : offerWh);
        if (fillWh > 0) assert.ok(Math.abs(fillWh - exact) < 1);
        assert.equal(checkFill(o, clearing.summary, guidedRule(guidance, rule), fillWh), "ok");
      });
      // A node that heard another guidance does not accept this one.
      if (tradedWh > 0 && guidance < rule.ceilingMicroPerKwh) {
        const other = guidedRule(guidance + 1, rule);
        const { index, fillWh } = clearing.fills[0];
        const verdict = checkFill(orders[index], clearing.summary, other, fillWh);
        assert.equal(verdict, "PRICE_OUTSIDE_BAND");
      }
    }),
    { numRuns: 500 },
  );
  assert.throws(() => guidedRule(300_001, RULE), /MARKET_GUIDANCE/);
});
