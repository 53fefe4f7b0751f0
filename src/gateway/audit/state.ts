// SPDX-License-Identifier: Apache-2.0
/**
 * The auditor's own picture of an area, built from nothing but the log: members, transactions that
 * can still be parents, open slots, and a ledger of its own. What is settled and old is forgotten,
 * as a node forgets it, so that a year takes as much memory as a week.
 */
import { toHex } from "#core/codec/bytes";
import type { Verifier } from "#core/crypto/boneh-boyen/verify";
import type { Crypto } from "#core/crypto/port";
import type { LedgerEvent } from "#core/ledger/execute";
import type { RewardTerms } from "#core/ledger/rewards";
import { LedgerState } from "#core/ledger/state";
import type { Clearing, MarketRule, Pair } from "#core/market/types";
import type { Block, BlockHeader } from "#core/records/block";
import type { Member } from "#core/records/member";
import type { Demand, Notice } from "#core/records/notice";
import type { Order } from "#core/records/order";
import type { Reading } from "#core/records/reading";
import type { Tx } from "#core/records/tx";
import type { PairEntry, StateEntry, WorldEntry } from "../entries.ts";
import type { FeederCheck } from "../feeder/check.ts";
import { Registry } from "../identity/registry.ts";
import type { DirectDeals } from "../slots/deals.ts";
import type { AuditConsortium } from "./consortium.ts";
import type { Findings } from "./findings.ts";
import { AuditSmartchain } from "./smartchain.ts";
import type { AuditOptions, AuditPorts, AuditSummary, StateSummary } from "./types.ts";

export interface AuditOrder {
  member: AuditMember;
  order: Order;
  id: Uint8Array;
}

export interface AuditMember {
  readonly id: string;
  readonly idBytes: Uint8Array;
  readonly member: Member;
  /** The newest set of its addresses that was accepted. */
  walletSet: number;
  saidSeq: number;
  /** The epoch in which it was last heard. */
  spokeEpoch: number;
  reading: Reading | undefined;
  previous: Reading | undefined;
  /** It came from another gateway, and has not read its meter here since. */
  arrived: boolean;
  /** Registers of the first reading: energy before it backs nothing. */
  first: Reading | undefined;
  /** Head of its chain of transactions, and the ids of its latest ones by number. */
  txSeq: number;
  txid: Uint8Array | undefined;
  txMs: number;
  txTick: number;
  readonly recent: Map<number, string>;
  /** Orders and RESERVEs of slots that are not settled. */
  readonly orders: Map<number, AuditOrder>;
  readonly reserves: Map<number, string>;
  /** Up to where its registers back legs, and what was settled in all, mWh. */
  soldToMwh: bigint;
  boughtToMwh: bigint;
  soldMwh: bigint;
  boughtMwh: bigint;
}

/** A transaction that was accepted. */
export interface AuditTx {
  readonly id: string;
  readonly tx: Tx;
  readonly tMs: number;
  sealed: boolean;
  rejected: boolean;
}

/** A market's result as the auditor computes it. */
export interface Matched {
  orders: AuditOrder[];
  excluded: { order: Uint8Array; code: number }[];
  rule: MarketRule;
  clearing: Clearing;
  pairs: Pair[];
  /** The contracts to be. */
  entries: PairEntry[];
}

/** A contract of the log, and the SOLD and BOUGHT that answer it as they come in. */
export interface AuditContract {
  readonly pair: PairEntry;
  sold: string | undefined;
  bought: boolean;
}

/** A slot from its notice to its settlement. */
export interface AuditSlot {
  readonly slot: number;
  readonly notice: Notice;
  readonly expected: readonly string[];
  demand: Demand | undefined;
  /** A forecast market's match, made before the slot. */
  award: Matched | undefined;
  /** Contracts as the log has them, by `seller|buyer`; undefined before the clearing. */
  contracts: Map<string, AuditContract> | undefined;
  /** What was dealt beside the market. */
  readonly deals: DirectDeals;
  /** Members that had not done their part when the slot was cleared. */
  uncollected: Set<string>;
  /** Guided: members that had not done their part when the demand was made; they may be listed as missing. */
  silent: Set<string>;
  missed: Set<string> | undefined;
  tradedWh: number;
  paidMicro: number;
}

