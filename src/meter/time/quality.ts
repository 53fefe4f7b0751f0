// SPDX-License-Identifier: Apache-2.0
/** How good a time of day is, by how wrong it can be. */
import { TIME_HOLDOVER_MAX_MS, TIME_SYNCED_MAX_MS } from "#core/limits-device";
import { TimeQuality } from "#core/units/time";
import type { UtcTime } from "../ports.ts";

/** TimeQuality of a time whose error is at most `errorMs`. */
export function qualityOf(errorMs: number): number {
  if (errorMs <= TIME_SYNCED_MAX_MS) return TimeQuality.synced;
  return errorMs <= TIME_HOLDOVER_MAX_MS ? TimeQuality.holdover : TimeQuality.unknown;
}

export const UNKNOWN_TIME: UtcTime = Object.freeze({
  utcMs: 0,
  quality: TimeQuality.unknown,
  errorMs: Number.MAX_SAFE_INTEGER,
});
