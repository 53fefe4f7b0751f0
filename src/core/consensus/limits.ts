// SPDX-License-Identifier: Apache-2.0
/** Bounds of the consensus among gateways, each with its reason; all others are in core/limits.ts. */

/** Gateways in a consortium: the paper has 51, and a bit map of them takes eight bytes. */
export const GATEWAYS_MAX = 64;
/** Bytes of the key of a gateway's parts of beacons: of BLS in G2, compressed. */
export const BEACON_KEY_BYTES_MAX = 96;
/** Bytes of a header's record: roots, times and a name; a signed one has a signature more. */
export const HEADER_BYTES_MAX = 2048;
/** Bytes of a block's plan: positions of 64 feeds take 4 KB, mints and changes of the registry the rest. */
export const PLAN_BYTES_MAX = 64 * 1024;
/** Bytes of a signed word of the consensus: a name of 40 characters, ids and bit maps take 170. */
export const CONSENSUS_SIGNED_BYTES_MAX = 256;
/** Bytes of a proposal with its block: header, plan, and a signed prevote of each gateway. */
export const PROPOSED_BYTES_MAX = 96 * 1024;
/** Messages of one sender for the next height that are kept: two rounds' proposal and votes, and a repeat. */
export const CONSENSUS_FUTURE_MAX = 8;
/** Rounds ahead of which one sender's words are kept: its present one and those it passed just now. */
export const ROUNDS_AHEAD_MAX = 3;
/**
 * Rounds kept behind the present one: votes that complete a quorum late; older ones come as a certificate.
 */
export const ROUNDS_BEHIND_MAX = 8;
/** Longest timeout of a round, ms: where rounds fail for long, the first good one is not far away. */
export const ROUND_TIMEOUT_MAX_MS = 60_000;
/** A message that is repeated for lack of progress is repeated at most this much more seldom each time. */
export const REPEAT_BACKOFF_MAX = 8;
/** How far ahead of a gateway's clock a block's time may be, ms: clocks in holdover differ by less. */
export const BLOCK_SKEW_MS = 30_000;
/** Blocks between two changes of a proof-of-work's target: enough to average the luck of single ones. */
export const WORK_SPAN_BLOCKS = 8;
