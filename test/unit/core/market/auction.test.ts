// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { compareBytes } from "#core/codec/bytes";
import { clear } from "#core/market/auction";
import { bookFault } from "#core/market/book";
import { bandPrice } from "#core/market/price";
import { type ClearingVector, checkClearings } from "../../../vectors/market/check.ts";
import { arbBook, arbRule, byUnits, filledWh, fillOf, key, order, RULE } from "./books.ts";

const vectors: { cases: ClearingVector[] } = JSON.parse(
  readFileSync(new URL("../../../vectors/market/clearing.json", import.meta.url), "utf8"),
);

test("the vectors clear as written, and each order's own check passes", () => {
  assert.ok(vectors.cases.length >= 12);
  assert.deepEqual(checkClearings(vectors.cases), []);
});

test("the vector checker finds a changed fill, price, threshold and pair", () => {
  const changes: ((v: ClearingVector) => void)[] = [
    (v) => (v.fills[0][1] += 1),
    (v) => (v.summary.priceMicroPerKwh = 190_001),
    (v) => (v.summary.offers.threshold!.remainder += 1),
    (v) => (v.pairs[0][4] += 1),
  ];
  for (const change of changes) {
    const copy: ClearingVector[] = structuredClone(vectors.cases.slice(3, 4));
    change(copy[0]);
    assert.notDeepEqual(checkClearings(copy), [], change.toString());
  }
});

test("by hand: 900 Wh bid at 300 and 260, 600 Wh offered at 80 and 100", () => {
  const orders = [
    order(1, "bid", 500, 300_000),
    order(2, "bid", 400, 260_000),
    order(3, "offer", 450, 80_000),
    order(4, "offer", 150, 100_000),
  ];
  const { summary, fills } = clear(orders, RULE);
  assert.equal(summary.tradedWh, 600);
  assert.equal(summary.priceMicroPerKwh, 180_000);
  assert.deepEqual(
    fills.map((fill) => fill.fillWh),
    [500, 100, 450, 150],
  );
  assert.equal(summary.bids.nextPriceMicroPerKwh, 260_000);
  assert.equal(summary.offers.nextPriceMicroPerKwh, null);
});

test("property: Q and the marginal prices are those of a walk Wh by Wh", () => {
  fc.assert(
    fc.property(arbBook(), arbRule, (orders, rule) => {
      const { summary } = clear(orders, rule);
      const units = byUnits(orders, rule);
      assert.equal(summary.tradedWh, units.tradedWh);
      assert.equal(summary.bids.levelPriceMicroPerKwh, units.bid);
      assert.equal(summary.offers.levelPriceMicroPerKwh, units.offer);
    }),
    { numRuns: 1000 },
  );
});

test("property: energy is conserved, nobody exceeds its order or trades at a loss", () => {
  fc.assert(
    fc.property(arbBook(), arbRule, (orders, rule) => {
      const clearing = clear(orders, rule);
      const { summary, fills } = clearing;
      assert.equal(filledWh(orders, clearing, "bid"), summary.tradedWh);
      assert.equal(filledWh(orders, clearing, "offer"), summary.tradedWh);
      const price = summary.priceMicroPerKwh;
      assert.equal(price === null, summary.tradedWh === 0);
      if (price === null) return;
      assert.ok(price >= rule.floorMicroPerKwh && price <= rule.ceilingMicroPerKwh);
      for (const { index, fillWh } of fills) {
        const { side, qtyWh, priceMicroPerKwh: own } = orders[index];
        assert.ok(fillWh > 0 && fillWh <= qtyWh);
        assert.ok(side === "bid" ? price <= own : price >= own);
      }
    }),
    { numRuns: 1000 },
  );
});

test("property: a better price is served first, and a shared level in proportion", () => {
  fc.assert(
    fc.property(arbBook(1000), arbRule, (orders, rule) => {
      const clearing = clear(orders, rule);
      orders.forEach((a, i) => {
        orders.forEach((b, j) => {
          const pa = bandPrice(a, rule);
          const pb = bandPrice(b, rule);
          if (a.side !== b.side || pa === undefined || pb === undefined) return;
          const better = a.side === "bid" ? pa > pb : pa < pb;
          if (better && fillOf(clearing, j) > 0) assert.equal(fillOf(clearing, i), a.qtyWh);
          if (pa !== pb || a.qtyWh < b.qtyWh) return;
          // Equal prices: the larger order gets no less, but for the tie of one Wh at equal size.
          const slack = a.qtyWh === b.qtyWh && compareBytes(a.key, b.key) > 0 ? 1 : 0;
          assert.ok(fillOf(clearing, i) + slack >= fillOf(clearing, j));
        });
      });
    }),
  );
});

test("property: the result does not depend on the order of the book", () => {
  const shuffled = arbBook(50).chain((book) =>
    fc.tuple(
      fc.constant(book),
      fc.shuffledSubarray(book, { minLength: book.length, maxLength: book.length }),
    ),
  );
  fc.assert(
    fc.property(shuffled, arbRule, ([book, other], rule) => {
      const a = clear(book, rule);
      const b = clear(other, rule);
      assert.deepEqual(a.summary, b.summary);
      book.forEach((o, i) => {
        assert.equal(fillOf(a, i), fillOf(b, other.indexOf(o)));
      });
    }),
  );
});

test("a book that cannot be cleared is named before it is cleared", () => {
  const good = order(1, "bid", 10, 100_000);
  const faults: [string, Parameters<typeof bookFault>][] = [
    ["ok", [[good, order(2, "offer", 10, 100_000)], RULE]],
    ["ORDER_REPEATED", [[good, order(1, "offer", 10, 100_000)], RULE]],
    ["OWNER_ON_BOTH_SIDES", [[good, order(2, "offer", 1, 1, good.owner)], RULE]],
    ["ORDER_INVALID", [[{ ...good, qtyWh: 0 }], RULE]],
    ["ORDER_INVALID", [[{ ...good, qtyWh: 1_000_000_001 }], RULE]],
    ["ORDER_INVALID", [[{ ...good, qtyWh: 1.5 }], RULE]],
    ["ORDER_INVALID", [[{ ...good, priceMicroPerKwh: -1 }], RULE]],
    ["ORDER_INVALID", [[{ ...good, key: key(1).subarray(1) }], RULE]],
    ["ORDER_INVALID", [[{ ...good, owner: "" }], RULE]],
    ["RULE_INVALID", [[good], { ...RULE, kPermille: 1001 }]],
    ["RULE_INVALID", [[good], { ...RULE, floorMicroPerKwh: 300_001 }]],
  ];
  for (const [expected, args] of faults) assert.equal(bookFault(...args), expected);
  assert.throws(() => clear([good, good], RULE), /MARKET_BOOK/);
});
