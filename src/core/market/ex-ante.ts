// SPDX-License-Identifier: Apache-2.0
/**
 * Settling a market that was cleared before the energy flowed. A seller may have delivered less
 * than it sold, a buyer used less than it bought; each side's awards are scaled down to what its
 * meter shows and a pair settles the smaller of the two. What a scaled pair gives up is not handed
 * to another pair: the deviation, short or over, is the grid's at grid prices, so that nobody pays
 * more because of a third party.
 */
import { assert } from "../errors/assert.ts";
import { isCount } from "./exact.ts";
import { shareOut } from "./prorate.ts";
import type { Pair } from "./types.ts";

/**
 * Each pair's award after scaling to `meteredWh` of the owner that `ownerOf` names; by pair
 * position.
 */
function scaled(
  pairs: readonly Pair[],
  ownerOf: (pair: Pair) => string,
  meteredWh: ReadonlyMap<string, number>,
): number[] {
  const positions = new Map<string, number[]>();
  for (let i = 0; i < pairs.length; i++) {
    const owner = ownerOf(pairs[i]);
    const list = positions.get(owner);
    if (list) list.push(i);
    else positions.set(owner, [i]);
  }
  const result: number[] = new Array(pairs.length).fill(0);
  for (const [owner, list] of positions) {
    const awardsWh = list.map((position) => pairs[position].qtyWh);
    const awardedWh = awardsWh.reduce((sum, qtyWh) => sum + qtyWh, 0);
    // A meter that is missing or late has shown nothing.
    const metered = meteredWh.get(owner) ?? 0;
    assert(isCount(metered), "MARKET_METERED", `${owner}: ${metered} Wh`);
    const { partsWh } = shareOut(awardsWh, Math.min(metered, awardedWh));
    for (let i = 0; i < list.length; i++) result[list[i]] = partsWh[i];
  }
  return result;
}

/**
 * The Wh that each of `pairs` settles, in their order: min(seller's scaled award, buyer's scaled
 * award). Awards are scaled by largest remainder; of equal remainders the earlier pair gets the Wh.
 * So the sum per seller is at most what it delivered, the sum per buyer at most what it consumed,
 * and no pair exceeds its award. Owners that the maps do not name have 0 Wh.
 */
export function deliverPairs(
  pairs: readonly Pair[],
  deliveredWhBySeller: ReadonlyMap<string, number>,
  consumedWhByBuyer: ReadonlyMap<string, number>,
): number[] {
  const sellersWh = scaled(pairs, (pair) => pair.seller, deliveredWhBySeller);
  const buyersWh = scaled(pairs, (pair) => pair.buyer, consumedWhByBuyer);
  return pairs.map((pair, i) => {
    const settledWh = Math.min(sellersWh[i], buyersWh[i]);
    assert(settledWh <= pair.qtyWh, "MARKET_SETTLED", `pair ${i}: ${settledWh} Wh`);
    return settledWh;
  });
}
