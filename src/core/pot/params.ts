// SPDX-License-Identifier: Apache-2.0
/** The numbers of proof-of-time (ledger 4.4): how many witness, and how many tokens make a transaction. */
import { compareBytes } from "../codec/bytes.ts";
import { assert } from "../errors/assert.ts";
import { ACCEPT, refuse, type Verdict } from "../errors/codes.ts";
import { TOKENS_MAX } from "../limits.ts";
import type { PackedEpoch } from "./members.ts";

/** ε: how far a stamp may be from a witness's clock, ms. */
export const DEFAULT_EPSILON_MS = 2000;
/** τ: how far a token's time may be from the stamp, ms. */
export const DEFAULT_TAU_MS = 10_000;

/** Witnesses of one transaction, and tokens that it needs. */
export interface PotParams {
  k: number;
  m: number;
}

/** Up to here all others witness; larger areas draw some (ledger 4.4). */
const ALL_WITNESS_MAX = 16;
/** For areas in which one node in ten may be dishonest. */
const DRAWN: PotParams = Object.freeze({ k: 7, m: 5 });

/** f: how many of `n` nodes may be dishonest. */
export function faulty(n: number): number {
  return Math.max(0, Math.floor((n - 1) / 3));
}

/**
 * k and m for `n` members. A single one has no witness but the gateways. In a small area all others witness:
 * m = ⌊(k + max(f − 1, 0)) / 2⌋ + 1, so that two sets of m share more than f − 1 of them. A larger one draws
 * `choice` (7, 5 where nothing is said), of which k = 0 is none at all.
 */
export function potParams(n: number, choice: PotParams = DRAWN): PotParams {
  const { k, m } = choice;
  assert(k <= TOKENS_MAX && m <= k && m >= Math.min(k, 1), "POT_PARAMS", `${m} of ${k}`);
  if (n <= 1 || k === 0) return { k: 0, m: 0 };
  if (n > ALL_WITNESS_MAX && k < n) return { k, m };
  const all = Math.min(n - 1, TOKENS_MAX);
  return { k: all, m: Math.floor((all + Math.max(faulty(n) - 1, 0)) / 2) + 1 };
}

/** How many of `g` gateways have to sign a transaction that found no quorum of witnesses. */
export function gatewayTokens(g: number): number {
  return Math.floor((2 * g) / 3) + 1;
}

/** What no signature says of an epoch from outside: members ascend by id, and m of k can be had. */
export function checkEpochForm({ fields, members }: PackedEpoch): Verdict {
  const { k, m } = fields;
  for (let i = 1; i < members.count; i++)
    if (compareBytes(members.nodeOf(i - 1), members.nodeOf(i)) >= 0)
      return refuse("FIELD_RANGE", `member ${i} is not after the one before`);
  if (m > k || (k > 0 && m === 0)) return refuse("FIELD_RANGE", `${m} of ${k} tokens`);
  return k < Math.max(members.count, 1)
    ? ACCEPT
    : refuse("FIELD_RANGE", `${k} witnesses of ${members.count} members`);
}
