// SPDX-License-Identifier: Apache-2.0
/**
 * The gateway application. Messages are queued as they arrive; each turn takes a batch through decode →
 * signatures → rules → slot engine → one durable commit, and only then says anything: what was receipted is
 * on disk. A crash at any point loses nothing that anybody was told.
 */

import { bytesEqual, toHex } from "#core/codec/bytes";
import { type Code, refuse } from "#core/errors/codes";
import { MEANINGS } from "#core/errors/meanings";
import { COMMIT_BATCH_MAX, INTAKE_QUEUE_MAX, MESSAGE_BYTES_MAX, PRESENTED_MAX } from "#core/limits";
import { demandRecord } from "#core/records/notice";
import { nothingRetained } from "#core/topics";
import { Area } from "./area.ts";
import { Batch } from "./batch.ts";
import { EntryKind, feederEntry, packEntry, worldEntry } from "./entries.ts";
import { entryOf } from "./feeder/terms.ts";
import { announceTrust, enterImported } from "./identity/enter.ts";
import { examine, type Imported, type Presented } from "./identity/import.ts";
import { takeRequest } from "./identity/requests.ts";
import { repeat, takeEnrol, takeSaid, takeState } from "./intake/apply.ts";
import { decodeMessage, type Parsed } from "./intake/decode.ts";
import { publishGateway, publishTotals } from "./monitor.ts";
import type { GatewayOptions } from "./options.ts";
import { greet, refuseMember, sendConfig, sendContracts, sendReceipts } from "./outbound.ts";
import type { GatewayPorts, VerifyJob } from "./ports.ts";
import { replayEntry, worldOf } from "./replay.ts";
import { advance, nextDelayMs } from "./slots/engine.ts";
import { takeExchanged } from "./smartchain/intake.ts";
import { type Tokens, tokensOf } from "./smartchain/tokens.ts";
import { Updates } from "./update/updates.ts";

/** What the signatures of a message say. */
interface Verified {
  valid: boolean;
  tokens: Tokens | undefined;
}

interface Inbound {
  topic: string;
  payload: Uint8Array;
  /** Real time of its arrival. */
  atMs: number;
}

