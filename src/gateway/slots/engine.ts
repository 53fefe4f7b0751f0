// SPDX-License-Identifier: Apache-2.0
/**
 * What drives an area from slot to slot (architecture: time). Each step looks at the area's state only, so it
 * can be asked again after any message, timer or restart:
 *
 *   genesis → notice(s) → readings and orders → block, clearing(s) → SOLD, BOUGHT → block closes s
 * → notice(s+1)
 */
import { toHex } from "#core/codec/bytes";
import { assert } from "#core/errors/assert";
import type { MintOrder } from "#core/ledger/execute";
import { guidancePrice } from "#core/market/guided";
import {
  ClockKind,
  demandRecord,
  MarketMode,
  MarketPricing,
  MarketTiming,
  type Notice,
  noticeRecord,
} from "#core/records/notice";
import { Side } from "#core/records/order";
import { walletOf } from "#core/wallets";
import type { Area } from "../area.ts";
import type { Batch } from "../batch.ts";
import { standingOrders } from "../chain/on-ramp.ts";
import {
  clearingEntry,
  demandEntry,
  EntryKind,
  missedEntry,
  noticeEntry,
  packEntry,
} from "../entries.ts";
import type { FeederAlarm } from "../feeder/check.ts";
import { tellBarred } from "../identity/enter.ts";
import { publishSlot } from "../monitor.ts";
import { sendContracts } from "../outbound.ts";
import { beginEpoch, epochDue } from "../smartchain/epochs.ts";
import { baseRule, ledgerPairs, type MadeClearing, makeClearing, makeDelivery } from "./clear.ts";
import { SlotRun } from "./run.ts";
import { seal, sealPending } from "./seal.ts";
import { warnOfDisputes, warnOfMeter } from "./warn.ts";

/** Under a running clock: protocol time after a slot's end for orders, and for SOLD and BOUGHT, permille. */
const COLLECT_PERMILLE = 250;
/** In a guided market, for what the demand is made of; sellers answer until orders end. */
const DEMAND_PERMILLE = 125;
const SETTLE_PERMILLE = 800;

/** Does everything that is due; stops where only messages, time or the decision on a block can help. */
export function advance(area: Area, batch: Batch): void {
  if (area.finished || area.sealing) return;
  if (!area.chain.head && !startChain(area, batch)) return;
  if (area.credit.due(area) && area.votes.ready(area, batch)) {
    sealPending(area, batch, area.world.openSlot ?? 0, () => {}); // a borrower waits for its token
    if (area.sealing) return;
  }
  for (let moved = true; moved && !area.finished; ) {
    moved = false;
    for (const run of [...area.runs.values()].sort((a, b) => a.slot - b.slot)) {
      const { phase } = run;
      if (phase === "done") continue;
      run.ready ||= phase === "collect" ? readyToClear(area, batch, run) : readyToClose(area, run);
      if (!run.ready || !area.votes.ready(area, batch)) continue;
      if (phase === "collect") clearSlot(area, batch, run);
      else closeRun(area, batch, run);
      if (area.sealing) return;
      moved = true;
    }
    if (openNext(area, batch)) moved = true;
    if (area.sealing) return;
  }
}

/** Real time until something may be due without any message or decision, ms; undefined where nothing is. */
export function nextDelayMs(area: Area): number | undefined {
  if (area.finished || !area.chain.head || area.sealing) return undefined;
  const { world, options } = area;
  const delays: number[] = [];
  const nowRealMs = area.ports.time.nowMs();
  const votesMs = area.votes.delayMs(area);
  if (votesMs !== undefined) delays.push(votesMs);
  for (const run of area.runs.values()) {
    if (run.ready && votesMs !== undefined) continue; // only votes are waited for
    if (world.isRunning) delays.push(world.realDelayMs(deadlineMs(area, run)));
    else delays.push(Math.max(0, run.phaseRealMs + options.slotTimeoutMs - nowRealMs));
  }
  // A slot that could begin already waits for members and not for time; after the last there is none.
  const next = (world.openSlot ?? -1) + 1;
  const comes = next < (options.slots ?? Number.POSITIVE_INFINITY);
  if (world.isRunning && comes && world.nowMs() < world.startMs(next))
    delays.push(world.realDelayMs(world.startMs(next)));
  return delays.length > 0 ? Math.min(...delays) : undefined;
}

