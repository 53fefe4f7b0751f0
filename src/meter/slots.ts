// SPDX-License-Identifier: Apache-2.0
/**
 * A node's part in the market, slot by slot. Every step checks in the stored state whether it was done, so
 * that a repeated notice, a restart or a lost message never makes it happen twice.
 *
 *   notice(s): RESERVE for s (before it begins) and s+1, reading at the start of s
 *   end of s : reading, order    →  contract  →  SOLD or BOUGHT
 */
import { openSigned, signRecord } from "#core/codec/record";
import { type ClearingRecord, clearingRecord } from "#core/records/clearing";
import { type Contract, ContractStage, contractRecord } from "#core/records/contract";
import {
  capsRecord,
  type Demand,
  demandRecord,
  type Notice,
  noticeRecord,
} from "#core/records/notice";
import { orderRecord, Side } from "#core/records/order";
import { isNothing } from "#core/topics";
import { Borrower } from "./borrower.ts";
import { CapsHeard } from "./caps.ts";
import type { NodeConfig } from "./config.ts";
import { type Deal, Dealer, tradeOf } from "./dealer.ts";
import { Direct } from "./direct.ts";
import { announcedRule, checkContract, fromGateway } from "./inspect.ts";
import { Issuer } from "./issuer.ts";
import type { MeterNode } from "./node.ts";
import { Owed } from "./owed.ts";
import type { NodePorts } from "./ports.ts";
import { Reserver } from "./reserver.ts";
import { type SlotMemory, slotOf, slotStartMwh } from "./state.ts";
import {
  IDLE,
  isExAnte,
  type Plan,
  planFromForecast,
  planFromMeter,
  waitsForDemand,
} from "./trader.ts";

/**
 * Notices, clearings and demands kept in memory, by slot: of the one that flows, of the one that settles, and
 * one of slack; with forecasts the award for the next slot takes that. A notice takes 0.6 KB of a chip's
 * memory, a clearing 0.5 KB.
 */
const KEPT = 3;
/** SOLDs that arrived before their contract. */
const EARLY_MAX = 64;

export class Slots {
  private readonly node: MeterNode;
  private readonly config: NodeConfig;
  private readonly ports: NodePorts;
  private readonly raise: (code: string, detail: string) => void;
  private readonly dealer: Dealer;
  /** Undefined where it trades in the market. */
  private readonly direct: Direct | undefined;
  private readonly notices = new Map<number, Notice>();
  /** As they came: a decoded one takes four times as much of a chip's memory. */
  private readonly clearings = new Map<number, Uint8Array>();
  private readonly demands = new Map<number, Demand>();
  private current: Notice | undefined;
  private readonly caps: CapsHeard;
  private earlyContracts: Contract[] = [];
  private earlySolds: Uint8Array[] = [];
  /** Contracts that this connection should bring. */
  readonly owed = new Owed();
  /** Makes transactions of what is to be said. */
  readonly issuer: Issuer;
  /** Undefined where it never borrows. */
  readonly borrower: Borrower | undefined;
  private readonly reserver: Reserver;

  constructor(
    node: MeterNode,
    config: NodeConfig,
    ports: NodePorts,
    raise: (code: string, detail: string) => void,
  ) {
    this.node = node;
    this.config = config;
    this.ports = ports;
    this.raise = raise;
    this.caps = new CapsHeard(ports.crypto, (payload) => this.open(capsRecord, payload, "caps"));
    this.dealer = new Dealer(ports.crypto, node.idBytes, node.purse);
    const { observer } = node;
    this.direct = observer.offers && new Direct(node, config, observer.offers, ports.time.uptimeMs);
    this.issuer = new Issuer(node, config, ports, node.epochs, {
      caps: () => this.caps.latest(),
      cone: (nowMs, ageMs, beforeMs) => observer.parents(nowMs, ageMs, beforeMs),
      late: (nowMs) => observer.promoter.late(nowMs),
    });
    this.borrower = config.policy.credit && new Borrower(node, config, ports, raise);
    this.reserver = new Reserver(node, config, this.issuer, this.borrower);
  }

