// SPDX-License-Identifier: Apache-2.0
/**
 * The gateway application. Messages are queued as they arrive; each turn takes a batch through decode →
 * signatures → rules → slot engine → one durable commit, and only then says anything: what was receipted is
 * on disk. A crash at any point loses nothing that anybody was told.
 */

import { bytesEqual } from "#core/codec/bytes";
import { assert } from "#core/errors/assert";
import {
  COMMIT_BATCH_MAX,
  INTAKE_QUEUE_MAX,
  MEMBERS_MAX,
  MESSAGE_BYTES_MAX,
  PRESENTED_MAX,
} from "#core/limits";
import type { Change } from "#core/records/registry";
import { parseNodeTopic } from "#core/topics";
import { Area } from "./area.ts";
import { Batch, type Send } from "./batch.ts";
import { beginLog } from "./begin.ts";
import { Checkpoints } from "./checkpoint/checkpoint.ts";
import { AgreedTime } from "./consortium/agreed-time.ts";
import { Seat } from "./consortium/seat.ts";
import { EntryKind, feederEntry, packEntry } from "./entries.ts";
import { entryOf } from "./feeder/terms.ts";
import type { FoundState } from "./handout/catch-up.ts";
import { enterBase, enterFound, logFound, newestBase } from "./handout/enter.ts";
import { announceTrust, enterImported } from "./identity/enter.ts";
import { examine, type Imported, type Presented } from "./identity/import.ts";
import { type Inbound, Intake } from "./intake/intake.ts";
import { publishGateway, publishTotals } from "./monitor.ts";
import type { GatewayOptions } from "./options.ts";
import { sayInForce, sendReceipts } from "./outbound.ts";
import type { GatewayPorts } from "./ports.ts";
import { replayEntry } from "./replay.ts";
import { advance, nextDelayMs } from "./slots/engine.ts";
import { Updates } from "./update/updates.ts";

export class Gateway {
  area!: Area;
  updates!: Updates;
  intake!: Intake;
  checkpoints!: Checkpoints;
  /** Its seat in a consortium, where it has one. */
  seat: Seat | undefined;
  private readonly ports: GatewayPorts;
  private queue: Inbound[] = [];
  private busy = false;
  private stopped = false;
  /** The log leads to what is in memory: nothing is half done, and nothing broke off half done. */
  private atRest = false;
  /** Called when there is work to do: the adapter then calls `process` soon, gathering what comes at once. */
  onWork: () => void = () => {};
  /** Called once when all slots that were asked for are settled and said. */
  onFinished: () => void = () => {};
  private saidFinished = false;
  /** Checked, and to be entered with the next turn. */
  private imported: Imported[] = [];
  /** Certificates that nodes brought along since the last look. */
  private presented: Presented[] = [];
  private examining: Promise<void> | undefined;

  constructor(options: GatewayOptions, ports: GatewayPorts) {
    this.ports = ports;
    this.build(options);
  }

  /** All that the log leads to, at its beginning. */
  private build(options: GatewayOptions): void {
    const { ports } = this;
    const { consortium } = ports;
    const agreed = options.consortium && new AgreedTime(ports.time.nowMs());
    this.area = new Area(options, agreed ? { ...ports, time: agreed } : ports);
    this.area.consensus.onDue = () => {
      if (!this.stopped) this.onWork();
    };
    this.updates = new Updates(this.area);
    this.intake = new Intake(this.area, this.updates, (message) => this.present(message));
    if (!agreed) {
      this.checkpoints = new Checkpoints(this.area, ports, () => ({}));
      return;
    }
    assert(consortium, "CONSORTIUM_PORTS");
    const seat = new Seat(this.area, ports, consortium, agreed, this.intake, {
      onWork: () => !this.stopped && this.onWork(),
      deliver: (topic, payload, via) => this.enqueue(topic, payload, via),
    });
    this.seat = seat;
    this.checkpoints = new Checkpoints(this.area, ports, () => seat.kept());
  }

  /** Replays the log, listens, and says again what was in force. */
  async start(): Promise<void> {
    const { area, ports } = this;
    const before = ports.time.nowMs();
    const base = newestBase(ports);
    let from = this.checkpoints.load(base?.next);
    if (from > 1) this.seat?.restored();
    else if (base && this.seat) from = enterBase({ area, ports, seat: this.seat }, base);
    for (const entry of ports.store.read(from))
      if (!(await this.seat?.replay(entry))) replayEntry(area, entry);
    const batch = new Batch();
    if (ports.store.length === 0) beginLog(area, batch);
    else
      ports.log("info", "replayed", {
        entries: ports.store.length,
        height: area.chain.head?.header.height ?? -1,
        ms: ports.time.nowMs() - before,
      });
    await this.lookAtIdentities();
    const { prefix } = area.topics;
    const deliver = (topic: string, payload: Uint8Array) => this.deliver(topic, payload);
    ports.bus.subscribe(`${prefix}/node/+/state`, deliver);
    ports.bus.subscribe(`${prefix}/node/+/up/+`, deliver);
    return this.begun(batch);
  }

