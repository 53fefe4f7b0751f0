// SPDX-License-Identifier: Apache-2.0
/** The state of one area: members, DAG, chain, open slots. Changed by intake, slot engine and replay only. */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { type RecordType, signRecord } from "#core/codec/record";
import type { Validator } from "#core/consensus/validators";
import { Dag } from "#core/dag/dag";
import { type Code, codeOfWire } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import { CAPS_MAX } from "#core/limits";
import { EffectKind } from "#core/records/block";
import type { Member } from "#core/records/member";
import { capsRecord } from "#core/records/notice";
import { publicBlockRecord } from "#core/records/public-block";
import { Topics } from "#core/topics";
import { listWallets } from "#core/wallets";
import type { Batch } from "./batch.ts";
import { Chain, type SealedBlock } from "./chain/chain.ts";
import { type Consensus, SoleGateway } from "./chain/consensus.ts";
import { PublicChain } from "./chain/public.ts";
import { Settlements } from "./chain/settlements.ts";
import { CreditDesk } from "./credit/desk.ts";
import { FeederCheck } from "./feeder/check.ts";
import type { FeederTerms } from "./feeder/terms.ts";
import { Registry } from "./identity/registry.ts";
import type { GatewayOptions } from "./options.ts";
import type { GatewayPorts } from "./ports.ts";
import { Scheduler } from "./schedule/scheduler.ts";
import { Counters, newSession, type Session } from "./session.ts";
import type { SlotRun } from "./slots/run.ts";
import { Epochs } from "./smartchain/epochs.ts";
import { Relay } from "./smartchain/relay.ts";
import { Votes } from "./smartchain/votes.ts";
import { World } from "./world.ts";

export class Area {
  readonly options: GatewayOptions;
  readonly ports: GatewayPorts;
  readonly topics: Topics;
  readonly publicKey: Uint8Array;
  readonly idBytes: Uint8Array;
  readonly id: string;
  /** The gateways whose ledger this is; this one alone where there is no consortium. */
  gateways: readonly { node: Uint8Array; publicKey: Uint8Array }[];
  /** Whose block is made now. */
  leader: Uint8Array;
  /** Nodes that were heard on this gateway's own broker. */
  readonly near = new Set<string>();
  readonly world: World;
  readonly dag = new Dag();
  readonly chain: Chain;
  readonly publicChain: PublicChain;
  readonly settlements = new Settlements();
  /** Epochs of proof-of-time, and what is on its way between authors and witnesses. */
  readonly epochs = new Epochs();
  readonly relay = new Relay();
  readonly votes = new Votes();
  /** The operator's bank; it has nothing to do where there is no credit. */
  readonly credit = new CreditDesk();
  /** When batteries charge and feed back. */
  readonly scheduler = new Scheduler();
  /** Members against whom there is proof of a fraud. */
  readonly suspended = new Set<string>();
  readonly consensus: Consensus;
  readonly sessions = new Map<string, Session>();
  /** Names that are taken. */
  readonly names = new Set<string>();
  /** Who the authority says may take part. */
  readonly registry: Registry;
  /** What is retained of it on the broker, by topic. */
  readonly trustSaid = new Map<string, Uint8Array>();
  /** Members that were told why they may not take part any more. */
  readonly barredTold = new Set<string>();
  readonly runs = new Map<number, SlotRun>();
  readonly counters = new Counters();
  /** Energy offered in the last cleared slot, for the guidance price. */
  lastOfferWh = 0;
  /** Totals over settled slots. */
  tradedWh = 0;
  slotsWithTrade = 0;
  settledSlots = 0;
  missedSlots: { slot: number; nodes: string[] }[] = [];
  /** Whether a block is proposed and not decided: the slots wait for it. */
  sealing = false;
  /** All slots that were asked for are settled. */
  finished = false;
  /** Changes of the DAG since its caps were last published: transactions, and a block counts as many. */
  capsAge = 0;
  /** At replay: a forecast market's match that waits for its slot's notice. */
  award: SlotRun["award"];
  /** The members against the area's feeder meter, where it has one. */
  feeder: FeederCheck | undefined;
  /** A block is executed. */
  onBlock: (block: SealedBlock) => void = () => {};
  /** The notice in force, to be published again after a restart. */
  noticeBytes: Uint8Array | undefined;

  constructor(options: GatewayOptions, ports: GatewayPorts) {
    this.options = options;
    this.ports = ports;
    const { crypto } = ports;
    this.topics = new Topics(options.area);
    this.publicKey = crypto.publicKey(options.secretKey);
    this.idBytes = nodeIdOf(crypto, this.publicKey);
    this.id = toHex(this.idBytes);
    this.leader = this.idBytes;
    const { idBytes: node, publicKey } = this;
    const { consortium } = options;
    this.gateways = consortium ? gatewaysOf(consortium.gateways) : [{ node, publicKey }];
    this.world = new World(options, ports.time);
    const { net } = options;
    this.registry = new Registry(crypto, net);
    const word = (slot: number) => this.feeder?.word(slot);
    const leader = () => this.leader;
    this.chain = new Chain(
      { net, leader, word, rewards: options.rewards },
      crypto,
      this.dag,
      this.world,
    );
    this.publicChain = new PublicChain(crypto, options.area, options.secretKey);
    this.consensus = ports.consensus ?? new SoleGateway(crypto, options.secretKey);
  }