/** Protocol time at which a running slot's phase is over whoever is missing. */
function deadlineMs(area: Area, run: SlotRun): number {
  const { world } = area;
  const collect = area.guided && !run.demand ? DEMAND_PERMILLE : COLLECT_PERMILLE;
  const permille = run.phase === "collect" ? collect : SETTLE_PERMILLE;
  return world.endMs(run.slot) + Math.floor((world.slotMs * permille) / 1000);
}

function timedOut(area: Area, run: SlotRun): boolean {
  if (area.world.isRunning) return area.world.nowMs() >= deadlineMs(area, run);
  return area.ports.time.nowMs() >= run.phaseRealMs + area.options.slotTimeoutMs;
}

/** The genesis block: all members that were waited for, with their first coins. */
function startChain(area: Area, batch: Batch): boolean {
  if (area.sessions.size < area.options.expectNodes) return false;
  const mints: MintOrder[] = [];
  if (area.options.genesisMicro > 0)
    for (const id of [...area.sessions.keys()].sort()) {
      const { walletKey } = area.sessions.get(id)!.member;
      const wallet = toHex(walletOf(area.ports.crypto, walletKey, 0));
      mints.push({ kind: "genesis", wallet, micro: area.options.genesisMicro });
    }
  area.world.anchor(area.world.epochStartMs, area.ports.time.nowMs());
  seal(area, batch, { slot: 0, mints, closed: [] }, () => {});
  return !area.sealing;
}

/** The next notice, when its time has come. */
function openNext(area: Area, batch: Batch): boolean {
  const { world, options } = area;
  const slotNow = world.slotAt(world.nowMs());
  let next = world.openSlot === undefined ? 0 : world.openSlot + 1;
  if (options.slots !== undefined && next >= options.slots) {
    if (area.runs.size === 0) area.finished = true;
    return false;
  }
  if (world.isRunning) {
    if (world.openSlot !== undefined && world.nowMs() < world.startMs(next)) return false;
    next = Math.max(next, slotNow); // a gateway that was away does not trade the past
  } else if (area.runs.size > 0) return false;
  tellBarred(area, batch);
  let expected = area.onlineIds();
  // Time does not wait. Where all were given up, all are asked again: without a notice they have nothing to
  // say.
  if (expected.length === 0 && world.isRunning) expected = [...area.sessions.keys()].sort();
  if (expected.length === 0) return false;
  openSlot(area, batch, next, expected);
  return true;
}

function openSlot(area: Area, batch: Batch, slot: number, expected: string[]): void {
  if (epochDue(area, slot)) beginEpoch(area, batch, slot);
  // A forecast market is matched before its slot begins; slot 0 has no forecasts.
  if (!area.exAnte || slot === 0) return announceSlot(area, batch, slot, expected, undefined);
  sealPending(area, batch, slot - 1, (later) => {
    announceSlot(area, later, slot, expected, awardSlot(area, later, slot));
  });
}

function announceSlot(
  area: Area,
  batch: Batch,
  slot: number,
  expected: string[],
  award: SlotRun["award"],
): void {
  const notice = noticeOf(area, slot);
  const { bytes } = area.sign(noticeRecord, notice);
  const members = expected.map((id) => area.sessions.get(id)!.idBytes);
  batch.log(EntryKind.notice, packEntry(noticeEntry, { signed: bytes, expected: members }));
  const run = enterNotice(area, notice, expected);
  run.award = award;
  if (area.capsAge > 0) area.sendCaps(batch); // before the notice: RESERVEs need parents
  area.scheduler.announce(area, batch, slot); // and so that batteries know what to do when it begins
  area.noticeBytes = bytes;
  batch.send(area.topics.epoch, bytes, true);
}

/** A notice takes effect; the same when it is made and when it is replayed. */
export function enterNotice(area: Area, notice: Notice, expected: string[]): SlotRun {
  const { world } = area;
  assert(!area.runs.has(notice.slot), "NOTICE_TWICE", String(notice.slot));
  world.openSlot = notice.slot;
  world.atLeast(notice.nowMs);
  world.anchor(notice.nowMs, notice.realMs);
  const run = new SlotRun(notice, new Set(expected), area.ports.time.nowMs());
  area.runs.set(notice.slot, run);
  return run;
}

