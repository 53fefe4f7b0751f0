// SPDX-License-Identifier: Apache-2.0
/**
 * A published clearing by itself: whether its numbers fit together, and whether two say the same.
 */
import { bytesEqual } from "../codec/bytes.ts";
import { isRule, ORDER_KEY_BYTES } from "./book.ts";
import { isCount } from "./exact.ts";
import { comparePrices, priceBetween } from "./price.ts";
import type { ClearingSummary, MarketOrder, MarketRule, SideSummary } from "./types.ts";

/** Why a node does not accept a clearing. */
export const FILL_FAULTS = Object.freeze({
  RULE_INVALID: "the node's own copy of the rule is out of range",
  ORDER_INVALID: "the order to check is out of range",
  SUMMARY_INVALID: "a published number is missing, out of range or impossible beside the others",
  PRICE_OUTSIDE_BAND: "the price or a marginal price lies below the floor or above the ceiling",
  PRICE_WRONG: "the price is not the point k between the two marginal prices",
  MARGIN_CROSSED: "the marginal bid is below the marginal offer",
  NOT_MAXIMAL: "a bid and an offer that could have traded were both left over",
  THRESHOLD_WRONG: "the threshold contradicts the remainder of the node's own order",
  ORDER_NOT_COUNTED: "the published totals or prices cannot contain the node's own order",
  FILL_WRONG: "the fill is not what the published numbers give this order",
  PAIR_PRICE_WRONG: "a contract's price is not the one that the rule gives its pair",
});
export type FillFault = keyof typeof FILL_FAULTS;

/** Whether one side's numbers are possible beside a trade of `tradedWh`. */
function isSide(name: MarketOrder["side"], side: SideSummary, tradedWh: number): boolean {
  const { totalWh, levelTotalWh, levelAvailableWh, threshold } = side;
  const level = side.levelPriceMicroPerKwh;
  const next = side.nextPriceMicroPerKwh;
  if (!isCount(totalWh) || !isCount(levelTotalWh) || !isCount(levelAvailableWh)) return false;
  if (level !== null && !isCount(level)) return false;
  if (next !== null && !isCount(next)) return false;
  if (totalWh < tradedWh || (totalWh === tradedWh) !== (next === null)) return false;
  if (tradedWh === 0) {
    return level === null && levelTotalWh === 0 && levelAvailableWh === 0 && threshold === null;
  }
  if (level === null || levelAvailableWh < 1 || levelAvailableWh > tradedWh) return false;
  const untradedWh = levelTotalWh - levelAvailableWh;
  if (untradedWh < 0 || tradedWh + untradedWh > totalWh) return false;
  // A rationed level is itself the next price; otherwise what is left is strictly worse than the
  // level.
  if (untradedWh > 0 && next !== level) return false;
  if (untradedWh === 0 && next !== null && comparePrices(name, level, next) >= 0) return false;
  if (threshold === null) return true;
  if (untradedWh === 0 || threshold.key.length !== ORDER_KEY_BYTES) return false;
  const { remainder } = threshold;
  return isCount(remainder) && remainder > 0 && remainder < levelTotalWh;
}

function outsideBand(price: number | null, rule: MarketRule): boolean {
  return price !== null && (price < rule.floorMicroPerKwh || price > rule.ceilingMicroPerKwh);
}

/** What is wrong with `summary` by itself, whoever reads it, or "ok". */
export function summaryFault(summary: ClearingSummary, rule: MarketRule): FillFault | "ok" {
  if (!isRule(rule)) return "RULE_INVALID";
  const { tradedWh, priceMicroPerKwh: price, bids, offers } = summary;
  if (!isCount(tradedWh) || !isSide("bid", bids, tradedWh)) return "SUMMARY_INVALID";
  if (!isSide("offer", offers, tradedWh)) return "SUMMARY_INVALID";
  if ((price === null) !== (tradedWh === 0)) return "SUMMARY_INVALID";
  const bid = bids.levelPriceMicroPerKwh;
  const offer = offers.levelPriceMicroPerKwh;
  const nextBid = bids.nextPriceMicroPerKwh;
  const nextOffer = offers.nextPriceMicroPerKwh;
  for (const value of [price, bid, offer, nextBid, nextOffer]) {
    if (outsideBand(value, rule)) return "PRICE_OUTSIDE_BAND";
  }
  if (bid !== null && offer !== null) {
    if (bid < offer) return "MARGIN_CROSSED";
    if (price !== priceBetween(bid, offer, rule.kPermille)) return "PRICE_WRONG";
  }
  if (nextBid !== null && nextOffer !== null && nextBid >= nextOffer) return "NOT_MAXIMAL";
  return "ok";
}

function sameSide(a: SideSummary, b: SideSummary): boolean {
  if (a.totalWh !== b.totalWh || a.levelTotalWh !== b.levelTotalWh) return false;
  if (a.levelAvailableWh !== b.levelAvailableWh) return false;
  if (a.levelPriceMicroPerKwh !== b.levelPriceMicroPerKwh) return false;
  if (a.nextPriceMicroPerKwh !== b.nextPriceMicroPerKwh) return false;
  if (a.threshold === null || b.threshold === null) return a.threshold === b.threshold;
  if (a.threshold.remainder !== b.threshold.remainder) return false;
  return bytesEqual(a.threshold.key, b.threshold.key);
}

/** Whether two summaries say the same: the verifier's comparison of published and recomputed. */
export function sameSummary(a: ClearingSummary, b: ClearingSummary): boolean {
  if (a.tradedWh !== b.tradedWh || a.priceMicroPerKwh !== b.priceMicroPerKwh) return false;
  return sameSide(a.bids, b.bids) && sameSide(a.offers, b.offers);
}
