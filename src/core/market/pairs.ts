// SPDX-License-Identifier: Apache-2.0
/**
 * Who delivers to whom. All matched Wh of a clearing are alike, so any pairing is fair under a
 * uniform price; this one is short, deterministic and blind to price: sellers and buyers stand in
 * two rows by owner id and then by key, and the rows are cut at the same places. Each pair exhausts
 * an order, and the last exhausts two: at most (filled bids + filled offers − 1) pairs, and (buyers
 * + sellers − 1) distinct couples of owners.
 */
import { compareBytes } from "../codec/bytes.ts";
import { assert } from "../errors/assert.ts";
import type { Fill, MarketOrder, Pair } from "./types.ts";

/** The fills of one side, by owner and then key. */
function row(orders: readonly MarketOrder[], fills: readonly Fill[], side: string): Fill[] {
  return fills
    .filter((fill) => orders[fill.index].side === side)
    .sort((a, b) => {
      const left = orders[a.index];
      const right = orders[b.index];
      // Code-unit order, which for hex is the same on every engine.
      if (left.owner !== right.owner) return left.owner < right.owner ? -1 : 1;
      return compareBytes(left.key, right.key);
    });
}

/**
 * Pairs the fills of a clearing (`clear` or `clearGuided`) of `orders`. Fills of both sides must
 * add up to the same, and no owner may stand on both sides (`bookFault`).
 */
export function matchPairs(orders: readonly MarketOrder[], fills: readonly Fill[]): Pair[] {
  for (const { index, fillWh } of fills) {
    assert(index < orders.length && fillWh > 0, "MARKET_FILL", `order ${index}: ${fillWh} Wh`);
    assert(fillWh <= orders[index].qtyWh, "MARKET_FILL", `order ${index}: ${fillWh} Wh`);
  }
  const offers = row(orders, fills, "offer");
  const bids = row(orders, fills, "bid");
  const pairs: Pair[] = [];
  let i = 0;
  let j = 0;
  let offerLeftWh = 0;
  let bidLeftWh = 0;
  while (i < offers.length && j < bids.length) {
    if (offerLeftWh === 0) offerLeftWh = offers[i].fillWh;
    if (bidLeftWh === 0) bidLeftWh = bids[j].fillWh;
    const qtyWh = Math.min(offerLeftWh, bidLeftWh);
    const seller = orders[offers[i].index].owner;
    const buyer = orders[bids[j].index].owner;
    assert(seller !== buyer, "MARKET_SELF_TRADE", seller);
    pairs.push({ seller, buyer, offerIndex: offers[i].index, bidIndex: bids[j].index, qtyWh });
    offerLeftWh -= qtyWh;
    bidLeftWh -= qtyWh;
    if (offerLeftWh === 0) i++;
    if (bidLeftWh === 0) j++;
  }
  assert(i === offers.length && j === bids.length, "MARKET_FILLS_UNEQUAL");
  return pairs;
}
