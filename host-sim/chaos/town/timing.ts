// SPDX-License-Identifier: Apache-2.0
/** Timeouts of simulated towns, and how long they may take after everything is healed. */
import { BLOCK_SKEW_MS } from "#core/consensus/limits";
import type { Timeouts } from "#gateway/consensus/types";
import { SLOT_SECONDS, type TownPlan } from "./plan.ts";

export const TIMEOUTS: Timeouts = Object.freeze({
  proposeMs: 300,
  voteMs: 150,
  stepMs: 150,
  windowMs: 80,
  repeatMs: 500,
});

/** Real time that a slot waits for a silent node, ms. */
export const SLOT_TIMEOUT_MS = 25_000;
/** What a search adds to the rounds of all turns together, ms. */
const WORK_MS = 60_000;
/** Longest pause of a gateway that hears nothing, and rounds until one is long enough, ms. */
const CONSENSUS_MS = 20_000;

/**
 * The bound: what a consensus takes to come together again; until real time is where a leader's clock was,
 * when turns hardly move time; and then each slot's two phases with a vote after each, all waiting for nodes
 * that say nothing; with a running clock as long as these last. Each change of the gateways takes a consensus
 * once more, and an entrant that executes everything.
 */
export function boundMs(plan: TownPlan): number {
  const { slots, running, clocks, changes, leader } = plan;
  const skewMs = Math.max(
    ...clocks.map((clock) => Math.min(BLOCK_SKEW_MS, Math.abs(clock.skewMs))),
  );
  const slotMs = 4 * SLOT_TIMEOUT_MS + 10_000;
  const runningMs = running ? (slots + 2) * SLOT_SECONDS * 1000 : 0;
  const changesMs = changes.length * 2 * CONSENSUS_MS;
  const workMs = leader === "proof-of-work" ? WORK_MS : 0;
  const restMs = (slots + 2) * slotMs + runningMs + changesMs + workMs;
  return CONSENSUS_MS + skewMs + BLOCK_SKEW_MS + restMs;
}
