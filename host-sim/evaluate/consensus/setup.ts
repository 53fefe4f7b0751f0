// SPDX-License-Identifier: Apache-2.0
/** What a simulated consortium is: its size, links, rule, load and who is silent. */
import type { QuorumRule } from "#core/consensus/validators";
import { DEFAULT_TIMEOUTS } from "#gateway/consensus/timeouts";
import type { Timeouts } from "#gateway/consensus/types";

export interface Setup {
  seed: number;
  gateways: number;
  rule: QuorumRule;
  leader: "round-robin" | "proof-of-work";
  /** One way between any two gateways, ms. */
  delayMs: number;
  /** Messages lost for good, of a thousand; transactions on their way to other gateways are sent again. */
  lossPermille: number;
  /** A gateway wants the next block so long after the last one, if it has something for it, ms. */
  intervalMs: number;
  /** Transactions a second over all gateways, by chance; 0: blocks are always wanted, and hold none. */
  perSecond: number;
  /** Places of gateways that are dead, from the beginning to `untilMs`. */
  silent: readonly number[];
  silentUntilMs: number;
  /** The run ends when all that are up have so many blocks, or at that time. */
  heights: number;
  endMs: number;
  timeouts: Timeouts;
}

/** Between blocks: what the target of four gateways names. */
export const INTERVAL_MS = 250;
/** Mean time until the first of all finds its work, ms. */
export const WORK_MS = 1000;
/** Of the hashes that are tried, one in so many is below the target. */
export const WORK_TRIES = 256;

/** Time for a proposal has to be some times what it takes to find one. */
const WORK_TIMEOUTS: Timeouts = Object.freeze({ ...DEFAULT_TIMEOUTS, proposeMs: 8 * WORK_MS });

/** The usual consortium, where nothing goes wrong, but for what is said. */
export function setupOf(gateways: number, choices: Partial<Setup> = {}): Setup {
  const work = choices.leader === "proof-of-work";
  return {
    ...{ seed: 1, gateways, rule: "quorum", leader: "round-robin", delayMs: 50, lossPermille: 0 },
    ...{ intervalMs: INTERVAL_MS, perSecond: 20, silent: [], silentUntilMs: Infinity },
    ...{ heights: 40, endMs: 3_600_000, timeouts: work ? WORK_TIMEOUTS : DEFAULT_TIMEOUTS },
    ...choices,
  };
}
