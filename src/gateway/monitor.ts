// SPDX-License-Identifier: Apache-2.0
/**
 * What people and tools see over MQTT: retained JSON under `…/monitor/`, with units in the names and OBIS
 * codes (IEC 62056-61) for registers. Read-only and derived: nothing in the system depends on it.
 */
import { toHex } from "#core/codec/bytes";
import { isoTime } from "#core/units/time";
import { type Area, monitorName } from "./area.ts";
import type { Batch } from "./batch.ts";
import { bankFacts, debtFacts } from "./credit/monitor.ts";
import type { Suspect } from "./feeder/suspects.ts";
import { SUSPECTS_SHOWN } from "./feeder/terms.ts";
import { eventName } from "./intake/event.ts";
import type { Session } from "./session.ts";
import type { SlotRun } from "./slots/run.ts";

type Json = Record<string, unknown>;

function publish(area: Area, batch: Batch, path: string, value: Json): void {
  const text = JSON.stringify(value);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    bytes[i] = code < 128 ? code : 63; // names are printable ASCII
  }
  batch.send(area.topics.monitor(path), bytes, true);
}

/** `monitor/gateway`: who this is and how it is set up. */
export function publishGateway(area: Area, batch: Batch, state: "online" | "offline"): void {
  const { options, world } = area;
  publish(area, batch, "gateway", {
    state,
    net: options.net,
    area: options.area,
    gateway: area.id,
    publicKey: toHex(area.publicKey),
    members: area.sessions.size,
    expectNodes: options.expectNodes,
    slotSeconds: world.slotMs / 1000,
    slots: options.slots ?? null,
    worldStartMs: options.worldStartMs,
    clock: options.clock.kind,
    market: options.market,
    feedInMicroPerKwh: area.ports.tariff.feedInMicro,
  });
}

/** After a settled slot: the slot, every member, the chain's head and the totals. */
export function publishSlot(area: Area, batch: Batch, run: SlotRun): void {
  publish(area, batch, "slot", {
    slot: run.slot,
    start: isoTime(run.notice.startMs),
    slotSeconds: area.world.slotMs / 1000,
    members: area.sessions.size,
    waitedFor: run.expected.size,
    missed: [...run.missed].map((id) => area.sessions.get(id)!.member.name),
    tradedWh: run.tradedWh,
    contracts: run.pairs,
    // Volume-weighted, rounded down.
    priceMicroPerKwh: run.tradedWh > 0 ? Math.floor((run.paidMicro * 1000) / run.tradedWh) : null,
    retailMicroPerKwh: run.notice.retailMicro,
    feedInMicroPerKwh: run.notice.feedInMicro,
  });
  for (const id of area.sessions.keys()) publishNode(area, batch, id);
  publishFeeder(area, batch);
  const bank = bankFacts(area);
  if (bank) publish(area, batch, "bank", bank);
  publishDag(area, batch);
  publishChain(area, batch);
  publishTotals(area, batch);
}

function publishNode(area: Area, batch: Batch, id: string): void {
  const session = area.sessions.get(id)!;
  const { state } = area.chain;
  if (!state.accounts.has(id)) return;
  const { reading, previous } = session;
  const isFeeder = area.feeder?.terms.node === id;
  const netMwh =
    reading && previous
      ? reading.importMwh - previous.importMwh - (reading.exportMwh - previous.exportMwh)
      : 0n;
  publish(area, batch, `node/${monitorName(session.member.name)}`, {
    name: session.member.name,
    node: id,
    online: session.online,
    role: isFeeder ? "feeder" : netMwh > 0n ? "buyer" : netMwh < 0n ? "seller" : "idle",
    boundary: reading?.boundary ?? null,
    "1-0:1.8.0 import Wh": reading ? Number(reading.importMwh / 1000n) : null,
    "1-0:2.8.0 export Wh": reading ? Number(reading.exportMwh / 1000n) : null,
    slotNetWh: Number(netMwh / 1000n),
    freeMicro: state.freeOf(id),
    lockedMicro: state.lockedOf(id),
    ...debtFacts(area, id),
    events: session.eventCount,
    alarm: session.alarm ?? null,
    firmware: session.firmware ?? null,
    update: session.update ?? null,
  });
  if (session.events.length > 0) publishEvents(area, batch, session);
}

const REGISTER_NAMES = [null, "1-0:1.8.0 import", "1-0:2.8.0 export"];