export interface Context {
  readonly ports: AuditPorts;
  readonly options: AuditOptions;
  readonly findings: Findings;
  readonly state: AuditState;
}

/** What was paid of a leg: in one piece, or in two where a part was frozen. */
export interface PaidLeg {
  qtyWh: number;
  micro: number;
  parts: number;
}

export class AuditState {
  readonly world: WorldEntry;
  readonly net: string;
  readonly gatewayId: Uint8Array;
  readonly ledger = new LedgerState();
  readonly members = new Map<string, AuditMember>();
  readonly names = new Map<string, string>();
  /** Who may take part, by what the log has of the authority. */
  readonly registry: Registry;
  seals: Pick<Verifier, "verify"> | undefined;
  /** What leaders and sellers are rewarded by; undefined: no rewards. */
  rewards: RewardTerms | undefined;
  /** The gateways that agreed on this log's turns; undefined: its own gateway decided alone. */
  consortium: AuditConsortium | undefined;
  /** A state whose pieces follow; and the one that took the place of turns, if any did. */
  coming: { entry: StateEntry; index: number; pieces: Uint8Array[]; gone: number } | undefined;
  based: StateSummary | undefined;
  /** Right behind a state open segments come again. */
  again = false;
  /** Wallet addresses in the events that the next block has to apply. */
  readonly promised = new Set<string>();
  /** Transactions that can be parents or wait for their block. */
  readonly txs = new Map<string, AuditTx>();
  /** SOLD and BOUGHT of slots that are not settled. */
  readonly trades = new Map<string, AuditTx>();
  /** Legs of a SOLD that were paid. */
  private readonly paid = new Map<string, Map<number, PaidLeg>>();
  /** The latest blocks, which can be parents: id → time. */
  readonly blocks = new Map<string, number>();
  /** The last block until its public form comes, and the id of the last public block. */
  unpublished: { id: Uint8Array; header: BlockHeader; block: Block } | undefined;
  publicId: Uint8Array | undefined;
  head: { id: string; idBytes: Uint8Array; height: number; atMs: number } | undefined;
  /** What the next block has to apply, in order, by id. */
  readonly pending = new Map<string, LedgerEvent>();
  readonly slots = new Map<number, AuditSlot>();
  notice: Notice | undefined;
  feeder: FeederCheck | undefined;
  /** The epoch in force; 0 before the first, and where there is no proof-of-time. */
  epoch = 0;
  readonly smartchain = new AuditSmartchain();
  /** A forecast market's match that waits for its slot's notice. */
  award: { slot: number; matched: Matched } | undefined;
  readonly closedToOrders = new Set<number>();
  closedUpTo = -1;
  lastOfferWh = 0;
  /** Latest protocol time that the log shows. */
  nowMs: number;
  readonly summary: AuditSummary;

  constructor(world: WorldEntry, gatewayId: Uint8Array, crypto: Crypto) {
    this.world = world;
    this.gatewayId = gatewayId;
    this.net = latin(world.net);
    this.registry = new Registry(crypto, this.net);
    this.nowMs = this.epochStartMs;
    this.summary = emptySummary();
    this.summary.net = this.net;
    this.summary.area = latin(world.area);
    this.summary.gatewayKey = toHex(world.gatewayKey);
    this.summary.slotMs = world.slotMs;
    this.summary.worldStartMs = world.worldStartMs;
  }

  /** Those who may stand in for witnesses, and whose gateways' evidence this is. */
  get gateways(): readonly { node: Uint8Array; publicKey: Uint8Array }[] {
    const { consortium, gatewayId: node, world } = this;
    if (!consortium) return [{ node, publicKey: world.gatewayKey }];
    return consortium.partners.list.map(({ id, publicKey }) => ({ node: id, publicKey }));
  }

  /** Half a slot before slot 0. */
  get epochStartMs(): number {
    return this.world.worldStartMs - Math.floor(this.world.slotMs / 2);
  }

  startMs(slot: number): number {
    return this.world.worldStartMs + slot * this.world.slotMs;
  }

  atLeast(ms: number): void {
    if (ms > this.nowMs) this.nowMs = ms;
  }

  /** The name of a member for people, or what it is called where it is not one. */
  nameOf(id: string): string {
    return this.members.get(id)?.member.name ?? id;
  }