export class Gateway {
  readonly area: Area;
  readonly updates: Updates;
  private readonly ports: GatewayPorts;
  private queue: Inbound[] = [];
  private busy = false;
  private stopped = false;
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
    this.area = new Area(options, ports);
    this.area.consensus.onDue = () => {
      if (!this.stopped) this.onWork();
    };
    this.updates = new Updates(this.area);
  }

  /** Replays the log, listens, and says again what was in force. */
  async start(): Promise<void> {
    const { area, ports } = this;
    const before = ports.time.nowMs();
    for (const entry of ports.store.read()) replayEntry(area, entry);
    const batch = new Batch();
    if (ports.store.length === 0) this.begin(batch);
    else
      ports.log("info", "replayed", {
        entries: ports.store.length,
        height: area.chain.head?.header.height ?? -1,
        ms: ports.time.nowMs() - before,
      });
    this.nameFeeder(batch);
    area.credit.begin(area, batch);
    await this.lookAtIdentities();
    announceTrust(area, batch);
    const { prefix } = area.topics;
    const deliver = (topic: string, payload: Uint8Array) => this.deliver(topic, payload);
    ports.bus.subscribe(`${prefix}/node/+/state`, deliver);
    ports.bus.subscribe(`${prefix}/node/+/up/+`, deliver);
    this.resume(batch);
    this.updates.refresh(batch);
    await this.turn(batch, []);
  }

  /** The operator's word on the feeder meter, where it is another than the log's. */
  private nameFeeder(batch: Batch): void {
    const { area } = this;
    const packed = packEntry(feederEntry, entryOf(area.options.feeder));
    if (bytesEqual(packed, packEntry(feederEntry, entryOf(area.feeder?.terms)))) return;
    batch.log(EntryKind.feeder, packed);
    area.setFeeder(area.options.feeder);
  }

  /**
   * The first start on a new store: what an earlier gateway left retained on the broker must drive
   * nobody.
   */
  private begin(batch: Batch): void {
    const { topics } = this.area;
    batch.log(EntryKind.world, packEntry(worldEntry, worldOf(this.area)));
    const retained = [topics.epoch, topics.caps, topics.clearing, topics.demand, topics.chainHead];
    retained.push(topics.publicBlock, topics.dagEpoch);
    for (const topic of retained) batch.send(topic, nothingRetained(), true);
  }

  /** A message from the bus; what exceeds the queue is dropped and will be repeated by its sender. */
  deliver(topic: string, payload: Uint8Array): void {
    if (this.stopped) return;
    if (this.queue.length >= INTAKE_QUEUE_MAX) {
      this.ports.log("warn", "intake-full", { topic });
      return;
    }
    // A copy: the payload may be a view on a socket's buffer. What is too long is cut and refused below.
    const atMs = this.ports.time.nowMs();
    this.queue.push({ topic, payload: payload.slice(0, MESSAGE_BYTES_MAX + 1), atMs });
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
    for (const { nodeId, code } of found.refused) this.refused(code, nodeId, "certificate");
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
    return this.queue.length + this.imported.length > 0 || this.area.consensus.due;
  }

  /** Works until the queue is empty. Calls while it runs return at once. */
  async process(): Promise<void> {
    if (this.busy || this.stopped) return;
    this.busy = true;
    try {
      while (this.hasWork && !this.stopped) {
        const inbound = this.queue.splice(0, COMMIT_BATCH_MAX);
        await this.turn(new Batch(), inbound);
      }
    } finally {
      this.busy = false;
    }
  }

  /** A moment that `nextDelayMs` asked for has come. */
  async onTimer(): Promise<void> {
    if (this.busy || this.stopped) return;
    this.busy = true;
    try {
      await this.turn(new Batch(), []);
    } finally {
      this.busy = false;
    }
    await this.process();
  }

  /** The operator put out firmware, or took it back: it is announced at once. */
  publishFirmware(): void {
    if (this.stopped) return;
    const batch = new Batch();
    this.updates.refresh(batch);
    this.flush(batch);
  }

  /** Says goodbye; what is queued was not acknowledged to anybody. */
  stop(): void {
    const batch = new Batch();
    publishGateway(this.area, batch, "offline");
    this.flush(batch);
    this.stopped = true;
  }

  private async turn(batch: Batch, inbound: readonly Inbound[]): Promise<void> {
    const { area, ports } = this;
    if (inbound.length > 0) ports.probe("intake");
    if (inbound.length > 0) area.credit.arrivedMs = inbound[0].atMs;
    const parsed = this.decode(inbound);
    const verified = await this.verify(parsed);
    if (inbound.length > 0) ports.probe("verified");
    for (const found of this.imported.splice(0)) {
      enterImported(area, batch, found);
      if (found.more) this.lookAtPresented();
    }
    parsed.forEach((message, i) => {
      this.apply(batch, message, verified[i]);
    });
    area.credit.pay(area, batch);
    if (area.consensus.due) area.consensus.deliver(batch);
    advance(area, batch);
    ports.probe("applied");
    if (batch.entries.length > 0) ports.store.append(batch.entries);
    ports.probe("durable");
    sendReceipts(area, batch);
    if (area.capsDue && area.chain.head) area.sendCaps(batch);
    if (area.finished && !this.saidFinished) publishTotals(area, batch);
    this.flush(batch);
    area.credit.flushed(ports.time.nowMs());
    ports.probe("said");
    const delay = nextDelayMs(area);
    if (delay !== undefined) ports.time.wakeAfter(delay);
    if (area.finished && !this.saidFinished) {
      this.saidFinished = true;
      this.onFinished();
    }
  }

  private decode(inbound: readonly Inbound[]): Parsed[] {
    const context = {
      net: this.area.options.net,
      topics: this.area.topics,
      crypto: this.ports.crypto,
      sessions: this.area.sessions,
    };
    const parsed: Parsed[] = [];
    for (const { topic, payload } of inbound) {
      const message = decodeMessage(context, topic, payload);
      if (!("ok" in message)) parsed.push(message);
      else this.refused(message.code, message.nodeId, message.detail);
    }
    return parsed;
  }

  /** Whether the signature of each is right; and what the tokens of transactions say, with theirs. */
  private async verify(parsed: readonly Parsed[]): Promise<Verified[]> {
    const jobs: VerifyJob[] = [];
    const verified = parsed.map((message): Verified => {
      if ("job" in message) jobs.push(message.job);
      const tokens = this.tokensIn(message);
      if (tokens?.ok) jobs.push(...tokens.jobs);
      return { valid: true, tokens };
    });
    if (jobs.length === 0) return verified;
    const asked = this.ports.verifier.verify(jobs);
    const answers = Array.isArray(asked) ? asked : await asked;
    this.area.counters.signaturesVerified += jobs.length;
    let next = 0;
    parsed.forEach((message, i) => {
      const found = verified[i];
      if ("job" in message) found.valid = answers[next++];
      if (!found.tokens?.ok) return;
      const { length } = found.tokens.jobs;
      if (answers.slice(next, next + length).includes(false))
        found.tokens = refuse("TX_TOKENS", "a token's signature is wrong");
      next += length;
    });
    return verified;
  }

  private tokensIn(message: Parsed): Tokens | undefined {
    if (message.what !== "said" || message.said.kind !== "tx") return undefined;
    return tokensOf(this.area, message.session, message.said.tx);
  }

  private apply(batch: Batch, message: Parsed, { valid, tokens }: Verified): void {
    const { area } = this;
    const nodeId = "nodeId" in message ? message.nodeId : message.session.id;
    if (!valid) return this.refused("BAD_SIGNATURE", nodeId, message.what);
    if (message.what === "repeat") {
      const verdict = repeat(message.session);
      if (!verdict.ok) this.refused(verdict.code, nodeId, `number ${message.seq}`);
      return;
    }
    if (message.what === "fetch") {
      const verdict = this.updates.serve(batch, message.session, message.asked);
      if (!verdict.ok) this.refused(verdict.code, nodeId, verdict.detail);
      return;
    }
    if (message.what === "state") {
      const verdict = takeState(area, nodeId, message.payload);
      if (!verdict.ok) this.refused(verdict.code, nodeId, verdict.detail);
      return;
    }
    if (message.what === "said") {
      const verdict = takeSaid(area, batch, message, tokens);
      if (!verdict.ok) this.refused(verdict.code, nodeId, verdict.detail);
      return;
    }
    if (message.what === "ask" || message.what === "token" || message.what === "evidence") {
      const verdict = takeExchanged(area, batch, message);
      if (!verdict.ok) this.refused(verdict.code, nodeId, verdict.detail);
      return;
    }
    if (message.what === "vote") {
      const { session, vote, payload } = message;
      const verdict = area.votes.take(area, batch, session, vote, payload);
      if (!verdict.ok) this.refused(verdict.code, nodeId, verdict.detail);
      return;
    }
    if (message.what === "plan") {
      const verdict = area.scheduler.take(area, message.session, message.plan.value);
      if (!verdict.ok) this.refused(verdict.code, nodeId, verdict.detail);
      return;
    }
    if (message.what === "present") return this.present(message);
    if (message.what === "request") {
      const { signed, bytes } = message;
      const verdict = takeRequest(area, batch, nodeId, signed.value, bytes);
      if (verdict.ok) return;
      this.refused(verdict.code, nodeId, verdict.detail);
      return sendConfig(area, batch, nodeId, verdict.code);
    }
    const verdict = takeEnrol(area, batch, message);
    if (verdict.ok) greet(area, batch, area.sessions.get(nodeId)!);
    else {
      this.refused(verdict.code, nodeId, verdict.detail);
      refuseMember(area, batch, nodeId, verdict.code);
    }
  }

  private present({ nodeId, sealed, encoded }: Presented): void {
    if (!this.ports.identity || !this.area.registry.wants(sealed)) return; // known: nothing to check
    if (this.presented.length >= PRESENTED_MAX) return this.refused("ENROL_FULL", nodeId, "later");
    this.presented.push({ nodeId, sealed, encoded });
    this.lookAtPresented();
  }

  private refused(code: Code, nodeId: string | undefined, detail: string): void {
    this.area.counters.count(code);
    if (code === "DUPLICATE") this.area.counters.duplicates++;
    const level = MEANINGS[code].action === "ignore" ? "debug" : "warn";
    this.ports.log(level, "not-accepted", { code, node: nodeId ?? "", detail });
  }

  private resume(batch: Batch): void {
    const { area } = this;
    publishGateway(area, batch, "online");
    if (!area.chain.head) return;
    area.sendHead(batch, area.chain.head);
    area.sendCaps(batch);
    for (const run of area.runs.values()) {
      if (run.demand)
        batch.send(area.topics.demand, area.sign(demandRecord, run.demand).bytes, true);
      if (run.clearingBytes) batch.send(area.topics.clearing, run.clearingBytes, true);
      sendContracts(area, batch, run.contracts);
      for (const sold of run.solds)
        for (const leg of sold.body.legs)
          if (leg.to) batch.send(area.topics.down(toHex(leg.to), "tx"), sold.bytes);
    }
    const { latest } = area.epochs;
    if (latest) batch.send(area.topics.dagEpoch, latest.bytes, true);
    if (area.noticeBytes) batch.send(area.topics.epoch, area.noticeBytes, true);
  }

  private flush(batch: Batch): void {
    for (const { topic, payload, retain } of batch.sends)
      this.ports.bus.publish(topic, payload, { retain });
  }
}