function noticeOf(area: Area, slot: number): Notice {
  const { world, options } = area;
  const { tariff, time } = area.ports;
  const { market } = options;
  return {
    net: options.net,
    gateway: area.idBytes,
    epoch: world.epoch,
    epochStartMs: world.epochStartMs,
    tickMs: world.tickMs,
    ageMaxMs: world.ageMaxMs,
    slot,
    startMs: world.startMs(slot),
    endMs: world.endMs(slot),
    nowMs: world.nowMs(),
    clock: world.isRunning ? ClockKind.running : ClockKind.barrier,
    ratePermille: world.ratePermille,
    realMs: world.isRunning ? time.nowMs() : 0,
    timing: area.exAnte ? MarketTiming.exante : MarketTiming.expost,
    mode: area.guided ? MarketMode.guided : MarketMode.auction,
    pricing: market.pricing === "uniform" ? MarketPricing.uniform : MarketPricing.payAsBid,
    kPermille: market.kPermille,
    feedInMicro: tariff.feedInMicro,
    retailMicro: baseRule(area, slot).ceilingMicroPerKwh,
    retailNextMicro: baseRule(area, slot + 1).ceilingMicroPerKwh,
  };
}

function readyToClear(area: Area, batch: Batch, run: SlotRun): boolean {
  if (area.world.isRunning && area.world.nowMs() < area.world.endMs(run.slot)) return false;
  const waiting = waitedFor(area, run);
  // Forecasts were matched before the slot: there is nobody left to guide.
  if (area.guided && !area.exAnte && !run.demand) {
    const late = timedOut(area, run);
    const silent = waiting.filter((id) => !run.waitsForSellers(area.sessions.get(id)!));
    if (silent.length > 0 && !late) return false;
    miss(area, run, silent);
    askSellers(area, batch, run);
    run.phaseRealMs = area.ports.time.nowMs(); // sellers get a grace of their own
    return waiting.length === silent.length;
  }
  if (waiting.length === 0) return true;
  if (!timedOut(area, run)) return false;
  miss(area, run, waiting);
  return true;
}

/** Who has not said all yet. Whoever may no longer take part is given up at once. */
function waitedFor(area: Area, run: SlotRun): string[] {
  const silent = [...run.expected].filter(
    (id) => !run.collected(area.sessions.get(id)!, area.exAnte),
  );
  const barred = silent.filter((id) => area.barred(id));
  if (barred.length === 0) return silent;
  miss(
    area,
    run,
    barred.filter((id) => !run.missed.has(id)),
  );
  return silent.filter((id) => !barred.includes(id));
}

/** Guided market: the total demand and a price guidance, which sellers answer (paper 1, II-B-3). */
function askSellers(area: Area, batch: Batch, run: SlotRun): void {
  let demandWh = 0;
  for (const session of area.sessions.values()) {
    const order = session.orders.get(run.slot)?.order;
    if (order?.side === Side.bid) demandWh += order.qtyWh;
  }
  const rule = baseRule(area, run.slot);
  area.world.atLeast(area.world.endMs(run.slot));
  const demand = {
    net: area.options.net,
    gateway: area.idBytes,
    slot: run.slot,
    demandWh,
    guidanceMicro: guidancePrice(demandWh, area.lastOfferWh, rule),
    atMs: area.world.nowMs(),
  };
  const { bytes } = area.sign(demandRecord, demand);
  batch.log(EntryKind.demand, packEntry(demandEntry, { signed: bytes }));
  batch.send(area.topics.demand, bytes, true);
  run.demand = demand;
}

/** Members that did not do their part: the grid serves them, and later slots do not wait for them. */
function miss(area: Area, run: SlotRun, nodes: Iterable<string>): void {
  for (const id of nodes) {
    run.missed.add(id);
    const session = area.sessions.get(id)!;
    session.online = false;
    area.ports.log("warn", "node-missed", { slot: run.slot, node: session.member.name });
  }
}

function awardSlot(area: Area, batch: Batch, slot: number): SlotRun["award"] {
  const made = makeClearing(area, slot, undefined, true, area.world.nowMs());
  area.world.closeOrders(slot);
  logClearing(batch, slot, made, []);
  batch.send(area.topics.clearing, made.bytes, true);
  sendContracts(area, batch, made.contracts);
  return made;
}

