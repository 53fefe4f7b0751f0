// SPDX-License-Identifier: Apache-2.0
/** What terminal and picture call things. */
import type { Ledger, SeenTx } from "./ledger.ts";

export const TX_NAMES: readonly string[] = ["?", "OFFER", "RESERVE", "SOLD", "BOUGHT", "PROMOTE"];
export const EFFECT_NAMES: readonly string[] = [
  "?",
  "genesis",
  "deposit",
  "withdraw",
  "lock",
  "pay",
  "release",
  "arbitrate",
];

/** How far a transaction came (ledger 4.5). */
export type State = "REFUSED" | "VALID" | "ACCEPTED" | "FINAL" | "REJECTED";

export function stateOf(seen: SeenTx): State {
  if (seen.said.code) return "REFUSED";
  if (seen.rejected) return "REJECTED";
  if (seen.block) return "FINAL";
  return seen.acceptedMs === undefined ? "VALID" : "ACCEPTED";
}

/** Characters of an id that people are shown. */
export function short(id: string): string {
  return id.slice(0, 8);
}

/** Time of day with milliseconds, UTC. */
export function instant(ms: number): string {
  return new Date(ms).toISOString().slice(11, 23);
}

/** Tokens that it has, that it takes, and witnesses that were asked. */
export function tokensOf(ledger: Ledger, { tx }: SeenTx): string {
  const epoch = ledger.epochs.get(tx.body.epoch);
  if (!epoch) return "no proof-of-time";
  return `${tx.pot.length} tokens, ${epoch.m} of ${epoch.k} needed`;
}

export function votesOf({ votes }: SeenTx): string {
  return votes ? `VC ${votes.count}/${votes.threshold}` : "VC -";
}