  /** Says again what was in force, and takes part. */
  private begun(batch: Batch): Promise<void> | undefined {
    const { area, ports } = this;
    this.nameFeeder(batch);
    area.credit.begin(area, batch);
    announceTrust(area, batch);
    publishGateway(area, batch, "online");
    sayInForce(area, batch);
    this.seat?.resume(batch);
    this.updates.refresh(batch);
    if (!this.seat) return this.turn(batch, []);
    if (batch.entries.length > 0) ports.store.append(batch.entries);
    this.flush(batch.sends);
    this.seat.start();
    this.atRest = true;
    return undefined;
  }

  /** A state of others takes the place of all that this gateway has. */
  private takeOver(old: Seat, found: FoundState): void {
    const { area, updates, intake, checkpoints, ports } = this;
    old.replica.found = undefined;
    // Back it must not go: what it has said since would be forgotten.
    if (found.offer.height <= old.replica.past.before.height)
      return old.replica.states.giveUp("its turns came first");
    this.build(area.options);
    const fresh = { area: this.area, ports, seat: this.seat! };
    const fault = enterFound(fresh, found);
    if (fault) {
      Object.assign(this, { area, updates, intake, checkpoints, seat: old });
      return old.replica.states.giveUp(fault);
    }
    old.replica.stop();
    logFound(fresh, found, old.replica);
    for (const id of area.near) this.area.near.add(id);
    void this.begun(new Batch());
  }

  /** The operator's word on the feeder meter, where it is another than the log's. */
  private nameFeeder(batch: Batch): void {
    const { area } = this;
    const packed = packEntry(feederEntry, entryOf(area.options.feeder));
    if (bytesEqual(packed, packEntry(feederEntry, entryOf(area.feeder?.terms)))) return;
    batch.log(EntryKind.feeder, packed);
    area.setFeeder(area.options.feeder);
  }

  /** A message from the bus; what exceeds the queue is dropped and will be repeated by its sender. */
  deliver(topic: string, payload: Uint8Array): void {
    if (this.seat) this.noteNear(topic);
    this.enqueue(topic, payload, this.area.id);
  }

  /** Whoever is a member and is heard here is told here what concerns it. */
  private noteNear(topic: string): void {
    const { topics, near } = this.area;
    const address = parseNodeTopic(topics, topic);
    if (!address || near.has(address.nodeId)) return;
    if (near.size >= 2 * MEMBERS_MAX) near.clear();
    near.add(address.nodeId);
  }

  private enqueue(topic: string, payload: Uint8Array, via: string): void {
    if (this.stopped) return;
    if (this.queue.length >= INTAKE_QUEUE_MAX) {
      this.ports.log("warn", "intake-full", { topic });
      return;
    }
    // A copy: the payload may be a view on a socket's buffer. What is too long is cut and refused below.
    const atMs = this.ports.time.nowMs();
    this.queue.push({ topic, payload: payload.slice(0, MESSAGE_BYTES_MAX + 1), via, atMs });
    this.onWork();
  }

  /**
   * Reads in what is new in the operator's folder, and what nodes brought along. The seals are checked beside
   * the turns; what is right comes with one of them.
   */
  lookAtIdentities(): Promise<void> {
    const { identity } = this.ports;
    if (!identity || this.stopped) return Promise.resolve();
    this.examining ??= this.examineAll(identity).finally(() => {
      this.examining = undefined;
      if (this.presented.length > 0) this.lookAtPresented();
    });
    return this.examining;
  }

  /** Where no answer comes about the seals, what was brought along is lost: its node brings it again. */
  private lookAtPresented(): void {
    this.lookAtIdentities().catch((error) => {
      if (!this.stopped) this.ports.log("error", "seals", { cause: String(error) });
    });
  }

  private async examineAll(identity: NonNullable<GatewayPorts["identity"]>): Promise<void> {
    const { area, ports } = this;
    const { crypto, log } = ports;
    const presented = this.presented.splice(0);
    const context = { crypto, log, seals: identity.seals, net: area.options.net };
    const found = await examine(area.registry, identity.shelf, presented, context);
    for (const { nodeId, code } of found.refused) this.intake.refused(code, nodeId, "certificate");
    if (!found.authority && found.certificates.length + found.lists.length === 0) return;
    this.imported.push(found);
    this.onWork();
  }

  /** Members whose certificate counts, and ends within `ms` of protocol time. */
  expiring(ms: number): number {
    const { registry, sessions, world } = this.area;
    const nowMs = world.nowMs();
    let count = 0;
    for (const id of sessions.keys()) {
      const untilMs = registry.certificateOf(id)?.certificate.untilMs ?? Number.POSITIVE_INFINITY;
      if (untilMs > nowMs && untilMs <= nowMs + ms) count++;
    }
    return count;
  }

