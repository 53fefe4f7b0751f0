// SPDX-License-Identifier: Apache-2.0
/**
 * A node that trades directly (policy `direct`; ledger 4.6): it offers its surplus two slots ahead, or takes
 * the closest offer for the next slot, and settles by its meter once the slot is over. The energy of a slot
 * is guessed from the one that was metered last.
 *
 *   slot s−2: OFFER for s   slot s−1: RESERVE of it   after s: SOLD of what flowed, BOUGHT
 *
 * Who was not the first to take an offer, or needs more than is left of it, takes the next closest one.
 */
import { bytesEqual } from "#core/codec/bytes";
import { ecashMicro } from "#core/market/cost";
import { offerMicro } from "#core/market/offer";
import type { Notice } from "#core/records/notice";
import { TxType } from "#core/records/tx";
import { MWH_PER_WH, mwhFromWh } from "#core/units/energy";
import type { NodeConfig } from "./config.ts";
import type { Deal } from "./dealer.ts";
import type { Issuer } from "./issuer.ts";
import type { MeterNode } from "./node.ts";
import type { Offers } from "./offers.ts";
import { type NodeState, type SlotMemory, slotOf } from "./state.ts";

/** What is to be said for a slot before it begins. */
interface DirectPlan {
  type: number;
  slot: number;
  qtyWh: number;
  ecashMicro: number;
  to: Uint8Array | undefined;
  ref: Uint8Array | undefined;
}

/** How many slots ahead of the present one an offer is: its buyers need the one between. */
const AHEAD = 2;
/** Under a barrier clock: real time in which RESERVEs of one instant are heard before the next, ms. */
const DIRECT_PATIENCE_MS = 200;
/** How long it waits to hear its own, ms: to the gateway and back. */
const DIRECT_HEARD_MS = 2_000;
/** RESERVEs of a buyer for one slot: each takes Δ, and the first two bring most. */
const TRIES_MAX = 4;
/** What is less than this part of its need a buyer leaves to the grid. */
const WORTH_PARTS = 20;

export class Direct {
  private readonly node: MeterNode;
  private readonly config: NodeConfig;
  private readonly offers: Offers;
  private readonly uptimeMs: () => number;
  /** What this start has said for the slot to come, and until when it waits for others' word on the same. */
  private tries = { slot: -1, count: 0, heard: 0, waitMs: 0 };

  constructor(node: MeterNode, config: NodeConfig, offers: Offers, uptimeMs: () => number) {
    this.uptimeMs = uptimeMs;
    this.node = node;
    this.offers = offers;
    this.config = config;
  }

  /** Says what the present notice is the time for, where there is anything. */
  say(notice: Notice, issuer: Issuer, fundsMicro: number): void {
    const { state, clock, purse } = this.node;
    if (issuer.busy) return;
    const plan = this.plan(notice, fundsMicro);
    if (!plan) return;
    const { type, slot, to, ref, qtyWh, ecashMicro } = plan;
    const wallet = purse.address(0);
    const legs = [{ to, wallet, ref, qtyWh, ecashMicro, meter: undefined }];
    const lengthMs = notice.endMs - notice.startMs;
    const beforeMs = notice.startMs + (slot - notice.slot) * lengthMs;
    // No earlier than two slots before its own, whatever the clock shows.
    const notBeforeMs = Math.max(clock.nowMs(), beforeMs - AHEAD * lengthMs);
    const intent = { type, slot, legs, expiryMs: beforeMs, notBeforeMs, beforeMs };
    issuer.say(notice, intent, (txid, tsMs) => {
      const memory = slotOf(state, slot);
      memory.reserve = txid;
      memory.reserveWh = qtyWh;
      if (type === TxType.reserve) memory.reserveMicro += ecashMicro;
      memory.reserveMs = tsMs;
      memory.reserveWallet = wallet;
      purse.use(1);
      if (type === TxType.reserve) this.tries.count++;
    });
  }

