// SPDX-License-Identifier: Apache-2.0
/**
 * The gateway's seat in its consortium: it collects what its own nodes say, and executes what all agreed to
 * take in. What changes the ledger or a session happens in turns only, so that all gateways, and a gateway
 * that starts again, come to the same.
 */
import { bytesEqual } from "#core/codec/bytes";
import { assert } from "#core/errors/assert";
import { type Change, changeRecord } from "#core/records/registry";
import { FedKind } from "#core/records/segment";
import { type Area, gatewaysOf } from "../area.ts";
import { Batch, type Send } from "../batch.ts";
import { isOffer } from "../credit/desk.ts";
import {
  EntryKind,
  packEntry,
  packSegment,
  segmentEntry,
  turnEntry,
  unpackEntry,
} from "../entries.ts";
import { passState } from "../handout/base.ts";
import { StateKeeper } from "../handout/keeper.ts";
import { enterImported } from "../identity/enter.ts";
import type { Imported } from "../identity/import.ts";
import type { Decoded, Inbound, Intake } from "../intake/intake.ts";
import { sendReceipts } from "../outbound.ts";
import type { GatewayPorts, LogEntry } from "../ports.ts";
import { advance, nextDelayMs } from "../slots/engine.ts";
import type { AgreedTime } from "./agreed-time.ts";
import { Asked } from "./asked.ts";
import { Brought } from "./brought.ts";
import { Certificates } from "./certificates.ts";
import { Collector, isShared } from "./collect.ts";
import { fedBy } from "./feeds.ts";
import { heardIn } from "./heard.ts";
import type { Load } from "./load.ts";
import { OwnFeed } from "./own-feed.ts";
import type { ChangeFault } from "./partners.ts";
import type { ConsortiumPorts } from "./ports.ts";
import { passedOn, reachable } from "./reach.ts";
import { type DecidedTurn, Replica } from "./replica.ts";
import { TradeTimes } from "./trade-times.ts";
import { fedTrust, trustIn } from "./trust.ts";

/** Seals are numbered behind the signatures of a turn, of which there are never so many. */
const SEALS_FROM = 1_000_000;

/** After a turn whose time is not yet where something is due the next one waits so long, ms. */
const LATE_TURN_MS = 1000;

/** What the seat needs of its gateway. */
export interface SeatHost {
  onWork(): void;
  /** Puts a message of another area's node into the queue. */
  deliver(topic: string, payload: Uint8Array, via: string): void;
}

export class Seat {
  readonly replica: Replica;
  readonly times = new TradeTimes();
  private readonly area: Area;
  private readonly ports: GatewayPorts;
  private readonly intake: Intake;
  private readonly clock: AgreedTime;
  private readonly collector: Collector;
  private readonly keeper: StateKeeper;
  private readonly own: OwnFeed;
  private readonly certificates = new Certificates();
  private readonly asked = new Asked();
  private readonly brought = new Brought();
  /** The time of the last turn. */
  private readonly history = { atMs: 0 };
  /** At a restart: entries that the turns of the log led to, and that have to follow them in it. */
  private led: { kind: number; bytes: Uint8Array }[] = [];

  constructor(
    area: Area,
    ports: GatewayPorts,
    outside: ConsortiumPorts,
    clock: AgreedTime,
    intake: Intake,
    host: SeatHost,
  ) {
    this.area = area;
    this.ports = ports;
    this.intake = intake;
    this.clock = clock;
    this.collector = new Collector(area);
    area.onBlock = (block) => this.times.block(block);
    this.replica = new Replica(area.options, ports, outside, {
      id: area.idBytes,
      ledger: () => area.chain.head?.id,
      epoch: () => area.world.epoch,
      named: () => area.epochs.latest?.named,
      onDecided: () => host.onWork(),
      onPassed: (from, kind, bytes) => this.passed(from, kind, bytes, host),
      refused: (code, from, detail) => intake.refused(code, from, detail),
    });
    const { collector, replica, times } = this;
    this.keeper = new StateKeeper(area, ports, replica);
    this.own = new OwnFeed({ area, ports, replica, collector, times });
  }

  /** What of it, and of its replica, a checkpoint has; and what it leaves as it is. */
  kept(): object {
    const { replica, collector, certificates, history } = this;
    return { collector, replica: replica.kept, certificates, history };
  }

  /** What nodes check this gateway's word with is said again. */
  resume(batch: Batch): void {
    this.certificates.resume(this.area, batch, this.replica.partners);
  }

  /** That is in place again. */
  restored(): void {
    this.clock.atMs = this.history.atMs;
  }

  /** A state is in place: it is as if its turns had been executed. */
  entered(): void {
    const { archive, past } = this.replica;
    this.history.atMs = past.before.atMs ?? this.clock.atMs;
    archive.begin(past.before.height);
    this.restored();
  }

