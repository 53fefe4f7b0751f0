// SPDX-License-Identifier: Apache-2.0
/**
 * The call auction of one slot: a k-double auction in integers.
 *
 * Bids by falling price and offers by rising price are walked Wh by Wh; Q is the largest quantity
 * at which the Q-th Wh of the bids is priced at least as high as the Q-th of the offers. The orders
 * that hold these two Wh are the *marginal* ones: the last that trade. With b and a their prices,
 *
 *   p = ⌊(k·b + (1000 − k)·a) / 1000⌋ µc/kWh,   so   floor ≤ a ≤ p ≤ b ≤ ceiling.
 *
 * Curves that meet on a vertical piece (both sides end at Q) leave a range of prices: k divides it,
 * also where an order that did not trade lies inside it; that order is out by quantity and not by
 * price. (The k-double auction of Satterthwaite and Williams, 1989, narrows the range by such
 * orders; then, with all bids at retail and all offers at feed-in, one side would get the whole
 * surplus.) Curves that meet on a horizontal piece leave one side of the margin with more than Q
 * needs: that level is rationed. Both sides cannot be, since then another Wh would trade.
 *
 * The result depends on the set of orders, not on their order in the list.
 */
import { assert } from "../errors/assert.ts";
import { bookFault } from "./book.ts";
import { crossing, type Entry, entriesOf } from "./curve.ts";
import { priceBetween } from "./price.ts";
import { shareOut } from "./prorate.ts";
import type { Clearing, Fill, MarketOrder, MarketRule, SideSummary } from "./types.ts";

/** Fills one side up to `tradedWh`, whose last Wh is in `entries[marginal]`; appends to `fills`. */
function fillSide(
  entries: readonly Entry[],
  marginal: number,
  tradedWh: number,
  fills: Fill[],
): SideSummary {
  let totalWh = 0;
  for (const entry of entries) totalWh += entry.order.qtyWh;
  if (marginal < 0) {
    return {
      totalWh,
      levelPriceMicroPerKwh: null,
      levelTotalWh: 0,
      levelAvailableWh: 0,
      nextPriceMicroPerKwh: entries.length > 0 ? entries[0].price : null,
      threshold: null,
    };
  }
  const levelPrice = entries[marginal].price;
  let betterWh = 0;
  let at = 0;
  for (; entries[at].price !== levelPrice; at++) {
    betterWh += entries[at].order.qtyWh;
    fills.push({ index: entries[at].index, fillWh: entries[at].order.qtyWh });
  }
  const level: Entry[] = [];
  for (; at < entries.length && entries[at].price === levelPrice; at++) level.push(entries[at]);
  const quantitiesWh = level.map((entry) => entry.order.qtyWh);
  const levelTotalWh = quantitiesWh.reduce((sum, qtyWh) => sum + qtyWh, 0);
  const levelAvailableWh = tradedWh - betterWh;
  assert(levelAvailableWh > 0 && levelAvailableWh <= levelTotalWh, "MARKET_LEVEL");
  // The level is sorted by key, so the smaller key wins among equal remainders.
  const shares = shareOut(quantitiesWh, levelAvailableWh);
  for (let i = 0; i < level.length; i++) {
    if (shares.partsWh[i] > 0) fills.push({ index: level[i].index, fillWh: shares.partsWh[i] });
  }
  const beyond = at < entries.length ? entries[at].price : null;
  return {
    totalWh,
    levelPriceMicroPerKwh: levelPrice,
    levelTotalWh,
    levelAvailableWh,
    nextPriceMicroPerKwh: levelAvailableWh < levelTotalWh ? levelPrice : beyond,
    threshold:
      shares.lastExtra < 0
        ? null
        : { remainder: shares.lastRemainder, key: level[shares.lastExtra].order.key.slice() },
  };
}

/**
 * Clears a slot. `bookFault(orders, rule)` must be "ok": anything else is the caller's bug.
 * Under pay-as-bid the quantities are the same and the price is a reference (see `pairPrice`).
 */
export function clear(orders: readonly MarketOrder[], rule: MarketRule): Clearing {
  const fault = bookFault(orders, rule);
  assert(fault === "ok", "MARKET_BOOK", fault);
  const bids = entriesOf(orders, "bid", rule);
  const offers = entriesOf(orders, "offer", rule);
  const { tradedWh, bid, offer } = crossing(bids, offers);
  const fills: Fill[] = [];
  const bidSide = fillSide(bids, bid, tradedWh, fills);
  const offerSide = fillSide(offers, offer, tradedWh, fills);
  fills.sort((a, b) => a.index - b.index);
  const price =
    tradedWh === 0 ? null : priceBetween(bids[bid].price, offers[offer].price, rule.kPermille);
  return {
    summary: { tradedWh, priceMicroPerKwh: price, bids: bidSide, offers: offerSide },
    fills,
  };
}