/** `monitor/event/<name>`: the latest events of a member's meter, the last one last. */
export function publishEvents(area: Area, batch: Batch, session: Session): void {
  publish(area, batch, `event/${monitorName(session.member.name)}`, {
    name: session.member.name,
    node: session.id,
    events: session.eventCount,
    latest: session.events.map((event) => ({
      event: eventName(event.event),
      at: event.atMs === 0 ? null : isoTime(event.atMs),
      boot: event.boot,
      register: REGISTER_NAMES[event.register],
      beforeWh: Number(event.beforeMwh / 1000n),
      afterWh: Number(event.afterMwh / 1000n),
      valueMwh: String(event.valueMwh),
      detail: event.detail,
      suppressed: event.suppressed,
    })),
  });
}

function publishChain(area: Area, batch: Batch): void {
  const head = area.chain.head;
  if (!head) return;
  publish(area, batch, "chain", {
    height: head.header.height,
    block: toHex(head.id),
    at: isoTime(head.header.atMs),
    transactions: head.header.txCount,
    stateRoot: toHex(head.header.stateRoot),
  });
}

/** `monitor/dag`: proof-of-time and votes; counts are since the first slot. Nothing where there are none. */
function publishDag(area: Area, batch: Batch): void {
  const epoch = area.epochs.latest?.epoch;
  if (!epoch) return;
  const { counters, votes, suspended } = area;
  publish(area, batch, "dag", {
    epoch: epoch.epoch,
    start: isoTime(epoch.startMs),
    members: epoch.members.length,
    witnesses: epoch.k,
    tokensNeeded: epoch.m,
    epsilonMs: epoch.epsilonMs,
    tauMs: epoch.tauMs,
    transactions: counters.transactions,
    tokens: counters.tokens,
    accepted: votes.accepted,
    votes: votes.votes,
    byGateways: counters.byGateways,
    promotes: counters.promotes,
    suspended: [...suspended].map((id) => area.sessions.get(id)?.member.name ?? id),
  });
}

/** `monitor/feeder`: the members' meters against the area's feeder meter. */
function publishFeeder(area: Area, batch: Batch): void {
  const { feeder } = area;
  if (!feeder) return;
  const { terms, latest, drift, suspects } = feeder;
  const { span, balance } = latest ?? {};
  const nameOf = (id: string) => area.sessions.get(id)?.member.name ?? id;
  const wh = (mwh: bigint | undefined) => (mwh === undefined ? null : Number(mwh / 1000n));
  publish(area, batch, "feeder", {
    name: nameOf(terms.node),
    node: terms.node,
    state: !latest ? "waiting" : feeder.raised.size > 0 ? "alarm" : "ok",
    alarms: [...feeder.raised].map(([test, sinceSlot]) => ({ test, sinceSlot })),
    fromSlot: span?.from ?? null,
    toSlot: span ? span.to - 1 : null,
    missingWh: wh(balance?.residualMwh),
    lowWh: wh(balance?.lowMwh),
    highWh: wh(balance?.highMwh),
    flowWh: wh(balance?.flowMwh),
    driftMissingWh: wh(drift.missingMwh),
    driftSurplusWh: wh(drift.surplusMwh),
    driftLimitWh: wh(drift.limitMwh),
    constantWhPerSlot: suspects.constantWh,
    suspects: suspects.named.slice(0, SUSPECTS_SHOWN).map(shownSuspect),
    judgedSlots: feeder.judgedSlots,
    unjudgedSlots: feeder.openSlots,
    leftOut: [...feeder.gone].map(nameOf),
    lossPermille: terms.lossPermille,
    classPermille: terms.classPermille,
    feederClassPermille: terms.feederClassPermille,
  });

  function shownSuspect({ id, register, permille, errorPermille }: Suspect): Json {
    return { name: nameOf(id), node: id, register, permille, errorPermille };
  }
}

/** `monitor/totals`: since the first slot, and what this process counted since it started. */
export function publishTotals(area: Area, batch: Batch): void {
  const { counters, chain } = area;
  publish(area, batch, "totals", {
    slotsSettled: area.settledSlots,
    slotsWithTrade: area.slotsWithTrade,
    tradedWh: area.tradedWh,
    finished: area.finished,
    coins: {
      ...chain.state.totals,
      ...chain.state.sums(),
      ...(chain.state.banks.size > 0 && { sharedMicro: chain.state.sharedMicro }),
    },
    process: {
      readings: counters.readings,
      orders: counters.orders,
      events: counters.events,
      transactions: counters.transactions,
      signaturesVerified: counters.signaturesVerified,
      duplicates: counters.duplicates,
      rejectedTransactions: counters.rejectedTxs,
      notAccepted: Object.fromEntries(counters.byCode),
    },
  });
}
