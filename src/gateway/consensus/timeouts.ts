// SPDX-License-Identifier: Apache-2.0
/** How long a round waits: longer from round to round, so that some round is long enough for any network. */
import { REPEAT_BACKOFF_MAX, ROUND_TIMEOUT_MAX_MS } from "#core/consensus/limits";
import type { Timeouts } from "./types.ts";

/** For messages of up to 100 ms between gateways; a slower network is reached after some rounds. */
export const DEFAULT_TIMEOUTS: Timeouts = Object.freeze({
  proposeMs: 1000,
  voteMs: 500,
  stepMs: 500,
  windowMs: 500,
  repeatMs: 2000,
});

type Waiting = "propose" | "window" | "prevote" | "precommit";

/** The timeout of `kind` in `round`, ms: linear in the round, up to ROUND_TIMEOUT_MAX_MS. */
export function timeoutMs(timeouts: Timeouts, kind: Waiting, round: number): number {
  const { proposeMs, voteMs, windowMs, stepMs } = timeouts;
  // The window is inside the time for proposals, and has to leave the first one its way.
  const firstMs = kind === "propose" ? proposeMs : kind === "window" ? windowMs : voteMs;
  return Math.min(firstMs + round * stepMs, ROUND_TIMEOUT_MAX_MS);
}

/** The pause before the next repeat, ms: doubled where the last one brought nothing. */
export function repeatPauseMs(timeouts: Timeouts, lastMs: number, progress: boolean): number {
  if (progress || lastMs === 0) return timeouts.repeatMs;
  return Math.min(2 * lastMs, REPEAT_BACKOFF_MAX * timeouts.repeatMs);
}
