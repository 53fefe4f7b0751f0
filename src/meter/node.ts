// SPDX-License-Identifier: Apache-2.0
/**
 * The node application: one meter with its identity. Adapters deliver events (connected, message, timer);
 * everything else follows from the gateway's notices. The same code runs on an ESP32, in the desktop
 * simulator, in the XS host and on Node.
 */
import { toHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import { codeOfWire } from "#core/errors/codes";
import { nodeIdOf, walletOf } from "#core/identity";
import { RESEND_AFTER_MS, RESEND_MAX_MS } from "#core/limits";
import { accountRecord } from "#core/records/account";
import { configRecord, memberRecord } from "#core/records/member";
import { receiptRecord } from "#core/records/receipt";
import { openTx, type TxLeg } from "#core/records/tx";
import { Topics } from "#core/topics";
import type { DriverFault } from "#drivers/types";
import { ProtocolClock } from "./clock.ts";
import type { NodeConfig } from "./config.ts";
import { fromGateway } from "./inspect.ts";
import { Journal } from "./journal.ts";
import { Metering } from "./metering.ts";
import type { NodePorts } from "./ports.ts";
import { RegisterKeeper } from "./register/keeper.ts";
import { startRegisters } from "./register/register.ts";
import { Slots } from "./slots.ts";
import { jittered, Speaker } from "./speaker.ts";
import { forgetReserve, type NodeState } from "./state.ts";
import { updaterOf } from "./update/attach.ts";
import type { Updater } from "./update/updater.ts";

/** `state` messages are at most this long (docs/protocol.md section 8). */
const STATE_CHARS_MAX = 256;
/** A restart takes less, ms: none is begun so soon before a boundary, where the meter has to be read. */
const RESTART_MS = 60_000;

export class MeterNode {
  readonly idBytes: Uint8Array;
  readonly id: string;
  readonly publicKey: Uint8Array;
  readonly topics: Topics;
  readonly wallets: Uint8Array[] = [];
  readonly state: NodeState;
  readonly clock: ProtocolClock;
  readonly speaker: Speaker;
  readonly metering: Metering;
  /** What was last sold or bought since this start; for people. */
  lastTrade: { slot: number; sold: boolean; legs: readonly TxLeg[] } | undefined;
  /** Firmware updates, on a board that has two slots for images. */
  readonly updater: Updater | undefined;
  private readonly config: NodeConfig;
  private readonly ports: NodePorts;
  private readonly slots: Slots;
  /** Real time at which the request to be a member goes out again; undefined where none is due. */
  private helloAtMs: number | undefined;
  private helloPauseMs = RESEND_AFTER_MS;
  private alarm: { code: string; detail: string } | undefined;

  /** Recovers from the store; counts the boot durably before anything else is said. */
  constructor(config: NodeConfig, ports: NodePorts) {
    this.config = config;
    this.ports = ports;
    this.publicKey = ports.crypto.publicKey(config.secretKey);
    this.idBytes = nodeIdOf(ports.crypto, this.publicKey);
    this.id = toHex(this.idBytes);
    this.topics = new Topics(config.area);
    for (let i = 0; i < config.wallets; i++)
      this.wallets.push(walletOf(ports.crypto, this.publicKey, i));
    const journal = new Journal(ports.store);
    const keeper = new RegisterKeeper(ports.store, journal);
    this.state = journal.recover();
    this.state.registers = keeper.recover(this.state.registers);
    startRegisters(this.state.registers, ports.meter.chipStayedOn);
    this.state.boot++;
    journal.save(this.state);
    this.clock = new ProtocolClock(ports.time);
    this.speaker = new Speaker(this.id, this.topics, journal, ports);
    this.metering = new Metering(this, config, ports, keeper);
    this.slots = new Slots(this, config, ports, (code, detail) => this.raise(code, detail));
    this.updater = ports.firmware && updaterOf(this, ports, ports.firmware);
    if (this.updater) this.plan(); // a trial ends in time also where no network comes
  }

  /** What the transport subscribes to on every connect. */
  subscriptions(): string[] {
    const { prefix, epoch, caps } = this.topics;
    const topics = [`${prefix}/node/${this.id}/down/+`, epoch, caps, `${prefix}/market/+`];
    if (this.ports.firmware) topics.push(this.topics.update(this.ports.firmware.board));
    return topics;
  }

  /** The last will that the transport registers: which start of the node is gone. */
  will(): { topic: string; payload: string } {
    return { topic: this.topics.state(this.id), payload: this.stateText("offline") };
  }

  /** The transport is connected and subscribed: birth, then the request to be (still) a member. */
  onConnect(): void {
    this.speaker.open = false;
    this.clock.reconnected();
    this.slots.owed.forget();
    this.publishState();
    this.helloPauseMs = RESEND_AFTER_MS;
    this.hello();
    this.plan();
  }

  onDisconnect(): void {
    this.speaker.open = false;
    this.clock.reconnected();
    this.helloAtMs = undefined;
    this.updater?.onClosed();
  }

  /**
   * Asks to be a member, again and again until the gateway answers: it may be away while the broker
   * is not.
   */
  private hello(): void {
    const { net, name, capacityWh, secretKey } = this.config;
    const member = { net, publicKey: this.publicKey, name, capacityWh, wallets: this.wallets };
    const { bytes } = signRecord(memberRecord, this.ports.crypto, secretKey, member);
    this.ports.transport.publish(this.topics.up(this.id, "enrol"), bytes, false);
    this.helloAtMs = this.ports.time.uptimeMs() + jittered(this.ports.entropy, this.helloPauseMs);
    this.helloPauseMs = Math.min(RESEND_MAX_MS, this.helloPauseMs * 2);
  }

  onMessage(topic: string, payload: Uint8Array): void {
    const { topics } = this;
    if (topic === topics.epoch) this.slots.onNotice(payload);
    else if (topic === topics.caps) this.slots.onCaps(payload);
    else if (topic === topics.clearing) this.slots.onClearing(payload);
    else if (topic === topics.demand) this.slots.onDemand(payload);
    else if (topic === topics.down(this.id, "receipt")) this.onReceipt(payload);
    else if (topic === topics.down(this.id, "contract")) this.slots.onContract(payload);
    else if (topic === topics.down(this.id, "tx")) this.slots.onTx(payload);
    else if (topic === topics.down(this.id, "account")) this.onAccount(payload);
    else if (topic === topics.down(this.id, "config")) this.onConfig(payload);
    else if (topic === topics.down(this.id, "update")) this.updater?.onChunk(payload);
    else if (topic === topics.update(this.ports.firmware?.board ?? ""))
      this.updater?.onAnnounced(payload);
    else this.ports.log("debug", "unknown-topic", { topic });
    this.plan();
  }

  onTimer(): void {
    if (this.helloAtMs !== undefined && this.ports.time.uptimeMs() >= this.helloAtMs) this.hello();
    this.speaker.onTimer();
    this.metering.say();
    this.slots.onTimer();
    this.updater?.onTimer();
    this.plan();
  }

  /** Once a second on a device that is on: samples the chip, and keeps what it counted. */
  onPoll(): void {
    if (this.metering.poll()) this.plan();
  }

  /** A driver's fault: only lost counts matter here, the others become no energy and no gap. */
  onFault(fault: DriverFault): void {
    if (fault === "lost") this.metering.lostRead();
  }

  /**
   * The time of day was set: it said `beforeMs` and says `afterMs`. Nothing that is kept depends on it, but
   * boundaries come sooner or later. May be called within another event, so it only asks for a turn.
   */
  onStep(beforeMs: number, afterMs: number): void {
    this.ports.log("warn", "clock-stepped", { beforeMs, afterMs });
    this.metering.clockStepped(beforeMs, afterMs);
    this.ports.time.wakeAfter(0);
  }

  /** Asks for the next wake-up: a repeat, or a boundary of the running clock. */
  private plan(): void {
    const { helloAtMs } = this;
    let next =
      helloAtMs === undefined ? undefined : Math.max(0, helloAtMs - this.ports.time.uptimeMs());
    const { speaker, slots, updater } = this;
    for (const delay of [speaker.delayMs(), slots.delayMs(), updater?.delayMs()])
      if (delay !== undefined && (next === undefined || delay < next)) next = delay;
    if (next !== undefined) this.ports.time.wakeAfter(next);
  }

  private onConfig(payload: Uint8Array): void {
    const { crypto, log } = this.ports;
    const opened = fromGateway(
      configRecord,
      crypto,
      this.config.gatewayKey,
      this.config.net,
      payload,
    );
    if (!opened) return this.raise("GATEWAY_SIGNATURE", "config");
    const config = opened.value;
    if (toHex(config.node) !== this.id) return;
    this.helloAtMs = undefined; // answered
    if (config.code !== 0) {
      log("error", "not-admitted", { code: codeOfWire(config.code) ?? config.code });
      return;
    }
    this.clock.atLeast(config.atMs);
    if (config.upTo > this.state.saidSeq) {
      // This node's store was lost, not its key: numbers that it used must never be used again.
      log("error", "state-lost", { said: this.state.saidSeq, receipted: config.upTo });
      this.state.saidSeq = config.upTo;
      this.state.receiptedSeq = config.upTo;
      this.state.digest = config.digest;
      this.state.txSeq = config.txSeq;
      this.state.txid = config.txSeq === 0 ? undefined : config.txid;
      this.state.txMs = config.txMs;
      this.metering.adopt(config);
    } else if (config.upTo < this.state.receiptedSeq) {
      // It forgot what it receipted: a restored backup, or another gateway with the same key.
      return this.raise("GATEWAY_BEHIND", `${config.upTo} of ${this.state.receiptedSeq} receipted`);
    } else if (!this.speaker.receipted(this.state, { ...config, refused: [] })) {
      return this.raise("RECEIPT_DIGEST", "config");
    }
    this.speaker.open = true;
    this.speaker.restart();
    this.metering.say();
    this.slots.resume();
    this.updater?.onOpen();
  }

  /** Whether a restart would interrupt nothing: all is receipted, no contract is owed, no boundary near. */
  get quiet(): boolean {
    const { slots, state } = this;
    if (state.receiptedSeq < state.saidSeq || slots.owed.waiting) return false;
    return (slots.delayMs() ?? RESTART_MS) >= RESTART_MS;
  }

  private onReceipt(payload: Uint8Array): void {
    const { crypto } = this.ports;
    const opened = fromGateway(
      receiptRecord,
      crypto,
      this.config.gatewayKey,
      this.config.net,
      payload,
    );
    if (!opened) return this.raise("GATEWAY_SIGNATURE", "receipt");
    if (toHex(opened.value.node) !== this.id) return;
    // Before the gateway's config a node does not know what it may have said in an earlier life.
    if (!this.speaker.open) return;
    const { refused, upTo } = opened.value;
    this.slots.owed.refused(refused);
    const lost = refused.map(({ seq }) => this.speaker.waiting(seq));
    if (!this.speaker.receipted(this.state, opened.value))
      return this.raise("RECEIPT_DIGEST", `up to ${upTo}`);
    for (const said of lost) {
      const tx = said?.kind === "tx" ? openTx(crypto, said.content) : undefined;
      if (tx?.ok) forgetReserve(this.state, tx.tx.txid);
    }
  }

  private onAccount(payload: Uint8Array): void {
    const { crypto, log } = this.ports;
    const opened = fromGateway(
      accountRecord,
      crypto,
      this.config.gatewayKey,
      this.config.net,
      payload,
    );
    if (!opened) return this.raise("GATEWAY_SIGNATURE", "account");
    const account = opened.value;
    if (toHex(account.node) !== this.id || account.atMs < this.state.accountMs) return;
    this.state.freeMicro = account.freeMicro;
    this.state.lockedMicro = account.lockedMicro;
    this.state.accountMs = account.atMs;
    for (const { txid, code } of account.rejected) {
      log("warn", "tx-rejected", { txid: toHex(txid), code: codeOfWire(code) ?? code });
      forgetReserve(this.state, txid);
    }
  }

  /** Something is wrong with the gateway, or with what claims to be it: said where all members see it. */
  private raise(code: string, detail: string): void {
    this.ports.log("error", "alarm", { code, detail });
    this.alarm = { code, detail };
    this.publishState();
  }

  /** Says again how this node is: retained, for the gateway and for people. */
  publishState(): void {
    const payload = this.stateText("online");
    const bytes = new Uint8Array(payload.length);
    for (let i = 0; i < payload.length; i++) bytes[i] = payload.charCodeAt(i) & 0x7f;
    this.ports.transport.publish(this.topics.state(this.id), bytes, true);
  }

  /** ASCII JSON; the boot number tells a stale last will from a present one. */
  private stateText(state: "online" | "offline"): string {
    const facts: Record<string, string | number> = { state, boot: this.state.boot };
    if (state === "online") Object.assign(facts, this.updater?.facts());
    // Writes of flash so far, its wear: with messages and registers, at the time of this birth.
    if (state === "online") facts.writes = this.state.version + this.state.registers.writes;
    const { start } = this.ports;
    if (start && state === "online") {
      facts.reset = start.reset;
      if (start.failed > 0) facts.failed = start.failed;
      if (start.safe) facts.safe = 1;
    }
    if (this.alarm && state === "online") {
      facts.alarm = this.alarm.code;
      facts.detail = this.alarm.detail;
    }
    const text = JSON.stringify(facts);
    return text.length <= STATE_CHARS_MAX ? text : JSON.stringify({ ...facts, detail: undefined });
  }
}
