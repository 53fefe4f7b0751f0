// SPDX-License-Identifier: Apache-2.0
/** Prices of orders: within the band, against each other, between a bid and an offer, and of a pair. */
import { assert } from "../errors/assert.ts";
import { divFloor } from "./exact.ts";
import type { ClearingSummary, MarketOrder, MarketRule } from "./types.ts";

/**
 * The price at which `order` takes part, µc/kWh, or undefined where the band excludes it.
 *
 * A bid above the ceiling counts as the ceiling and an offer below the floor as the floor: nobody
 * is kept out for being generous, and it cannot move the price out of the band. A bid below the
 * floor and an offer above the ceiling cannot trade at any price of the band.
 */
export function bandPrice(order: MarketOrder, rule: MarketRule): number | undefined {
  const { floorMicroPerKwh: floor, ceilingMicroPerKwh: ceiling } = rule;
  const price = order.priceMicroPerKwh;
  if (order.side === "bid") return price < floor ? undefined : Math.min(price, ceiling);
  return price > ceiling ? undefined : Math.max(price, floor);
}

/** Negative where price `a` is better than `b` for the other side: a higher bid, a lower offer. */
export function comparePrices(side: MarketOrder["side"], a: number, b: number): number {
  return side === "bid" ? b - a : a - b;
}

/** The point k between an offer's and a bid's price (bid ≥ offer), µc/kWh, rounded down. */
export function priceBetween(bidPrice: number, offerPrice: number, kPermille: number): number {
  assert(bidPrice >= offerPrice, "MARKET_PRICES_CROSSED", `${bidPrice} < ${offerPrice}`);
  assert(kPermille >= 0 && kPermille <= 1000, "MARKET_K", `${kPermille}`);
  return divFloor(kPermille * bidPrice + (1000 - kPermille) * offerPrice, 1000);
}

/**
 * What a pair pays, µc/kWh: the clearing's price under `uniform`; under `pay-as-bid` the point k
 * between the two orders' own prices within the band, rounded down. A filled bid is never below a
 * filled offer.
 */
export function pairPrice(
  bid: MarketOrder,
  offer: MarketOrder,
  rule: MarketRule,
  summary: ClearingSummary,
): number {
  assert(bid.side === "bid" && offer.side === "offer", "MARKET_SIDES");
  if (rule.pricing === "uniform") {
    assert(summary.priceMicroPerKwh !== null, "MARKET_NO_PRICE");
    return summary.priceMicroPerKwh;
  }
  const bidPrice = bandPrice(bid, rule);
  const offerPrice = bandPrice(offer, rule);
  assert(bidPrice !== undefined && offerPrice !== undefined, "MARKET_EXCLUDED");
  return priceBetween(bidPrice, offerPrice, rule.kPermille);
}