  /** Something of the bank. */
  onCredit(payload: Uint8Array): void {
    this.borrower?.onCredit(payload, this.current?.slot ?? 0);
  }

  /** What a receipt lists as refused. */
  refused(refused: readonly { seq: number; code: number }[]): void {
    this.owed.refused(refused);
    for (const { seq, code } of refused)
      this.borrower?.onRefused(seq, code, this.current?.slot ?? 0);
  }

  /** The connection is new. */
  forget(): void {
    this.owed.forget();
    this.borrower?.forget();
  }

  onNotice(payload: Uint8Array): void {
    const opened = this.open(noticeRecord, payload, "notice");
    if (!opened) return;
    const notice = opened.value;
    if (this.current && notice.slot < this.current.slot) return;
    if (this.current?.slot === notice.slot) this.node.speaker.restart(); // the gateway is back
    this.current = notice;
    remember(this.notices, notice.slot, notice);
    this.node.clock.follow(notice);
    this.node.metering.follow(notice);
    this.node.observer.onNotice(notice);
    const { receiptedSeq } = this.node.state;
    for (const slot of this.owed.overdue(
      notice.slot,
      receiptedSeq,
      (of) => this.clearing(of)?.value,
    ))
      this.raise("ORDER_NOT_INCLUDED", `no contract for the order of slot ${slot}`);
    this.resume();
  }

  onCaps(payload: Uint8Array): void {
    if (this.caps.heard(payload)) this.resume();
  }

  onDemand(payload: Uint8Array): void {
    const opened = this.open(demandRecord, payload, "demand");
    if (!opened) return;
    remember(this.demands, opened.value.slot, opened.value);
    this.node.clock.atLeast(opened.value.atMs);
    const notice = this.notices.get(opened.value.slot);
    if (notice) this.order(notice);
  }

  onClearing(payload: Uint8Array): void {
    const opened = this.open(clearingRecord, payload, "clearing");
    if (!opened) return;
    remember(this.clearings, opened.value.slot, new Uint8Array(payload));
    const early = this.earlyContracts;
    this.earlyContracts = [];
    for (const contract of early) this.consider(contract);
    if (this.direct) this.settle(opened.value.slot);
  }

  /** The clearing of `slot`, whose signature was checked when it came. */
  private clearing(slot: number): { value: ClearingRecord; id: Uint8Array } | undefined {
    const payload = this.clearings.get(slot);
    const opened = payload && openSigned(clearingRecord, this.ports.crypto, payload);
    return opened?.ok ? opened : undefined;
  }

  onContract(payload: Uint8Array): void {
    const opened = this.open(contractRecord, payload, "contract");
    if (opened) this.consider(opened.value);
  }

  /** A transaction addressed to this node: a SOLD that asks for its BOUGHT. */
  onTx(payload: Uint8Array): void {
    if (this.direct) return; // it follows the DAG
    const slot = this.dealer.sold(payload);
    if (slot !== undefined) this.settle(slot);
    else if (this.earlySolds.length < EARLY_MAX) this.earlySolds.push(payload);
  }

  /** Does what the present notice asks for and was not done; harmless to repeat. */
  resume(): void {
    const notice = this.current;
    if (!notice || !this.node.speaker.open) return;
    const { clock } = this.node;
    this.issuer.resume(notice);
    if (this.config.policy.trade) {
      this.node.sayWallets();
      this.borrower?.resume(notice, this.reserver.funds());
      // A RESERVE for a slot has to be said before it: the barrier clock waits for the bank.
      if (!clock.running && this.borrower?.waits) return;
      if (!this.caps.any) return; // a RESERVE needs parents; the caps are retained and on their way
      if (this.direct) {
        this.direct.say(notice, this.issuer, this.reserver.funds());
        // Its next order is idle; but the barrier clock must not run ahead of what it offers or takes.
        if (!clock.running && (this.issuer.busy || this.direct.waits)) return;
      } else if (!this.reserver.ahead(notice)) return;
      else if (isExAnte(notice)) this.forecast(notice);
    }
    if (!clock.running) clock.atLeast(notice.startMs);
    this.readBoundary(notice, notice.slot, notice.startMs);
    if (clock.nowMs() >= notice.startMs) this.node.profile?.begin(notice);
    // Under a running clock the next slot's notice may be here before this node's own timer.
    const before = clock.running ? this.notices.get(notice.slot - 1) : undefined;
    if (before && !isExAnte(before)) this.order(before);
    if (!clock.running) clock.atLeast(notice.endMs);
    this.finish(notice);
    for (const memory of [...this.node.state.slots]) this.settle(memory.slot);
  }

