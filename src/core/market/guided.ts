// SPDX-License-Identifier: Apache-2.0
/**
 * The market in the order of steps of the energy-blockchain paper (Li et al. 2018, II-B): the
 * gateway broadcasts total demand and a price guidance, and sellers answer with offers.
 *
 * The guidance is the price. So the clearing is the auction in a band of no width: every bid at or
 * above the guidance and every offer at or below it count as the guidance, all others are excluded,
 * each side is one level, and the longer one is rationed pro rata. A node checks it with
 * `checkFill` under `guidedRule` of the guidance that was broadcast before the offers, so that it
 * cannot be changed afterwards.
 */
import { assert } from "../errors/assert.ts";
import { clear } from "./auction.ts";
import { isRule } from "./book.ts";
import { isCount, mulDivFloor } from "./exact.ts";
import { guidedRule } from "./rule.ts";
import type { Clearing, MarketOrder, MarketRule } from "./types.ts";

/**
 * The price guidance, µc/kWh: ⌊(ceiling − floor)·D / (D + S)⌋ + floor, for a demand of D Wh and S
 * Wh offered in the slot before. Without demand it is the floor (also where nothing was offered);
 * without offers the ceiling.
 */
export function guidancePrice(demandWh: number, lastOfferWh: number, rule: MarketRule): number {
  assert(isRule(rule), "MARKET_RULE");
  assert(isCount(demandWh) && isCount(lastOfferWh), "MARKET_QTY", `${demandWh}, ${lastOfferWh} Wh`);
  const { floorMicroPerKwh: floor, ceilingMicroPerKwh: ceiling } = rule;
  if (demandWh === 0) return floor;
  return floor + mulDivFloor(ceiling - floor, demandWh, demandWh + lastOfferWh);
}

/** Clears a guided slot. `bookFault(orders, rule)` must be "ok". */
export function clearGuided(
  orders: readonly MarketOrder[],
  guidanceMicroPerKwh: number,
  rule: MarketRule,
): Clearing {
  return clear(orders, guidedRule(guidanceMicroPerKwh, rule));
}
