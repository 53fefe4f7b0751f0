// SPDX-License-Identifier: Apache-2.0
/**
 * Clearings against the orders in the log. A gateway that favours a node, drops an order or invents
 * a price has to publish numbers that this comparison does not find in the signed orders.
 */
import { toHex } from "#core/codec/bytes";
import type { LedgerEvent } from "#core/ledger/execute";
import type { Pair as LedgerPair } from "#core/ledger/state";
import type { MarketRule } from "#core/market/types";
import { type ClearingRecord, clearingRecord } from "#core/records/clearing";
import { ContractStage } from "#core/records/contract";
import { MarketTiming } from "#core/records/notice";
import { clearingEntry, type PairEntry } from "../entries.ts";
import { clearingEvent } from "../slots/clear.ts";
import { compareBook } from "./book.ts";
import { comparePairs, compareSummary, pairKeyOf } from "./compare.ts";
import { baseRule, deliver, matchSlot, ruleOfSlot } from "./matched.ts";
import { openEntry, openOwn } from "./open.ts";
import { uncollected } from "./slots.ts";
import type { AuditSlot, Context, Matched } from "./state.ts";

export interface ClearingEntry {
  slot: number;
  orders: Uint8Array[];
  pairs: PairEntry[];
}

export function auditClearing(context: Context, bytes: Uint8Array): void {
  const { state, findings } = context;
  const entry = openEntry(findings, clearingEntry, bytes);
  const opened = entry && openOwn(context, clearingRecord, entry.signed);
  if (!entry || !opened) return;
  const record = opened.value;
  const { slot } = entry;
  if (record.slot !== slot)
    findings.fault("CLEARING_SLOT", { slot }, `the record is for slot ${record.slot}`);
  if (record.stage === ContractStage.award) auditAward(context, entry, record);
  else {
    const event = state.consortium ? clearingEvent(context.ports.crypto, record) : opened.id;
    auditFinal(context, entry, record, event);
  }
  state.closedToOrders.add(slot);
  state.atLeast(record.atMs);
}

/** Before the slot: forecasts are matched, nothing is owed yet. */
function auditAward(context: Context, entry: ClearingEntry, record: ClearingRecord): void {
  const { state, findings } = context;
  const { slot } = entry;
  const { notice } = state;
  if (notice?.timing !== MarketTiming.exante || slot <= notice.slot || state.award)
    return findings.fault("CLEARING_SLOT", { slot }, "an award out of place");
  // The price of a slot further ahead was not announced; its notice has to say the same
  // (NOTICE_RULE).
  const ceiling = slot === notice.slot + 1 ? notice.retailNextMicro : record.ceilingMicro;
  const matched = matchSlot(state, slot, baseRule(notice, ceiling));
  if (typeof matched === "string") return findings.fault("BOOK_INVALID", { slot }, matched);
  compare(context, entry, record, { ...matched, entries: [] }, matched);
  if (entry.pairs.length > 0)
    findings.fault("PAIR_WRONG", { slot }, "an award makes no contracts to settle");
  state.award = { slot, matched };
}

function auditFinal(
  context: Context,
  entry: ClearingEntry,
  record: ClearingRecord,
  id: Uint8Array,
): void {
  const { state, findings } = context;
  const { slot } = entry;
  const run = state.slots.get(slot);
  if (!run || run.contracts) return findings.fault("CLEARING_SLOT", { slot }, "not open, or again");
  if (record.atMs < run.notice.endMs)
    findings.fault("CLEARING_TIME", { slot }, `${run.notice.endMs - record.atMs} ms too early`);
  const matched = matchedOf(context, run);
  if (typeof matched === "string") findings.fault("BOOK_INVALID", { slot }, matched);
  else compare(context, entry, record, matched, matched);
  run.uncollected = uncollected(context, run);
  enter(context, run, entry.pairs, id);
  if (typeof matched !== "string") state.lastOfferWh = matched.clearing.summary.offers.totalWh;
}

function matchedOf({ state }: Context, run: AuditSlot): Matched | string {
  if (run.award) return deliver(run.award, run.slot);
  const rule = ruleOfSlot(run);
  return rule ? matchSlot(state, run.slot, rule) : "RULE_INVALID";
}

/** `published`: whose contracts the record is a root over (none in an award's entry). */
function compare(
  context: Context,
  entry: ClearingEntry,
  record: ClearingRecord,
  matched: Matched,
  published: Matched,
): void {
  if (!sameRule(record, matched.rule))
    context.findings.fault(
      "CLEARING_RULE",
      { slot: entry.slot },
      `${record.floorMicro} to ${record.ceilingMicro} µc/kWh, k ${record.kPermille} permille`,
    );
  compareBook(context, entry, record, matched);
  compareSummary(context, entry.slot, record, matched);
  comparePairs(context, entry, record, matched.entries, published.entries);
}

function sameRule(record: ClearingRecord, rule: MarketRule): boolean {
  return (
    (record.pricing === 0 ? "uniform" : "pay-as-bid") === rule.pricing &&
    record.kPermille === rule.kPermille &&
    record.floorMicro === rule.floorMicroPerKwh &&
    record.ceilingMicro === rule.ceilingMicroPerKwh
  );
}

/** The contracts as the log has them, right or wrong: the ledger goes on with these. */
function enter({ state }: Context, run: AuditSlot, pairs: PairEntry[], id: Uint8Array): void {
  run.contracts = new Map();
  run.deals.start(state.ledger, run.slot);
  const ledgerPairs: LedgerPair[] = [];
  for (const pair of pairs) {
    const { qtyWh, priceMicro, ecashMicro } = pair;
    run.contracts.set(pairKeyOf(pair), { pair, sold: undefined, bought: false });
    ledgerPairs.push({
      slot: run.slot,
      seller: toHex(pair.seller),
      buyer: toHex(pair.buyer),
      reserve: toHex(pair.reserve),
      qtyWh,
      priceMicro,
      ecashMicro,
      state: "open",
    });
  }
  const event: LedgerEvent = { type: "clearing", id, pairs: ledgerPairs };
  state.pending.set(toHex(id), event);
}
