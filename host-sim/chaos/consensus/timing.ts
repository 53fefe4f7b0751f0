// SPDX-License-Identifier: Apache-2.0
/** Timeouts of simulated consortiums, and how long they may take after everything is healed. */
import { REPEAT_BACKOFF_MAX } from "#core/consensus/limits";
import { timeoutMs } from "#gateway/consensus/timeouts";
import type { Timeouts } from "#gateway/consensus/types";
import type { Plan } from "../plan.ts";
import { SKEW_MS } from "./world.ts";

export const TIMEOUTS: Timeouts = Object.freeze({
  proposeMs: 200,
  voteMs: 100,
  stepMs: 100,
  windowMs: 80,
  repeatMs: 400,
});

/** Heights that have to be decided after healing. */
export const HEIGHTS_AFTER = 3;

/**
 * The bound: two longest pauses until all have heard where the others are; then for each height as many
 * rounds as there are gateways and one, for each of them leads in that time, and before these as many as it
 * takes until a round waits for three messages; each as long as its timeouts, at the first height from the
 * highest round on that anybody is in; and as long as clocks may be apart. Work is luck: three times as
 * much.
 */
export function boundMs(plan: Plan, round: number): number {
  const roundMs = (number: number): number =>
    timeoutMs(TIMEOUTS, "propose", number) +
    timeoutMs(TIMEOUTS, "prevote", number) +
    timeoutMs(TIMEOUTS, "precommit", number) +
    2 * plan.auditMs;
  const short = Math.ceil((3 * plan.healedDelayMs) / TIMEOUTS.stepMs);
  const heightMs = (from: number): number => {
    let sumMs = plan.wantMs;
    for (let i = 0; i <= short + plan.gateways; i++) sumMs += roundMs(from + i);
    return sumMs;
  };
  const pausesMs = 2 * REPEAT_BACKOFF_MAX * TIMEOUTS.repeatMs;
  const heightsMs = heightMs(round) + HEIGHTS_AFTER * heightMs(0);
  const luck = plan.leader === "proof-of-work" ? 3 : 1;
  return pausesMs + luck * heightsMs + 2 * SKEW_MS;
}