  /** Applies one entry of the log; false where it is one that the gateway keeps for itself. */
  async replay({ kind, bytes, index }: LogEntry): Promise<boolean> {
    if (kind === EntryKind.segment) {
      this.replica.replaySegment(unpackEntry(segmentEntry, bytes).signed, index);
      return true;
    }
    if (kind === EntryKind.turn) {
      assert(this.led.length === 0, "LOG_TURN", "entries of a turn are missing");
      const entry = unpackEntry(turnEntry, bytes);
      const wrong = new Set(entry.faults);
      const decided = this.replica.replayTurn(entry);
      const { batch } = await this.execute(decided, (job) => !wrong.has(job));
      this.led = batch.entries;
      this.settle(decided, index);
      return true;
    }
    if (kind === EntryKind.state || kind === EntryKind.piece) return passState(kind, bytes, index);
    const expected = this.led.shift();
    if (!expected) return false;
    const same = kind === expected.kind && bytesEqual(bytes, expected.bytes);
    assert(same, "LOG_DIVERGED", `entry ${index}`);
    return true;
  }

  /** What the authority said, and was found to be right here. */
  feedTrust(found: Imported): void {
    this.own.keep(fedTrust(found));
    this.own.more();
  }

  /** Collects what this gateway's own nodes said. */
  async collect(inbound: readonly Inbound[]): Promise<Send[]> {
    const { area, intake, own } = this;
    const decoded = intake.decode(inbound);
    const verified = await intake.verify(decoded, { tokens: false }); // those with the turn
    const batch = new Batch();
    const { isOpen } = own;
    const load = own.begin();
    decoded.forEach((one, i) => {
      const { message } = one;
      const late = !isOpen && isShared(message) && verified[i].valid;
      if (late) this.late(one);
      else this.take(batch, one, verified[i].valid, load);
    });
    own.write(load, batch);
    sendReceipts(area, batch);
    return this.reachable(batch, true);
  }

  private late(one: Decoded): void {
    this.intake.refused("RATE_LIMITED", nodeOf(one), "no turn for long");
    // Two turns more, and it may speak: there may be nobody else who has something for them.
    if (this.own.mute) this.replica.want(true);
  }

  /** The operator is for this change of the gateways; false where it is none that may be the next. */
  wish(change: Change): boolean {
    if (this.wishFault(change)) return false;
    const { bytes } = this.area.sign(changeRecord, change);
    this.own.say({ kind: FedKind.change, bytes });
    return true;
  }

  /** Why this gateway cannot be for it: now, or at all. */
  wishFault(change: Change): ChangeFault | "mute" | "halted" | "stranger" | undefined {
    const { partners, halted } = this.replica;
    if (halted) return "halted";
    if (this.own.full) return "mute";
    if (!partners.has(this.area.id)) return "stranger";
    const fault = partners.faultOf(change);
    return (
      fault ?? (partners.isFull(changeRecord.encode(change), this.area.id) ? "full" : undefined)
    );
  }

  /** Executes a decided turn and makes it durable; what is to be said then. */
  async turn(decided: DecidedTurn): Promise<Send[]> {
    const { area, ports, replica } = this;
    area.credit.arrivedMs = decided.turn.atMs;
    const { batch, faults } = await this.execute(decided);
    const segments = replica.unlogged(decided);
    const entries = [
      ...segments.map(({ bytes }) => packSegment(bytes)),
      { kind: EntryKind.turn, bytes: packEntry(turnEntry, { ...decided.entry, faults }) },
      ...batch.entries,
    ];
    const first = ports.store.length + 1;
    ports.probe("applied");
    ports.store.append(entries);
    ports.probe("durable");
    this.times.durable(area.runs.values(), ports.time.nowMs());
    segments.forEach((segment, i) => {
      replica.logged(segment, first + i);
    });
    this.settle(decided, first + segments.length);
    this.keeper.settled();
    replica.next();
    this.offer();
    sendReceipts(area, batch);
    if (area.capsDue && area.chain.head) area.sendCaps(batch);
    this.wake();
    return this.reachable(batch, false);
  }

  /** Everything of the log was executed: the gateway takes part. */
  start(): void {
    const { consortium } = this.area.options;
    // Whoever has fed or taken in anything has signed; where that is forgotten the others know.
    this.replica.start(consortium?.keyUsed === true || !this.replica.archive.isEmpty);
    this.offer();
    this.wake();
  }

  /** What waits, and the offer of the operator's bank, go into the feed as soon as there is room. */
  private offer(): void {
    const { credit } = this.area;
    this.own.more();
    if (!credit.wish || !this.own.isOpen) return;
    this.own.say({ kind: FedKind.bank, bytes: credit.wish });
    credit.wish = undefined;
  }

  /** Whether a turn, or a state of others, waits for the gateway. */
  get isDue(): boolean {
    return this.replica.due !== undefined || this.replica.found !== undefined;
  }

