// SPDX-License-Identifier: Apache-2.0
/** A ballot that finds frauds, too: a gateway's. In a file of its own, since a node's flash has no room for it. */
import { VOTES_EARLY_MAX, VOTES_KEPT_MAX, VOTES_OPEN_MAX } from "../limits.ts";
import { Ballot, type BallotOptions } from "./ballot.ts";
import { VoteLog } from "./double.ts";
import { EarlyVotes } from "./early.ts";

export interface FullBallotOptions extends Omit<BallotOptions, "early" | "log"> {
  /** Votes of each member that came too early, and votes kept as they came, for proofs. */
  readonly earlyPerVoter?: number;
  readonly votesKept?: number;
}

/** For all open transactions. */
export const GATEWAY_BALLOT = Object.freeze({
  capacity: VOTES_OPEN_MAX,
  earlyPerVoter: VOTES_EARLY_MAX,
  votesKept: VOTES_KEPT_MAX,
});

export function fullBallot(options: FullBallotOptions): Ballot {
  const { earlyPerVoter = 0, votesKept = 0, ...rest } = options;
  return new Ballot({
    ...rest,
    ...(earlyPerVoter > 0 && { early: new EarlyVotes(earlyPerVoter) }),
    ...(votesKept > 0 && { log: new VoteLog(votesKept) }),
  });
}
