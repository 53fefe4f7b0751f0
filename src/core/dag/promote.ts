// SPDX-License-Identifier: Apache-2.0
/** What an author does about a transaction of its own that nobody approves (ledger 4.3). Pure functions. */

/** An own transaction as its author sees it. */
export interface Own {
  /** Effective time T. */
  tMs: number;
  /** Whether another transaction approves it. */
  approved: boolean;
  /** Whether a block holds it. */
  sealed: boolean;
  /** Whether it ever had the tokens of a quorum: others may then have it, and its number is used. */
  quorate: boolean;
}

/**
 * `wait`: it is young, or all is well. `promote`: refer to it by an ACK of one's own. `reissue`: say the
 * same with the same number and new parents. `block`: the next block finalises it, approved or not.
 */
export type Remedy = "wait" | "promote" | "reissue" | "block";

/** Promoted when older than A_max / 2; after A_max it cannot be a parent any more. */
export function remedyFor(own: Own, nowMs: number, ageMaxMs: number): Remedy {
  if (own.sealed || own.approved) return "wait";
  const ageMs = nowMs - own.tMs;
  if (ageMs > ageMaxMs) return own.quorate ? "block" : "reissue";
  return 2 * ageMs > ageMaxMs ? "promote" : "wait";
}

/** When the remedy changes next, ms of protocol time; undefined where it does not. */
export function remedyDueMs(own: Own, nowMs: number, ageMaxMs: number): number | undefined {
  if (own.sealed || own.approved) return undefined;
  const promoteMs = own.tMs + Math.floor(ageMaxMs / 2) + 1;
  if (nowMs < promoteMs) return promoteMs;
  const lateMs = own.tMs + ageMaxMs + 1;
  return nowMs < lateMs ? lateMs : undefined;
}