  /** Looks again when the slot in hand asks for it. */
  wake(): void {
    const delayMs = nextDelayMs(this.area);
    if (delayMs === undefined) return;
    // The last turn's leader may have a clock that is far behind: then it is due by this one's.
    const behindMs = Math.max(0, this.ports.time.nowMs() - this.area.ports.time.nowMs());
    this.replica.wakeAfter(Math.max(Math.min(delayMs, LATE_TURN_MS), delayMs - behindMs));
  }

  private settle(decided: DecidedTurn, index: number): void {
    this.replica.settle(decided, index);
    this.collector.settled(this.replica.feeds.cutOf(this.area.id).seq);
  }

  private async execute(
    { turn, taken, entry }: DecidedTurn,
    known?: (job: number) => boolean,
  ): Promise<{ batch: Batch; faults: number[] }> {
    const { area, intake, clock } = this;
    clock.atMs = this.history.atMs = turn.atMs;
    area.leader = turn.leader;
    if (turn.reveal) area.epochs.parts.add(area.ports.crypto, turn.reveal);
    // A gateway that lies may feed anything: what is not shared by all is none of a turn's business.
    const decoded = intake
      .decode(heardIn(area.topics, taken, turn.atMs))
      .filter(({ message }) => isShared(message) || message.what === "repeat");
    const faults: number[] = [];
    const wrong = (job: number) => faults.push(job);
    const verified = await intake.verify(decoded, { known, wrong });
    const trusted = await trustIn(
      area,
      taken,
      this.replica.anchorKey,
      known && ((seal) => known(SEALS_FROM + seal)),
      (seal) => faults.push(SEALS_FROM + seal),
    );
    const batch = new Batch();
    const { version: changes } = this.replica.partners;
    this.certificates.certify(area, batch, { turn, entry }, { changes, live: !known });
    if (trusted) enterImported(area, batch, trusted);
    this.open(batch, taken);
    decoded.forEach((one, i) => {
      intake.apply(batch, one, verified[i]);
    });
    area.credit.pay(area, batch);
    advance(area, batch);
    this.change(batch, taken);
    return { batch, faults };
  }

  /** Offers of gateways' banks, each in its own gateway's feed. */
  private open(batch: Batch, taken: DecidedTurn["taken"]): void {
    const { area } = this;
    for (const { gateway, entry } of fedBy(taken)) {
      const key = this.replica.partners.keyOf(gateway);
      if (entry.kind === FedKind.bank && key && isOffer(area, entry.bytes, gateway, key))
        area.credit.offered(area, batch, entry.bytes);
    }
  }

  /** Changes of the gateways that these segments are for: they hold from the next turn on. */
  private change(batch: Batch, taken: DecidedTurn["taken"]): void {
    const { area, replica, certificates } = this;
    for (const { gateway, entry } of fedBy(taken)) {
      if (entry.kind !== FedKind.change || !replica.wish(entry.bytes, gateway)) continue;
      area.gateways = gatewaysOf(replica.partners.list);
      certificates.changed(area, batch, replica.partners);
    }
  }

  private take(batch: Batch, one: Decoded, valid: boolean, load: Load): void {
    const { area, intake, collector, replica, own } = this;
    const { message, payload, topic, via } = one;
    if (!valid) return intake.refused("BAD_SIGNATURE", nodeOf(one), message.what);
    if (isShared(message)) {
      const verdict = collector.take(message, one, load);
      if (verdict.ok && message.what === "said" && message.said.kind === "tx")
        this.times.heard(message.said.tx, this.ports.time.nowMs());
      if (!verdict.ok) intake.refused(verdict.code, nodeOf(one), verdict.detail);
    } else if (message.what === "ask" || message.what === "token") {
      const verdict = collector.exchange(batch, message, (proof) => own.keep([proof]));
      own.fill(load);
      if (!verdict.ok) intake.refused(verdict.code, nodeOf(one), verdict.detail);
      else if (message.what === "ask") {
        this.asked.heard(nodeOf(one), payload, via);
        if (via === area.id) replica.pass(undefined, "ask", passedOn(area.topics, topic, payload));
      }
    } else intake.apply(batch, one, { valid, tokens: undefined });
  }

  private reachable({ sends }: Batch, bring: boolean): Send[] {
    const { area, replica, asked } = this;
    return reachable({ area, replica, asked }, sends, bring);
  }

  private passed(from: string, kind: "ask" | "down", bytes: Uint8Array, host: SeatHost): void {
    const { area, ports, intake } = this;
    const taken = this.brought.take(area, from, kind, bytes, ports.time.nowMs());
    if (!taken.ok) return intake.refused(taken.code, from, taken.detail);
    const { topic, payload } = taken;
    if (kind === "ask") host.deliver(topic, payload, from);
    // Kept for nobody who is away: a node asks again, and its bank greets it when it is back.
    else ports.bus.publish(topic, payload, { retain: false, qos: 0 });
  }
}

function nodeOf({ message }: Decoded): string {
  return "nodeId" in message ? message.nodeId : message.session.id;
}
