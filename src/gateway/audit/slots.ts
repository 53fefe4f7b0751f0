// SPDX-License-Identifier: Apache-2.0
/**
 * Slots from outside: notices in order and true to the world, guidance that follows, members listed
 * as missing.
 */
import { toHex } from "#core/codec/bytes";
import { guidancePrice } from "#core/market/guided";
import {
  ClockKind,
  demandRecord,
  MarketMode,
  MarketTiming,
  type Notice,
  noticeRecord,
} from "#core/records/notice";
import { Side } from "#core/records/order";
import { demandEntry, missedEntry, noticeEntry } from "../entries.ts";
import { DirectDeals } from "../slots/deals.ts";
import { baseRule } from "./matched.ts";
import { openEntry, openOwn } from "./open.ts";
import { netOf } from "./rules.ts";
import { checkBegun } from "./smartchain.ts";
import type { AuditSlot, Context } from "./state.ts";

export function auditNotice(context: Context, bytes: Uint8Array): void {
  const { state, findings } = context;
  const entry = openEntry(findings, noticeEntry, bytes);
  const opened = entry && openOwn(context, noticeRecord, entry.signed);
  if (!entry || !opened) return;
  const notice = opened.value;
  const { slot } = notice;
  checkSlot(context, notice);
  checkTimes(context, notice);
  checkRule(context, notice);
  checkBegun(context, notice);
  const expected = entry.expected.map(toHex);
  const known = expected.every((id) => state.members.has(id));
  if (!known || new Set(expected).size !== expected.length)
    findings.fault("NOTICE_MEMBERS", { slot }, `${expected.length} members`);
  const award = state.award?.slot === slot ? state.award.matched : undefined;
  state.award = undefined;
  state.notice = notice;
  state.atLeast(notice.nowMs);
  state.slots.set(slot, {
    slot,
    notice,
    expected: expected.filter((id) => state.members.has(id)),
    demand: undefined,
    award,
    contracts: undefined,
    deals: new DirectDeals(),
    uncollected: new Set(),
    silent: new Set(),
    missed: undefined,
    tradedWh: 0,
    paidMicro: 0,
  });
}

/**
 * Slots come one after the other; under the barrier clock without gaps, each after the last is
 * settled.
 */
function checkSlot({ state, findings }: Context, { slot, clock }: Notice): void {
  if (!state.head) findings.fault("NOTICE_SLOT", { slot }, "before the genesis block");
  const last = state.notice?.slot ?? -1;
  const barrier = clock === ClockKind.barrier;
  if (slot <= last || (barrier && slot !== last + 1))
    findings.fault("NOTICE_SLOT", { slot }, `after slot ${last}`);
  if (barrier && state.slots.size > 0)
    findings.fault("NOTICE_SLOT", { slot }, "an earlier slot is not settled");
}

function checkTimes({ state, findings }: Context, notice: Notice): void {
  const { slot } = notice;
  const { tickMs, ageMaxMs, slotMs } = state.world;
  const startMs = state.startMs(slot);
  const same =
    notice.startMs === startMs &&
    notice.endMs === startMs + slotMs &&
    notice.epochStartMs === state.epochStartMs &&
    notice.epoch === state.epoch &&
    notice.tickMs === tickMs &&
    notice.ageMaxMs === ageMaxMs;
  if (!same) findings.fault("NOTICE_TIME", { slot }, "start, end, epoch, Δ or age limit");
  if (notice.clock === ClockKind.barrier && notice.nowMs < state.nowMs)
    findings.fault("NOTICE_TIME", { slot }, `${notice.nowMs} ms, it was ${state.nowMs} ms before`);
}

/**
 * What members agreed to by joining stays, and the price they reserved coins for is the price they
 * get.
 */
function checkRule({ state, findings }: Context, notice: Notice): void {
  const { slot, retailMicro } = notice;
  const before = state.notice;
  if (state.award?.slot === slot && state.award.matched.rule.ceilingMicroPerKwh !== retailMicro)
    findings.fault("NOTICE_RULE", { slot }, "another retail price than the award was made with");
  if (retailMicro < notice.feedInMicro)
    findings.fault("NOTICE_RULE", { slot }, "the retail price is below the feed-in price");
  if (!before) return;
  const fields = ["clock", "timing", "mode", "pricing", "kPermille", "feedInMicro"] as const;
  for (const field of fields)
    if (notice[field] !== before[field])
      findings.fault("NOTICE_RULE", { slot }, `${field} ${notice[field]}, was ${before[field]}`);
  if (slot === before.slot + 1 && retailMicro !== before.retailNextMicro)
    findings.fault(
      "NOTICE_RULE",
      { slot },
      `retail price ${retailMicro} µc/kWh, announced were ${before.retailNextMicro}`,
    );
}

