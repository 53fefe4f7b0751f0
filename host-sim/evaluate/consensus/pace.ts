// SPDX-License-Identifier: Apache-2.0
/** What leaders are paid in a year, by the pace of blocks: who makes them come faster gains nothing by it. */
import { type BlockRewards, type BlockTerms, blockReward } from "#core/rewards/block";
import { scheduledBefore } from "#core/rewards/schedule";

/** A reward of a coin in ten minutes of block times, halved each quarter. */
const TERMS: BlockTerms = Object.freeze({
  schedule: Object.freeze({ firstMicro: 1_000_000, halveEvery: 90 * 24 * 6 }),
  everyMs: 600_000,
});
const YEAR_MS = 365 * 86_400_000;

export interface PaceRow {
  /** Between blocks, s. */
  everySeconds: number;
  blocks: number;
  rewards: number;
  mintedMicro: number;
  /** Most that the schedule allows in that time, µc. */
  scheduledMicro: number;
}

/** Blocks with contents, evenly through a year. */
export function paceTable(everySeconds: readonly number[] = [30, 60, 600, 900, 3600]): PaceRow[] {
  return everySeconds.map((seconds) => {
    let rewards: BlockRewards = { count: 0, dueMs: 0 };
    let [mintedMicro, blocks] = [0, 0];
    for (let atMs = 0; atMs < YEAR_MS; atMs += seconds * 1000) {
      const { micro, after } = blockReward(TERMS, rewards, atMs, true);
      mintedMicro += micro;
      rewards = after;
      blocks++;
    }
    const scheduledMicro = scheduledBefore(TERMS.schedule, Math.ceil(YEAR_MS / TERMS.everyMs));
    return { everySeconds: seconds, blocks, rewards: rewards.count, mintedMicro, scheduledMicro };
  });
}