  onTimer(): void {
    this.resume();
  }

  /** Real time until the present slot's next boundary; undefined where messages drive the clock. */
  delayMs(): number | undefined {
    const notice = this.current;
    const { clock, state, speaker } = this.node;
    if (!notice || !speaker.open) return undefined;
    const directMs = this.direct?.delayMs(notice);
    if (!clock.running) return this.borrower?.delayMs() ?? directMs;
    if (clock.nowMs() < notice.startMs) return clock.realDelayMs(notice.startMs);
    if (directMs !== undefined) return directMs; // in the first half of the slot
    // A boundary that was not read in time is not read any more: the next notice comes by itself.
    const comes = state.boundary < notice.slot + 2 && clock.nowMs() < notice.endMs;
    return comes ? clock.realDelayMs(notice.endMs) : undefined;
  }

  private finish(notice: Notice): void {
    if (this.node.clock.nowMs() < notice.endMs) return;
    this.readBoundary(notice, notice.slot + 1, notice.endMs);
    if (!isExAnte(notice)) this.order(notice);
  }

  private readBoundary(notice: Notice, boundary: number, atMs: number): void {
    const { state, clock } = this.node;
    const nowMs = clock.nowMs();
    if (state.boundary > boundary || nowMs < atMs) return;
    // Too late to say what the register showed then: the next boundary begins anew.
    if (clock.running && nowMs - atMs > notice.tickMs) return;
    this.node.metering.read(boundary, atMs);
  }

  private order(notice: Notice): void {
    const { state } = this.node;
    const memory = slotOf(state, notice.slot);
    if (memory.ordered !== 0 || state.boundary !== notice.slot + 2) return;
    if (this.node.speaker.full || this.issuer.waitsFor(memory.reserve)) return;
    if (this.direct) {
      this.direct.metered(memory);
      return this.sayOrder(memory, IDLE);
    }
    const metered = planFromMeter(state, memory, this.config.policy, notice);
    let { plan } = metered;
    if (waitsForDemand(notice, plan)) {
      const demand = this.demands.get(notice.slot);
      if (!demand) return;
      if (demand.guidanceMicro < plan.priceMicro) plan = IDLE; // not worth it at that price
    }
    memory.nextMwh = metered.nextMwh;
    state.carryImportMwh = metered.carryImportMwh;
    state.carryExportMwh = metered.carryExportMwh;
    this.sayOrder(memory, plan);
  }

  private forecast(notice: Notice): void {
    const { state, clock } = this.node;
    const slot = notice.slot + 1;
    const memory = slotOf(state, slot);
    if (memory.ordered !== 0 || clock.nowMs() >= notice.endMs) return;
    if (this.node.speaker.full || this.issuer.waitsFor(memory.reserve)) return;
    const expectedWh = this.node.profile?.expectWh(slot, notice);
    this.sayOrder(memory, planFromForecast(state, memory, this.config.policy, notice, expectedWh));
  }

