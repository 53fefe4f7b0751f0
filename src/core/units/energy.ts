// SPDX-License-Identifier: Apache-2.0
/**
 * Energy is an integer: mWh as bigint where it accumulates (registers), Wh as a safe number where it is
 * traded. Nothing here is a float; division names its rounding.
 */
import { assert } from "../errors/assert.ts";

/** mWh in one Wh. */
export const MWH_PER_WH = 1000n;

/** Whole Wh in `mwh` (≥ 0), rounded down; the remainder stays on the register. */
export function whFloor(mwh: bigint): number {
  assert(mwh >= 0n, "ENERGY_NEGATIVE", `${mwh} mWh`);
  const wh = mwh / MWH_PER_WH;
  assert(wh <= BigInt(Number.MAX_SAFE_INTEGER), "ENERGY_RANGE", `${mwh} mWh`);
  return Number(wh);
}

/** `wh` as mWh. */
export function mwhFromWh(wh: number): bigint {
  assert(Number.isSafeInteger(wh) && wh >= 0, "ENERGY_RANGE", `${wh} Wh`);
  return BigInt(wh) * MWH_PER_WH;
}
