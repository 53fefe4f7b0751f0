// SPDX-License-Identifier: Apache-2.0
/**
 * What energy costs. The only rounding of money in a trade is here: up, once per leg, to the
 * seller's good.
 */
import { assert } from "../errors/assert.ts";
import { LEGS_MAX } from "../limits.ts";
import { isCount, mulDivCeil } from "./exact.ts";

/** Wh in one kWh: prices are per kWh. */
const WH_PER_KWH = 1000;

/** The ecash of one leg, µc: ⌈qty·price / 1000⌉ (ledger.md 4.6), exact. */
export function ecashMicro(qtyWh: number, priceMicroPerKwh: number): number {
  assert(isCount(qtyWh), "MARKET_QTY", `${qtyWh} Wh`);
  assert(isCount(priceMicroPerKwh), "MARKET_PRICE", `${priceMicroPerKwh} µc/kWh`);
  return mulDivCeil(qtyWh, priceMicroPerKwh, WH_PER_KWH);
}

/**
 * What a buyer locks before the slot, µc, so that `qtyWh` in up to `maxLegs` legs at no more than
 * the cap are paid for whatever the division: each leg rounds up by less than 1 µc, so ecash +
 * maxLegs is always enough.
 */
export function reserveMicro(
  qtyWh: number,
  capMicroPerKwh: number,
  maxLegs: number = LEGS_MAX,
): number {
  assert(isCount(maxLegs) && maxLegs > 0, "MARKET_LEGS", `${maxLegs}`);
  const reserve = ecashMicro(qtyWh, capMicroPerKwh) + maxLegs;
  assert(isCount(reserve), "MARKET_RESERVE", `${qtyWh} Wh at ${capMicroPerKwh} µc/kWh`);
  return reserve;
}