  private sayOrder(memory: SlotMemory, plan: Plan): void {
    const { bytes, id } = signRecord(orderRecord, this.ports.crypto, this.config.secretKey, {
      net: this.config.net,
      node: this.node.idBytes,
      slot: memory.slot,
      side: plan.side,
      qtyWh: plan.qtyWh,
      priceMicro: plan.priceMicro,
      reserve: plan.side === Side.bid ? memory.reserve : undefined,
      said: this.node.state.saidSeq + 1,
    });
    memory.ordered = 1 + plan.side;
    memory.order = id;
    memory.qtyWh = plan.qtyWh;
    memory.priceMicro = plan.priceMicro;
    const { state, speaker } = this.node;
    if (speaker.say(state, "order", bytes) && plan.side !== Side.idle)
      this.owed.said(memory.slot, state.saidSeq, id);
  }

  private consider(contract: Contract): void {
    const clearing = this.clearing(contract.slot);
    const notice = this.notices.get(contract.slot) ?? this.notices.get(contract.slot - 1);
    const memory = this.node.state.slots.find((entry) => entry.slot === contract.slot);
    // Nor for an order of an earlier life, or of an earlier stay: one that comes anew says idle first.
    if (!memory || !notice || memory.ordered <= 1 + Side.idle) return;
    if (!clearing || clearing.value.stage !== contract.stage) {
      if (this.earlyContracts.length < EARLY_MAX) this.earlyContracts.push(contract);
      return;
    }
    this.owed.answered(contract.slot);
    const rule = announcedRule(notice, memory, this.demands.get(contract.slot));
    const delivered = isExAnte(notice) && contract.stage === ContractStage.final;
    const verdict = checkContract(this.ports.crypto, contract, clearing, memory, rule, delivered);
    if (!verdict.ok) return this.raise(verdict.code, verdict.detail);
    this.node.clock.atLeast(contract.atMs);
    if (contract.stage !== ContractStage.final) return;
    if (delivered && memory.settled.length === 0)
      memory.nextMwh = slotStartMwh(this.node.state, contract.side);
    this.dealer.accept(contract);
    const early = this.earlySolds;
    this.earlySolds = [];
    for (const bytes of early) this.onTx(bytes);
    this.settle(contract.slot);
  }

  private settle(slot: number): void {
    const memory = this.node.state.slots.find((entry) => entry.slot === slot);
    const notice = this.current;
    if (!memory || !notice) return;
    if (this.direct) {
      const deal = this.clearings.has(slot) && this.direct.due(memory);
      if (deal) this.sayDeal(notice, memory, deal);
      return;
    }
    // Each begins on the register, and among the addresses, where the one before ends.
    for (const deal of this.dealer.due(memory)) if (!this.sayDeal(notice, memory, deal)) break;
  }

  private sayDeal(notice: Notice, memory: SlotMemory, deal: Deal): boolean {
    const { type, legs, notBeforeMs: dealMs } = deal;
    const notBeforeMs = Math.max(dealMs, this.node.clock.nowMs());
    const expiryMs = notBeforeMs + (notice.endMs - notice.startMs);
    const beforeMs = Number.MAX_SAFE_INTEGER;
    const intent = { type, slot: memory.slot, legs, expiryMs, notBeforeMs, beforeMs };
    return this.issuer.say(notice, intent, (txid) => {
      memory.settled.push(deal.part);
      this.dealer.done(memory.slot, deal.part);
      memory.nextMwh = deal.nextMwh;
      if (this.direct) memory.reserveWh -= legs[0].qtyWh;
      this.node.purse.use(deal.wallets);
      this.node.lastTrade = tradeOf(memory.slot, deal, txid);
    });
  }

  private open<T extends { net: string }>(
    type: Parameters<typeof fromGateway<T>>[0],
    payload: Uint8Array,
    what: string,
  ): { value: T; id: Uint8Array } | undefined {
    if (isNothing(payload)) return undefined;
    const { gatewayKey } = this.node;
    const opened = fromGateway(type, this.ports.crypto, gatewayKey, this.config.net, payload);
    if (!opened) this.raise("GATEWAY_SIGNATURE", what);
    return opened;
  }
}

function remember<T>(map: Map<number, T>, slot: number, value: T): void {
  map.set(slot, value);
  for (const key of map.keys()) if (key <= slot - KEPT) map.delete(key);
}