  /** Legs of the SOLD `txid` that were paid so far. */
  paidLegs(txid: string): Map<number, PaidLeg> {
    let legs = this.paid.get(txid);
    if (!legs) this.paid.set(txid, (legs = new Map()));
    return legs;
  }

  /** Whether some account has this address, or will have it with the next block. */
  ownsWallet(wallet: string): boolean {
    return this.promised.has(wallet) || this.ledger.owners.has(wallet);
  }

  /** A set of addresses that the next block enters. */
  promise(event: LedgerEvent): void {
    this.pending.set(toHex(event.id), event);
    if (event.type === "member" || event.type === "wallets")
      for (const wallet of event.wallets.wallets) this.promised.add(wallet);
  }

  /** The addresses in `events` are in the ledger now. */
  keepPromises(events: readonly LedgerEvent[]): void {
    for (const event of events)
      if (event.type === "member" || event.type === "wallets")
        for (const wallet of event.wallets.wallets) this.promised.delete(wallet);
  }

  /** Counts what intake or a block did not accept. */
  countCode(code: string): void {
    const { notAcceptedByCode } = this.summary;
    notAcceptedByCode[code] = (notAcceptedByCode[code] ?? 0) + 1;
  }

  /** A slot is settled: what it needed is forgotten. */
  forgetSlot(slot: number): void {
    this.slots.delete(slot);
    this.closedUpTo = Math.max(this.closedUpTo, slot);
    for (const key of this.closedToOrders) if (key <= slot) this.closedToOrders.delete(key);
    for (const { orders, reserves } of this.members.values()) {
      for (const key of orders.keys()) if (key <= slot) orders.delete(key);
      for (const key of reserves.keys()) if (key <= slot) reserves.delete(key);
    }
    const waiting = new Set([...this.ledger.frozen.values()].map(({ sold }) => toHex(sold)));
    for (const [id, { tx, sealed }] of this.trades) {
      if (!sealed || tx.body.slot > slot || waiting.has(id)) continue;
      this.trades.delete(id);
      this.paid.delete(id);
    }
  }

  /** What is older than `beforeMs` and in a block cannot be a parent any more. */
  forgetTxs(beforeMs: number): void {
    for (const [id, { tMs, sealed }] of this.txs) if (sealed && tMs < beforeMs) this.txs.delete(id);
  }
}

/** Bytes of printable ASCII as text; others show as `?`. */
export function latin(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "?";
  return text;
}

export function newMember(id: string, idBytes: Uint8Array, member: Member): AuditMember {
  return {
    id,
    idBytes,
    member,
    walletSet: member.set,
    saidSeq: 0,
    spokeEpoch: 0,
    reading: undefined,
    previous: undefined,
    arrived: false,
    first: undefined,
    txSeq: 0,
    txid: undefined,
    txMs: 0,
    txTick: -1,
    recent: new Map(),
    orders: new Map(),
    reserves: new Map(),
    soldToMwh: 0n,
    boughtToMwh: 0n,
    soldMwh: 0n,
    boughtMwh: 0n,
  };
}

export function emptySummary(): AuditSummary {
  return {
    net: "",
    area: "",
    gatewayKey: "",
    slotMs: 0,
    worldStartMs: 0,
    entries: 0,
    turns: 0,
    members: [],
    slotsSettled: 0,
    slotsWithTrade: 0,
    slots: [],
    contracts: 0,
    settlements: 0,
    arbitrated: 0,
    frozen: 0,
    contractedWh: 0,
    tradedWh: 0,
    paidMicro: 0,
    coins: {
      genesisMicro: 0,
      mintedMicro: 0,
      walletsMicro: 0,
      lockedMicro: 0,
      reservesMicro: 0,
      burnedMicro: 0,
    },
    readings: 0,
    orders: 0,
    events: 0,
    eventsByKind: {},
    transactions: 0,
    blocks: 0,
    signaturesVerified: 0,
    refused: 0,
    rejectedTxs: 0,
    notAcceptedByCode: {},
    missedSlots: [],
    feeder: undefined,
    epochs: 0,
    tokensChecked: 0,
    byGatewayTxs: 0,
    promotes: 0,
    votes: 0,
    acceptedTxs: 0,
    doubleVoters: [],
    suspended: [],
    head: undefined,
    faults: 0,
  };
}
