// SPDX-License-Identifier: Apache-2.0
/** Demand and supply as sorted lists, and the quantity at which they cross. */
import { compareBytes } from "../codec/bytes.ts";
import { bandPrice, comparePrices } from "./price.ts";
import type { MarketOrder, MarketRule } from "./types.ts";

/** An order that takes part, at its price within the band. */
export interface Entry {
  index: number;
  order: MarketOrder;
  price: number;
}

/** The orders of one side that the band admits, best price first, equal prices by rising key. */
export function entriesOf(
  orders: readonly MarketOrder[],
  side: MarketOrder["side"],
  rule: MarketRule,
): Entry[] {
  const entries: Entry[] = [];
  for (let index = 0; index < orders.length; index++) {
    const order = orders[index];
    if (order.side !== side) continue;
    const price = bandPrice(order, rule);
    if (price !== undefined) entries.push({ index, order, price });
  }
  return entries.sort(
    (a, b) => comparePrices(side, a.price, b.price) || compareBytes(a.order.key, b.order.key),
  );
}

/**
 * Walks both curves to Q; `bid` and `offer` are the positions of the marginal entries, −1 without
 * trade.
 */
export function crossing(
  bids: Entry[],
  offers: Entry[],
): { tradedWh: number; bid: number; offer: number } {
  const result = { tradedWh: 0, bid: -1, offer: -1 };
  let i = 0;
  let j = 0;
  let bidLeftWh = 0;
  let offerLeftWh = 0;
  while (i < bids.length && j < offers.length && bids[i].price >= offers[j].price) {
    if (bidLeftWh === 0) bidLeftWh = bids[i].order.qtyWh;
    if (offerLeftWh === 0) offerLeftWh = offers[j].order.qtyWh;
    const stepWh = Math.min(bidLeftWh, offerLeftWh);
    result.tradedWh += stepWh;
    result.bid = i;
    result.offer = j;
    bidLeftWh -= stepWh;
    offerLeftWh -= stepWh;
    if (bidLeftWh === 0) i++;
    if (offerLeftWh === 0) j++;
  }
  return result;
}