  /** Whether other gateways take part in what is decided here. */
  get shared(): boolean {
    return this.options.consortium !== undefined;
  }

  isGateway(id: Uint8Array): boolean {
    return this.gateways.some(({ node }) => bytesEqual(node, id));
  }

  /** Whether this gateway is the one that talks to the member. */
  serves(session: Session): boolean {
    return !this.shared || session.home === this.id || this.near.has(session.id);
  }

  get exAnte(): boolean {
    return this.options.market.timing === "ex-ante";
  }

  get guided(): boolean {
    return this.options.market.mode === "guided";
  }

  /**
   * Why this node may not take part now; undefined where it may, or where there is no authority. One that the
   * log has counts whatever the configuration says.
   */
  barred(id: string): Code | undefined {
    if (this.suspended.has(id)) return "AUTHOR_SUSPENDED";
    if (!this.ports.identity && !this.registry.authority) return undefined;
    return this.registry.faultOf(id, this.world.nowMs());
  }

  /** Another feeder meter, or other terms: the check begins anew. */
  setFeeder(terms: FeederTerms | undefined): void {
    this.feeder = terms && new FeederCheck(terms, this.world.slotMs);
  }

  /** A signed record of this gateway. */
  sign<T>(type: RecordType<T>, value: T): { bytes: Uint8Array; id: Uint8Array } {
    return signRecord(type, this.ports.crypto, this.options.secretKey, value);
  }

  /** Enters a member; its account is made by the next block. */
  addMember(idBytes: Uint8Array, member: Member, recordId: Uint8Array): Session {
    const id = toHex(idBytes);
    const session = newSession(id, idBytes, member);
    this.sessions.set(id, session);
    this.names.add(monitorName(member.name));
    const wallets = listWallets(this.ports.crypto, member);
    this.chain.addEvent({ type: "member", id: recordId, node: id, member, wallets });
    return session;
  }

  /** Members that are there and may take part. */
  onlineIds(): string[] {
    const ids: string[] = [];
    for (const session of this.sessions.values())
      if (session.online && !this.barred(session.id)) ids.push(session.id);
    return ids.sort();
  }

  /** A transaction that its block rejected. */
  countRejected(wire: number): void {
    const code = codeOfWire(wire);
    if (code) this.counters.count(code);
    this.counters.rejectedTxs++;
  }

  /** What a block paid counts for the slot that it was for. */
  countPaid(block: SealedBlock): void {
    for (const { kind, sold, micro, qtyWh } of block.block.effects) {
      if (kind !== EffectKind.pay && kind !== EffectKind.arbitrate) continue;
      const slot = sold && this.dag.get(sold)?.tx.body.slot;
      const run = slot === undefined ? undefined : this.runs.get(slot);
      if (!run) continue;
      run.tradedWh += qtyWh;
      run.paidMicro += micro;
    }
  }

  /** The first slot whose settlement still waits, or undefined. */
  oldestRun(): SlotRun | undefined {
    let oldest: SlotRun | undefined;
    for (const run of this.runs.values()) if (!oldest || run.slot < oldest.slot) oldest = run;
    return oldest;
  }

  /** Forgets what a settled slot needed. */
  forgetSlot(slot: number): void {
    this.runs.delete(slot);
    for (const session of this.sessions.values()) {
      for (const key of session.orders.keys()) if (key <= slot) session.orders.delete(key);
      for (const key of session.reserves.keys()) if (key <= slot) session.reserves.delete(key);
    }
  }

  /**
   * Whether the caps that nodes know are out of date: an eighth of the members have said something since.
   * Each broadcast reaches every member, so that more often would cost more than the attachments are worth.
   */
  get capsDue(): boolean {
    return this.capsAge > 0 && this.capsAge >= this.sessions.size / 8;
  }

  /** Publishes what new transactions may attach to. */
  sendCaps(batch: Batch): void {
    const caps = this.dag
      .caps()
      .filter((vertex) => !vertex.sealed)
      .slice(0, CAPS_MAX - 2)
      .map(({ tx, tMs }) => ({ id: tx.txid, tMs, block: 0 }));
    const blocks = this.dag
      .sealedBlocks()
      .map(({ idBytes, tMs }) => ({ id: idBytes, tMs, block: 1 }));
    const { bytes } = this.sign(capsRecord, {
      net: this.options.net,
      gateway: this.idBytes,
      atMs: this.world.nowMs(),
      caps: [...caps, ...blocks],
    });
    batch.send(this.topics.caps, bytes, true);
    this.capsAge = 0;
  }

  /** Publishes a new head of the chain, and its public form for outsiders. */
  sendHead(batch: Batch, block: SealedBlock): void {
    batch.send(this.topics.chainHead, block.headerBytes, true);
    const { head } = this.publicChain;
    if (head)
      batch.send(this.topics.publicBlock, this.sign(publicBlockRecord, head.block).bytes, true);
    this.capsAge += this.sessions.size;
  }
}

/** Gateways as those who may stand in for witnesses. */
export function gatewaysOf(partners: readonly Validator[]): Area["gateways"] {
  return partners.map(({ id, publicKey }) => ({ node: id, publicKey }));
}

/** A member's name as a topic level: two names that would share one count as the same name. */
export function monitorName(name: string): string {
  return name.replace(/[^A-Za-z0-9_.-]/g, "_");
}
