// SPDX-License-Identifier: Apache-2.0
/**
 * The members' meters against the feeder's, again from the log. What it finds is no fault of whoever
 * kept the log: the ledger can be right and a meter wrong.
 */

import { feederEntry } from "../entries.ts";
import { FeederCheck } from "../feeder/check.ts";
import { type FeederTerms, termsOf } from "../feeder/terms.ts";
import { openEntry } from "./open.ts";
import type { AuditState, Context } from "./state.ts";
import type { FeederSummary } from "./types.ts";

/** Findings kept; all are counted. */
const ALARMS_KEPT = 100;

export function auditFeeder({ state, findings }: Context, bytes: Uint8Array): void {
  const entry = openEntry(findings, feederEntry, bytes);
  if (!entry) return;
  if (entry.node.length !== 0 && entry.node.length !== 16)
    return findings.fault("ENTRY_MALFORMED", {}, `a node id of ${entry.node.length} bytes`);
  const terms = termsOf(entry);
  state.feeder = terms && new FeederCheck(terms, state.world.slotMs);
}

/** A slot is closed. */
export function closeFeeder(state: AuditState, slot: number): void {
  const { feeder, summary } = state;
  if (!feeder) return;
  const alarms = feeder.close(slot);
  summary.feeder ??= emptyFeeder(feeder.terms);
  const found: FeederSummary = summary.feeder;
  found.terms = feeder.terms;
  found.name = state.nameOf(feeder.terms.node);
  found.judgedSlots = feeder.judgedSlots;
  found.unjudgedSlots = feeder.openSlots;
  for (const { test, residualMwh, suspects } of alarms) {
    found.alarmCount++;
    if (found.alarms.length >= ALARMS_KEPT) continue;
    const names = suspects.map(({ id, register, permille, errorPermille }) => {
      return { node: state.nameOf(id), register, permille, errorPermille };
    });
    found.alarms.push({ test, slot, missingWh: Number(residualMwh / 1000n), suspects: names });
  }
}

function emptyFeeder(terms: FeederTerms): FeederSummary {
  return { name: "", terms, judgedSlots: 0, unjudgedSlots: 0, alarmCount: 0, alarms: [] };
}