/** Locks and readings become FINAL first, so that the clearing rests on the ledger; then the match. */
function clearSlot(area: Area, batch: Batch, run: SlotRun): void {
  const { world } = area;
  world.atLeast(world.endMs(run.slot) + world.tickMs);
  world.closeOrders(run.slot); // what comes while the block is decided is late
  sealPending(area, batch, run.slot, (later) => matchSlot(area, later, run));
}

function matchSlot(area: Area, batch: Batch, run: SlotRun): void {
  const atMs = area.world.nowMs();
  const made = run.award
    ? makeDelivery(area, run, atMs)
    : makeClearing(area, run.slot, run.demand?.guidanceMicro, false, atMs);
  logClearing(batch, run.slot, made, made.entries);
  enterClearing(area, run, made);
  if (area.capsAge > 0) area.sendCaps(batch);
  batch.send(area.topics.clearing, made.bytes, true);
  sendContracts(area, batch, made.contracts);
}

function logClearing(
  batch: Batch,
  slot: number,
  made: MadeClearing,
  pairs: MadeClearing["entries"],
): void {
  const orders = made.book.orders.map((order) => order.taken.id);
  const entry = { signed: made.bytes, slot, orders, pairs };
  batch.log(EntryKind.clearing, packEntry(clearingEntry, entry));
}

/** A final clearing takes effect; the same when it is made and when it is replayed. */
export function enterClearing(area: Area, run: SlotRun, made: MadeClearing): void {
  area.world.closeOrders(run.slot);
  const pairs = ledgerPairs(run.slot, made.entries);
  area.chain.addEvent({ type: "clearing", id: made.event, pairs });
  area.scheduler.cleared(area, run.slot);
  area.lastOfferWh = made.clearing.summary.offers.totalWh;
  // Those that were not waited for any longer; looked up here so that a restart lists them too. Others spoke
  // while votes were waited for; but for a demand that was made without them they were too late.
  for (const id of run.expected)
    if (!run.collected(area.sessions.get(id)!, area.exAnte)) run.missed.add(id);
    else if (!run.demand) run.missed.delete(id);
  run.clearingBytes = made.bytes;
  run.contracts = made.contracts;
  run.deals.start(area.chain.state, run.slot);
  run.startSettling(made.entries, area.ports.time.nowMs());
}

function readyToClose(area: Area, run: SlotRun): boolean {
  if (run !== area.oldestRun()) return false; // slots close in order
  if (run.settled) return true;
  const missing = [...run.missingParties()];
  // Who may no longer take part is not waited for: what it owes is left to the meters.
  const barred = missing.length > 0 && missing.every((id) => area.barred(id));
  if (!barred && !timedOut(area, run)) return false;
  run.waitNoLonger();
  miss(area, run, missing);
  return true;
}

function closeRun(area: Area, batch: Batch, run: SlotRun): void {
  const { world } = area;
  world.atLeast(world.endMs(run.slot) + Math.floor(world.slotMs / 2));
  const mints = standingOrders(area.chain.state, area.options);
  miss(area, run, run.lastLook());
  if (run.missed.size > 0) {
    const nodes = [...run.missed].sort().map((id) => area.sessions.get(id)!.idBytes);
    batch.log(EntryKind.missed, packEntry(missedEntry, { slot: run.slot, nodes }));
  }
  seal(area, batch, { slot: run.slot, mints, closed: [run.slot] }, (later) => {
    warnOfDisputes(area, run.slot);
    for (const alarm of finishRun(area, run)) warnOfMeter(area, alarm);
    publishSlot(area, later, run);
  });
}

/**
 * A slot is settled; the same when its block is made and when it is replayed. The alarms of the feeder
 * meter that begin with it.
 */
export function finishRun(area: Area, run: SlotRun): FeederAlarm[] {
  run.phase = "done";
  area.settledSlots++;
  area.tradedWh += run.tradedWh;
  if (run.tradedWh > 0) area.slotsWithTrade++;
  if (run.missed.size > 0) area.missedSlots.push({ slot: run.slot, nodes: [...run.missed] });
  area.forgetSlot(run.slot);
  return area.feeder?.close(run.slot) ?? [];
}
