// SPDX-License-Identifier: Apache-2.0
/**
 * What one node can verify of a clearing with nothing but its own order: that the published numbers
 * fit together, have room for its order, and give its fill and the price.
 *
 * Every fill is a function of (order, summary), so with a truthful summary any Wh moved from one
 * node to another fails the check of both. And with truthful totals (Q, the band's total, level
 * price, level total and available of each side) no other threshold gives every node a passing fill
 * that still adds up to Q. What one node cannot see, whoever holds the book can: false totals or
 * marginal prices that happen to fit its own order, and a threshold moved to feed a node that keeps
 * quiet. `clear` the book again and compare with `sameSummary` (summary.ts).
 */
import { compareBytes } from "../codec/bytes.ts";
import { isOrder, isRule } from "./book.ts";
import { mulDivFloor, mulMod } from "./exact.ts";
import { bandPrice, comparePrices, pairPrice } from "./price.ts";
import { type FillFault, summaryFault } from "./summary.ts";
import type { ClearingSummary, MarketOrder, MarketRule, SideSummary } from "./types.ts";

/** The fill of an order in a rationed level, or why the threshold cannot be right. */
function levelFill(order: MarketOrder, side: SideSummary): number | "THRESHOLD_WRONG" {
  const { levelTotalWh, levelAvailableWh, threshold } = side;
  const part = mulDivFloor(order.qtyWh, levelAvailableWh, levelTotalWh);
  const remainder = mulMod(order.qtyWh, levelAvailableWh, levelTotalWh);
  // One order with a remainder is enough to leave a Wh over, which someone must have got.
  if (threshold === null) return remainder === 0 ? part : "THRESHOLD_WRONG";
  const keyOrder = compareBytes(order.key, threshold.key);
  if (keyOrder === 0 && remainder !== threshold.remainder) return "THRESHOLD_WRONG";
  const extra =
    remainder > threshold.remainder || (remainder === threshold.remainder && keyOrder <= 0);
  return extra ? part + 1 : part;
}

/**
 * What `order` must have got, Wh, given a summary without fault of its own, or what in the summary
 * cannot be true because this order exists.
 */
export function expectedFill(
  order: MarketOrder,
  summary: ClearingSummary,
  rule: MarketRule,
): number | "THRESHOLD_WRONG" | "ORDER_NOT_COUNTED" {
  const price = bandPrice(order, rule);
  if (price === undefined) return 0;
  const side = order.side === "bid" ? summary.bids : summary.offers;
  const betterWh = summary.tradedWh - side.levelAvailableWh;
  const level = side.levelPriceMicroPerKwh;
  const distance = level === null ? 1 : comparePrices(order.side, price, level);
  if (distance < 0) return order.qtyWh <= betterWh ? order.qtyWh : "ORDER_NOT_COUNTED";
  if (distance === 0) {
    if (order.qtyWh > side.levelTotalWh) return "ORDER_NOT_COUNTED";
    if (side.levelAvailableWh === side.levelTotalWh) return order.qtyWh;
    return levelFill(order, side);
  }
  // Left over: what is left must have room for it, and nothing left over may claim to be the best
  // but worse.
  const next = side.nextPriceMicroPerKwh;
  const worseWh = side.totalWh - betterWh - side.levelTotalWh;
  if (order.qtyWh > worseWh || next === null) return "ORDER_NOT_COUNTED";
  return comparePrices(order.side, price, next) < 0 ? "ORDER_NOT_COUNTED" : 0;
}

/**
 * Whether `order` was treated by the rule: "ok", or the first fault found. `rule` is the node's own
 * copy; in a guided slot, `guidedRule` of the guidance that it heard before the slot. `fillWh` is
 * what the gateway says the order got, 0 where it says nothing. Never throws on what a gateway may
 * publish.
 */
export function checkFill(
  order: MarketOrder,
  summary: ClearingSummary,
  rule: MarketRule,
  fillWh: number,
): FillFault | "ok" {
  const fault = summaryFault(summary, rule);
  if (fault !== "ok") return fault;
  if (!isOrder(order)) return "ORDER_INVALID";
  const expected = expectedFill(order, summary, rule);
  if (typeof expected === "string") return expected;
  return fillWh === expected ? "ok" : "FILL_WRONG";
}

/** Whether a contract between `bid` and `offer` is priced by the rule; ask after `checkFill`. */
export function checkPairPrice(
  bid: MarketOrder,
  offer: MarketOrder,
  rule: MarketRule,
  summary: ClearingSummary,
  priceMicroPerKwh: number,
): FillFault | "ok" {
  if (!isRule(rule)) return "RULE_INVALID";
  if (!isOrder(bid) || !isOrder(offer)) return "ORDER_INVALID";
  const bidPrice = bid.side === "bid" ? bandPrice(bid, rule) : undefined;
  const offerPrice = offer.side === "offer" ? bandPrice(offer, rule) : undefined;
  if (bidPrice === undefined || offerPrice === undefined) return "PAIR_PRICE_WRONG";
  if (bidPrice < offerPrice || summary.priceMicroPerKwh === null) return "PAIR_PRICE_WRONG";
  const price = pairPrice(bid, offer, rule, summary);
  return price === priceMicroPerKwh ? "ok" : "PAIR_PRICE_WRONG";
}
