// SPDX-License-Identifier: Apache-2.0
/**
 * Largest-remainder division (Hamilton's method) of whole Wh.
 *
 *   part_i = ⌊w_i·A / W⌋, then one more for the A − Σ⌊…⌋ parts with the largest w_i·A mod W.
 *
 * The remainders add up to (A − Σ⌊…⌋)·W and each is below W, so more parts have a remainder than
 * there are Wh left over: only parts with a remainder get one, and no part exceeds its weight.
 */
import { assert } from "../errors/assert.ts";
import { isCount, mulDivFloor, mulMod } from "./exact.ts";

export interface Shares {
  /** Wh, in the order of the weights; they add up to what was available. */
  partsWh: number[];
  /** Position of the last part that got a Wh left over, or −1. */
  lastExtra: number;
  /** That part's remainder, or 0. */
  lastRemainder: number;
}

/**
 * Divides `availableWh` (≤ the sum of the weights) in proportion to `weightsWh`. Of equal
 * remainders the earlier position wins, so the caller's order is the tie rule.
 */
export function shareOut(weightsWh: readonly number[], availableWh: number): Shares {
  let totalWh = 0;
  for (const weight of weightsWh) {
    assert(isCount(weight), "MARKET_SHARE_RANGE", `weight ${weight}`);
    totalWh += weight;
  }
  assert(
    isCount(totalWh) && isCount(availableWh),
    "MARKET_SHARE_RANGE",
    `${availableWh}/${totalWh}`,
  );
  assert(availableWh <= totalWh, "MARKET_SHARE_RANGE", `${availableWh} of ${totalWh} Wh`);
  // Nothing to scale: the common case on the short side, and the only one with a total of 0.
  if (availableWh === totalWh) return { partsWh: [...weightsWh], lastExtra: -1, lastRemainder: 0 };

  const partsWh: number[] = [];
  const remainders: number[] = [];
  const candidates: number[] = [];
  let leftWh = availableWh;
  for (let i = 0; i < weightsWh.length; i++) {
    const part = mulDivFloor(weightsWh[i], availableWh, totalWh);
    const remainder = mulMod(weightsWh[i], availableWh, totalWh);
    partsWh.push(part);
    remainders.push(remainder);
    if (remainder > 0) candidates.push(i);
    leftWh -= part;
  }
  if (leftWh === 0) return { partsWh, lastExtra: -1, lastRemainder: 0 };
  assert(leftWh < candidates.length, "MARKET_SHARE_LEFT", `${leftWh} of ${candidates.length}`);
  candidates.sort((a, b) => remainders[b] - remainders[a] || a - b);
  for (let i = 0; i < leftWh; i++) partsWh[candidates[i]] += 1;
  const lastExtra = candidates[leftWh - 1];
  return { partsWh, lastExtra, lastRemainder: remainders[lastExtra] };
}