  private get hasWork(): boolean {
    const { length } = this.queue;
    if (this.seat) return length + this.imported.length > 0 || this.seat.isDue;
    return length + this.imported.length > 0 || this.area.consensus.due;
  }

  /** Works until the queue is empty. Calls while it runs return at once. */
  async process(): Promise<void> {
    if (this.busy || this.stopped) return;
    this.busy = true;
    try {
      while (this.hasWork && !this.stopped) {
        this.atRest = false;
        if (this.seat) await this.share(this.seat);
        else await this.turn(new Batch(), this.queue.splice(0, COMMIT_BATCH_MAX));
        this.atRest = true;
      }
    } finally {
      this.busy = false;
    }
  }

  /** A moment that `nextDelayMs` asked for has come. */
  async onTimer(): Promise<void> {
    if (this.busy || this.stopped || this.seat) return;
    this.busy = true;
    try {
      await this.turn(new Batch(), []);
    } finally {
      this.busy = false;
    }
    await this.process();
  }

  /** The operator is for this change of the consortium's gateways; false where it is none that may be next. */
  wish(change: Change): boolean {
    const { atRest } = this;
    this.atRest = false;
    const said = !this.stopped && (this.seat?.wish(change) ?? false);
    this.atRest = atRest;
    return said;
  }

  /** Says to all whether this gateway serves nodes. */
  sayState(state: "online" | "offline"): void {
    if (this.stopped) return;
    const batch = new Batch();
    publishGateway(this.area, batch, state);
    this.flush(batch.sends);
  }

  /** The operator put out firmware, or took it back: it is announced at once. */
  publishFirmware(): void {
    if (this.stopped) return;
    const batch = new Batch();
    this.updates.refresh(batch);
    this.flush(batch.sends);
  }

  /**
   * Says goodbye; what is queued was not acknowledged to anybody. In the midst of a turn, or after something
   * failed, memory has what the log has not: then no checkpoint is made of it.
   */
  stop(): void {
    this.stopped = true;
    this.seat?.replica.stop();
    const batch = new Batch();
    publishGateway(this.area, batch, "offline");
    this.flush(batch.sends);
    try {
      if (this.atRest) this.checkpoints.save();
    } catch (error) {
      this.ports.log("warn", "no-checkpoint", { cause: String(error) }); // the next start does without
    }
  }

  /** In a consortium: what was decided is executed first, and then what came is collected. */
  private async share(seat: Seat): Promise<void> {
    const { due: decided, found } = seat.replica;
    if (found) return this.takeOver(seat, found);
    // If there are more in the folder, they come with the next look at it.
    for (const found of this.imported.splice(0)) seat.feedTrust(found);
    if (!decided) return this.flush(await seat.collect(this.queue.splice(0, COMMIT_BATCH_MAX)));
    const sends = await seat.turn(decided);
    if (this.stopped) return;
    this.flush(sends);
    this.ports.probe("said");
    this.checkpoints.look();
    this.finish();
  }

  private async turn(batch: Batch, inbound: readonly Inbound[]): Promise<void> {
    const { area, ports } = this;
    this.atRest = false;
    if (inbound.length > 0) ports.probe("intake");
    if (inbound.length > 0) area.credit.arrivedMs = inbound[0].atMs;
    const decoded = this.intake.decode(inbound);
    const verified = await this.intake.verify(decoded);
    if (inbound.length > 0) ports.probe("verified");
    for (const found of this.imported.splice(0)) {
      enterImported(area, batch, found);
      if (found.more) this.lookAtPresented();
    }
    decoded.forEach((one, i) => {
      this.intake.apply(batch, one, verified[i]);
    });
    area.credit.pay(area, batch);
    if (area.consensus.due) area.consensus.deliver(batch);
    advance(area, batch);
    ports.probe("applied");
    if (batch.entries.length > 0) ports.store.append(batch.entries);
    ports.probe("durable");
    sendReceipts(area, batch);
    if (area.capsDue && area.chain.head) area.sendCaps(batch);
    this.flush(batch.sends);
    area.credit.flushed(ports.time.nowMs());
    ports.probe("said");
    const delay = nextDelayMs(area);
    if (delay !== undefined) ports.time.wakeAfter(delay);
    this.atRest = true;
    this.checkpoints.look();
    this.finish();
  }

  private finish(): void {
    const { area } = this;
    if (!area.finished || this.saidFinished) return;
    this.saidFinished = true;
    const batch = new Batch();
    publishTotals(area, batch);
    this.flush(batch.sends);
    this.onFinished();
  }

  private present({ nodeId, sealed, encoded }: Presented): void {
    if (!this.ports.identity || !this.area.registry.wants(sealed)) return; // known: nothing to check
    if (this.presented.length >= PRESENTED_MAX)
      return this.intake.refused("ENROL_FULL", nodeId, "later");
    this.presented.push({ nodeId, sealed, encoded });
    this.lookAtPresented();
  }

  private flush(sends: readonly Send[]): void {
    for (const { topic, payload, retain } of sends)
      this.ports.bus.publish(topic, payload, { retain });
  }
}
