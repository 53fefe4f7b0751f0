// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { clear } from "#core/market/auction";
import { deliverPairs } from "#core/market/ex-ante";
import { matchPairs } from "#core/market/pairs";
import type { Pair } from "#core/market/types";
import { arbBook, arbRule } from "./books.ts";

function sumBy(
  pairs: readonly Pair[],
  of: (pair: Pair) => string,
  wh: number[],
): Map<string, number> {
  const sums = new Map<string, number>();
  pairs.forEach((pair, i) => {
    sums.set(of(pair), (sums.get(of(pair)) ?? 0) + wh[i]);
  });
  return sums;
}

test("property: settled Wh stay within award, delivery and use, and waste nothing", () => {
  const metered = fc.dictionary(fc.constantFrom("a0", "a1", "a2", "b0", "b1", "b2"), fc.nat(60));
  fc.assert(
    fc.property(arbBook(), arbRule, metered, metered, (orders, rule, out, used) => {
      const pairs = matchPairs(orders, clear(orders, rule).fills);
      const delivered = new Map(Object.entries(out));
      const consumed = new Map(Object.entries(used));
      const settled = deliverPairs(pairs, delivered, consumed);
      pairs.forEach((pair, i) => {
        assert.ok(settled[i] >= 0 && settled[i] <= pair.qtyWh);
      });
      for (const [owner, wh] of sumBy(pairs, (pair) => pair.seller, settled)) {
        assert.ok(wh <= (delivered.get(owner) ?? 0));
      }
      for (const [owner, wh] of sumBy(pairs, (pair) => pair.buyer, settled)) {
        assert.ok(wh <= (consumed.get(owner) ?? 0));
      }
      // With all buyers able to take everything, each seller settles all it can.
      const awards = pairs.map((pair) => pair.qtyWh);
      const everything = sumBy(pairs, (pair) => pair.buyer, awards);
      const full = deliverPairs(pairs, delivered, everything);
      const sold = sumBy(pairs, (pair) => pair.seller, awards);
      for (const [owner, wh] of sumBy(pairs, (pair) => pair.seller, full)) {
        assert.equal(wh, Math.min(sold.get(owner) ?? 0, delivered.get(owner) ?? 0));
      }
    }),
    { numRuns: 500 },
  );
});

test("by hand: a seller delivers 7 of 10 Wh, one buyer uses 1 Wh, one meter is silent", () => {
  const pair = (buyer: string, qtyWh: number): Pair => ({
    seller: "a",
    buyer,
    offerIndex: 0,
    bidIndex: 1,
    qtyWh,
  });
  const pairs = [pair("b", 5), pair("c", 3), pair("d", 2)];
  const used = new Map([
    ["b", 9],
    ["c", 1],
  ]);
  // 7 Wh over 5, 3, 2: 3.5, 2.1, 1.4, so 4, 2, 1; then c uses 1 and d shows nothing.
  assert.deepEqual(deliverPairs(pairs, new Map([["a", 7]]), used), [4, 1, 0]);
  // 5 Wh over two equal awards: the earlier pair gets the odd one.
  const equal = [pair("b", 4), pair("c", 4)];
  const enough = new Map([
    ["b", 4],
    ["c", 4],
  ]);
  assert.deepEqual(deliverPairs(equal, new Map([["a", 5]]), enough), [3, 2]);
  assert.deepEqual(deliverPairs([], new Map(), new Map()), []);
});
