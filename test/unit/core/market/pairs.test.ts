// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { clear } from "#core/market/auction";
import { matchPairs } from "#core/market/pairs";
import { pairPrice } from "#core/market/price";
import { arbBook, arbRule, fillOf, order, RULE } from "./books.ts";

test("property: pairs give each order its fill, in at most buyers + sellers − 1 couples", () => {
  fc.assert(
    fc.property(arbBook(), arbRule, (orders, rule) => {
      const clearing = clear(orders, rule);
      const pairs = matchPairs(orders, clearing.fills);
      const got = new Array(orders.length).fill(0);
      for (const { offerIndex, bidIndex, qtyWh, seller, buyer } of pairs) {
        assert.ok(qtyWh > 0);
        assert.deepEqual([seller, buyer], [orders[offerIndex].owner, orders[bidIndex].owner]);
        got[offerIndex] += qtyWh;
        got[bidIndex] += qtyWh;
      }
      orders.forEach((_, i) => {
        assert.equal(got[i], fillOf(clearing, i));
      });
      if (pairs.length === 0) return;
      assert.ok(pairs.length <= clearing.fills.length - 1);
      const couples = new Set(pairs.map((pair) => `${pair.seller} ${pair.buyer}`));
      const owners = new Set(clearing.fills.map((fill) => orders[fill.index].owner));
      assert.ok(couples.size <= owners.size - 1);
    }),
    { numRuns: 1000 },
  );
});

test("property: a pair's price suits both and lies within the band", () => {
  fc.assert(
    fc.property(arbBook(), arbRule, (orders, rule) => {
      const { fills, summary } = clear(orders, rule);
      for (const { bidIndex, offerIndex } of matchPairs(orders, fills)) {
        const price = pairPrice(orders[bidIndex], orders[offerIndex], rule, summary);
        assert.ok(price <= orders[bidIndex].priceMicroPerKwh);
        assert.ok(price >= orders[offerIndex].priceMicroPerKwh);
        assert.ok(price >= rule.floorMicroPerKwh && price <= rule.ceilingMicroPerKwh);
      }
    }),
  );
});

test("by hand: pairs of two sellers and two buyers", () => {
  const orders = [
    order(1, "bid", 7, 300_000, "d"),
    order(2, "bid", 5, 300_000, "c"),
    order(3, "offer", 4, 100_000, "b"),
    order(4, "offer", 8, 100_000, "a"),
  ];
  assert.deepEqual(matchPairs(orders, clear(orders, RULE).fills), [
    { seller: "a", buyer: "c", offerIndex: 3, bidIndex: 1, qtyWh: 5 },
    { seller: "a", buyer: "d", offerIndex: 3, bidIndex: 0, qtyWh: 3 },
    { seller: "b", buyer: "d", offerIndex: 2, bidIndex: 0, qtyWh: 4 },
  ]);
  assert.throws(() => matchPairs(orders, [{ index: 0, fillWh: 1 }]), /MARKET_FILLS_UNEQUAL/);
});
