// SPDX-License-Identifier: Apache-2.0
/** When a block may say that it was made (docs/consensus.md, "Time"). */
import { ACCEPT, refuse, type Verdict } from "../errors/codes.ts";
import { BLOCK_SKEW_MS } from "./limits.ts";

/**
 * Later than the block before, and no further ahead of the checker's clock than clocks may differ. A quorum's
 * certificate stands for the second: who catches up (`nowMs` undefined) asks for the first alone.
 */
export function checkBlockTime(
  atMs: number,
  previousMs: number | undefined,
  nowMs: number | undefined,
  skewMs: number = BLOCK_SKEW_MS,
): Verdict {
  if (previousMs !== undefined && atMs <= previousMs)
    return refuse("BLOCK_EARLY", `${atMs}, after ${previousMs}`);
  if (nowMs !== undefined && atMs > nowMs + skewMs)
    return refuse("BLOCK_FUTURE", `${atMs - nowMs} ms ahead`);
  return ACCEPT;
}

/** The time that a leader gives its block: its clock's, but later than the block before. */
export function blockTimeMs(nowMs: number, previousMs: number | undefined): number {
  return previousMs === undefined ? nowMs : Math.max(nowMs, previousMs + 1);
}
