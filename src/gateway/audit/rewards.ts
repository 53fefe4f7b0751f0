// SPDX-License-Identifier: Apache-2.0
/** The terms of rewards: blocks are executed with them, so that every reward is compared. */
import { isRewardTerms } from "#core/ledger/rewards";
import { rewardsEntry } from "../entries.ts";
import { openEntry } from "./open.ts";
import type { Context } from "./state.ts";

export function auditRewards({ state, findings }: Context, bytes: Uint8Array): void {
  const terms = openEntry(findings, rewardsEntry, bytes);
  if (!terms) return;
  if (state.rewards || state.members.size > 0 || !isRewardTerms(terms))
    findings.fault("REWARDS", {}, "");
  else state.rewards = terms;
}