export function auditDemand(context: Context, bytes: Uint8Array): void {
  const { state, findings } = context;
  const entry = openEntry(findings, demandEntry, bytes);
  const opened = entry && openOwn(context, demandRecord, entry.signed);
  if (!opened) return;
  const { slot, demandWh, guidanceMicro, atMs } = opened.value;
  const run = state.slots.get(slot);
  if (!run || run.contracts || run.demand || run.notice.mode !== MarketMode.guided)
    return findings.fault("DEMAND_SLOT", { slot }, "not open for a demand");
  let sumWh = 0;
  for (const { orders } of state.members.values()) {
    const order = orders.get(slot)?.order;
    if (order?.side === Side.bid) sumWh += order.qtyWh;
  }
  const guidance = guidancePrice(sumWh, state.lastOfferWh, baseRule(run.notice));
  if (demandWh !== sumWh)
    findings.fault("DEMAND_WRONG", { slot }, `${demandWh} Wh, the bids are for ${sumWh} Wh`);
  if (guidanceMicro !== guidance)
    findings.fault("DEMAND_WRONG", { slot }, `${guidanceMicro} µc/kWh, not ${guidance}`);
  run.demand = opened.value;
  run.silent = silentAtDemand(context, run);
  state.atLeast(atMs);
}

/** Members that the demand was made without; sellers are asked by it. */
function silentAtDemand(context: Context, run: AuditSlot): Set<string> {
  const silent = uncollected(context, run);
  for (const id of silent) {
    const netMwh = netOf(context.state.members.get(id)!, run.slot);
    if (netMwh !== undefined && netMwh < 0n) silent.delete(id);
  }
  return silent;
}

/** Members of `run` that the clearing goes on without. */
export function uncollected({ state }: Context, run: AuditSlot): Set<string> {
  const missing = new Set<string>();
  const forecast = run.notice.timing === MarketTiming.exante;
  for (const id of run.expected) {
    const member = state.members.get(id)!;
    const read = (member.reading?.boundary ?? -1) > run.slot;
    if (!read || (!forecast && !member.orders.has(run.slot))) missing.add(id);
  }
  return missing;
}

export function auditMissed(context: Context, bytes: Uint8Array): void {
  const { state, findings } = context;
  const entry = openEntry(findings, missedEntry, bytes);
  if (!entry) return;
  const { slot } = entry;
  const run = state.slots.get(slot);
  if (!run?.contracts || run.missed)
    return findings.fault("MISSED_SLOT", { slot }, "not open, not cleared, or listed before");
  run.missed = new Set(entry.nodes.map(toHex));
}

/** Who did not answer a contract: sellers, and those buyers that no seller lets wait. */
function unsettledParties(run: AuditSlot): Set<string> {
  const missing = run.deals.missing();
  const waiting = new Set<string>();
  const contracts = [...(run.contracts?.values() ?? [])];
  for (const { pair, sold } of contracts) {
    if (sold) continue;
    missing.add(toHex(pair.seller));
    waiting.add(toHex(pair.buyer));
  }
  for (const { pair, sold, bought } of contracts) {
    const buyer = toHex(pair.buyer);
    if (sold && !bought && !waiting.has(buyer)) missing.add(buyer);
  }
  return missing;
}

/** Before a slot is closed: exactly those are listed as missing that are. */
export function checkMissed({ state, findings }: Context, run: AuditSlot): void {
  const { slot } = run;
  const missing = new Set([...run.uncollected, ...unsettledParties(run)]);
  const listed = run.missed ?? new Set();
  for (const id of missing)
    if (!listed.has(id))
      findings.fault("MISSED_UNLISTED", { node: state.nameOf(id), slot }, "not listed");
  // One that spoke after the demand was missed for it; a gateway that restarted since does not know.
  for (const id of listed)
    if (!missing.has(id) && !run.silent.has(id))
      findings.fault("MISSED_WITHOUT_CAUSE", { node: state.nameOf(id), slot }, "did its part");
  if (listed.size > 0) state.summary.missedSlots.push({ slot, nodes: [...listed] });
}