  /** Under a barrier clock: whether others' RESERVEs of the same instant are waited for. */
  get waits(): boolean {
    return this.uptimeMs() < this.tries.waitMs;
  }

  /** Real time until the next RESERVE is due, or nobody is waited for any more; or undefined. */
  delayMs(notice: Notice): number | undefined {
    const { clock } = this.node;
    const beginMs = this.beginMs(notice);
    if (clock.running) return clock.nowMs() < beginMs ? clock.realDelayMs(beginMs) : undefined;
    return this.waits ? this.tries.waitMs - this.uptimeMs() : undefined;
  }

  /** Buyers begin at different times, others in each slot: who comes later sees what is left. */
  private beginMs({ slot, startMs, endMs }: Notice): number {
    const { idBytes } = this.node;
    const share = idBytes[slot % idBytes.length] ^ (slot & 0xff);
    return startMs + Math.floor(((endMs - startMs) * share) / 512);
  }

  /** The OFFER or RESERVE that the present notice is the time for; undefined where there is none. */
  private plan(notice: Notice, fundsMicro: number): DirectPlan | undefined {
    const { state } = this.node;
    if (state.boundary < 2) return undefined; // no slot was metered yet
    const { import: importMwh, export: exportMwh } = state.lastNetMwh;
    const netWh = (mwh: bigint): number =>
      Math.min(this.config.capacityWh, Number(mwh / MWH_PER_WH));
    if (exportMwh > importMwh) return this.offer(notice, netWh(exportMwh - importMwh));
    const needWh = netWh(importMwh - exportMwh);
    return this.take(notice, needWh, fundsMicro);
  }

  /** The next RESERVE for what this node needs and has not taken yet. */
  private take(notice: Notice, needWh: number, fundsMicro: number): DirectPlan | undefined {
    const { state, clock } = this.node;
    const slot = notice.slot + 1;
    if (clock.running && clock.nowMs() < this.beginMs(notice)) return undefined;
    if (this.tries.slot !== slot) this.tries = { slot, count: 0, heard: 0, waitMs: 0 };
    const { tries } = this;
    const own = this.offers.own(slot);
    // What it said it has to hear before it says more; after a restart it does not know what it said.
    if (own.length < tries.count) return this.hear(DIRECT_HEARD_MS, -tries.count);
    if (tries.count >= TRIES_MAX) return undefined;
    if (tries.count === 0 && said(state, slot)) return undefined;
    // Where nothing takes time nobody can come later: everybody waits until those of the instant are heard.
    if (own.length > 0) this.hear(DIRECT_PATIENCE_MS, own.length);
    if (!clock.running && this.waits) return undefined;
    let openWh = needWh;
    for (const { fits, taken } of own) if (fits) openWh -= taken.qtyWh;
    if (openWh <= 0 || openWh * WORTH_PARTS < needWh) return undefined;
    const maxMicro = this.config.policy.bidMicro ?? notice.retailNextMicro;
    const found = this.offers.closest(slot, openWh, maxMicro, clock.nowMs());
    if (!found) return undefined;
    const { offer, leftWh } = found;
    const qtyWh = Math.min(openWh, leftWh);
    const due = offerMicro(offer, qtyWh);
    if (due > fundsMicro) return undefined;
    const { seller: to, txid: ref } = offer;
    return { type: TxType.reserve, slot, qtyWh, ecashMicro: due, to, ref };
  }

  /** Begins to wait for `ms` of real time, once for each thing to hear. */
  private hear(ms: number, what: number): undefined {
    if (this.tries.heard === what) return;
    this.tries.heard = what;
    this.tries.waitMs = this.uptimeMs() + ms;
  }

  /** At its lowest price; by default halfway between feed-in and retail. */
  private offer(notice: Notice, qtyWh: number): DirectPlan | undefined {
    const slot = notice.slot + AHEAD;
    if (qtyWh === 0 || said(this.node.state, slot)) return undefined;
    const middleMicro = Math.floor((notice.feedInMicro + notice.retailNextMicro) / 2);
    const priceMicro = this.config.policy.offerMicro ?? middleMicro;
    const price = ecashMicro(qtyWh, priceMicro);
    const rest = { to: undefined, ref: undefined };
    return { type: TxType.offer, slot, qtyWh, ecashMicro: price, ...rest };
  }

