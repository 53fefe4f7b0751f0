// SPDX-License-Identifier: Apache-2.0
/**
 * The leader's reward (paper 1, II-B-5 and 6). It counts by block times and not by heights: whoever makes
 * blocks come faster than `everyMs` mints nothing by it.
 */
import { assert } from "../errors/assert.ts";
import { rewardAt, type Schedule } from "./schedule.ts";

export interface BlockTerms {
  readonly schedule: Schedule;
  /** At most one reward in so long, ms. */
  readonly everyMs: number;
}

/** What is remembered of rewards: part of the ledger's state. */
export interface BlockRewards {
  /** Rewards so far. */
  readonly count: number;
  /** Time from which on the next block has one, ms. */
  readonly dueMs: number;
}

export interface BlockReward {
  /** For the leader of the block; 0: none. */
  readonly micro: number;
  readonly after: BlockRewards;
}

/**
 * The reward of a decided block. `atMs`: the header's time, which rises from block to block; `filled`: it has
 * transactions or events. A pause does not pay later: rewards that were not due are not made up for.
 */
export function blockReward(
  { schedule, everyMs }: BlockTerms,
  before: BlockRewards,
  atMs: number,
  filled: boolean,
): BlockReward {
  assert(Number.isSafeInteger(everyMs) && everyMs > 0, "REWARD_EVERY", String(everyMs));
  if (!filled || atMs < before.dueMs) return { micro: 0, after: before };
  const micro = rewardAt(schedule, before.count);
  return { micro, after: { count: before.count + 1, dueMs: atMs + everyMs } };
}