  /** The slot is metered: what of it there is to sell, or was there to be bought. */
  metered(memory: SlotMemory): void {
    const { state } = this.node;
    const { import: importMwh, export: exportMwh } = state.lastNetMwh;
    const selling = this.selling(memory);
    const netMwh = selling ? exportMwh - importMwh : importMwh - exportMwh;
    memory.reserveWh = netMwh > 0n ? Number(netMwh / MWH_PER_WH) : 0;
    memory.nextMwh = selling
      ? state.boundaryExportMwh - exportMwh
      : state.boundaryImportMwh - importMwh;
  }

  /** What can be said now for a slot that is metered and cleared, one deal after the other. */
  due(memory: SlotMemory): Deal | undefined {
    if (memory.ordered === 0) return undefined;
    const { reserve } = memory;
    return reserve && this.selling(memory) ? this.sell(memory, reserve) : this.buy(memory);
  }

  /** Whether what was said for the slot is an OFFER of this node's, and not a RESERVE. */
  private selling({ reserve }: SlotMemory): boolean {
    const offer = reserve && this.offers.find(reserve);
    return offer !== undefined && bytesEqual(offer.seller, this.node.idBytes);
  }

  /** The energy goes to those who came first, a SOLD for each: what is wrong with one harms no other. */
  private sell(memory: SlotMemory, own: Uint8Array): Deal | undefined {
    const { observer, purse } = this.node;
    const offer = this.offers.find(own)!;
    const takers = this.offers.takers(own);
    for (let part = 0; part < takers.length; part++) {
      const { txid: ref, buyer: to, qtyWh: takenWh, tMs, accepted } = takers[part];
      // Quoting the RESERVE is the seller's countersignature of the payment: enough members hold it valid.
      if (!accepted && !observer.isAccepted(ref)) continue;
      if (memory.settled.includes(part)) continue;
      const qtyWh = Math.min(takenWh, memory.reserveWh);
      if (qtyWh === 0) return undefined;
      const meter = { fromMwh: memory.nextMwh, toMwh: memory.nextMwh + mwhFromWh(qtyWh) };
      const wallet = purse.address(0);
      const leg = { to, wallet, ref, qtyWh, ecashMicro: offerMicro(offer, qtyWh), meter };
      const rest = { nextMwh: meter.toMwh, wallets: 1, notBeforeMs: tMs + 1 };
      return { type: TxType.sold, part, legs: [leg], ...rest };
    }
    return undefined;
  }

  private buy(memory: SlotMemory): Deal | undefined {
    const own = this.offers.own(memory.slot);
    for (let part = 0; part < own.length; part++) {
      const { txid: reserve, wallet, ecashMicro: lockedMicro } = own[part].taken;
      const sold = this.offers.soldFor(reserve);
      if (!sold || memory.settled.includes(part)) continue;
      const { seller: to, txid: ref, qtyWh, ecashMicro: paidMicro, tMs } = sold;
      // More than flowed here, or than was locked, is left to the two meters.
      if (qtyWh > memory.reserveWh || paidMicro > lockedMicro) continue;
      const meter = { fromMwh: memory.nextMwh, toMwh: memory.nextMwh + mwhFromWh(qtyWh) };
      const leg = { to, wallet, ref, qtyWh, ecashMicro: paidMicro, meter };
      const rest = { nextMwh: meter.toMwh, wallets: 0, notBeforeMs: tMs + 1 };
      return { type: TxType.bought, part, legs: [leg], ...rest };
    }
    return undefined;
  }
}

/** Whether something was said for `slot` already: a node sells or buys in it. */
function said(state: NodeState, slot: number): boolean {
  return state.slots.some((memory) => memory.slot === slot && memory.reserve !== undefined);
}
