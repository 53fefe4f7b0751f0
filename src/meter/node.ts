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
import { accountRecord } from "#core/records/block";
import { type Config, configRecord, memberRecord } from "#core/records/member";
import { receiptRecord } from "#core/records/receipt";
import { openTx } from "#core/records/tx";
import { Topics } from "#core/topics";
import { ProtocolClock } from "./clock.ts";
import type { NodeConfig } from "./config.ts";
import { fromGateway } from "./inspect.ts";
import { Journal } from "./journal.ts";
import type { NodePorts } from "./ports.ts";
import { Slots } from "./slots.ts";
import { jittered, Speaker } from "./speaker.ts";
import { forgetReserve, type NodeState } from "./state.ts";

export class MeterNode {
  readonly idBytes: Uint8Array;
  readonly id: string;
  readonly publicKey: Uint8Array;
  readonly topics: Topics;
  readonly wallets: Uint8Array[] = [];
  readonly state: NodeState;
  readonly clock: ProtocolClock;
  readonly speaker: Speaker;
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
    this.state = journal.recover();
    this.state.boot++;
    journal.save(this.state);
    this.clock = new ProtocolClock(ports.time);
    this.speaker = new Speaker(this.id, this.topics, journal, ports);
    this.slots = new Slots(this, config, ports, (code, detail) => this.raise(code, detail));
  }

  /** What the transport subscribes to on every connect. */
  subscriptions(): string[] {
    const { prefix, epoch, caps } = this.topics;
    return [`${prefix}/node/${this.id}/down/+`, epoch, caps, `${prefix}/market/+`];
  }

  /** The last will that the transport registers: which start of the node is gone. */
  will(): { topic: string; payload: string } {
    return { topic: this.topics.state(this.id), payload: this.stateText("offline") };
  }

  /** The transport is connected and subscribed: birth, then the request to be (still) a member. */
  onConnect(): void {
    this.speaker.open = false;
    this.slots.owed.forget();
    this.publishState();
    this.helloPauseMs = RESEND_AFTER_MS;
    this.hello();
    this.plan();
  }

  onDisconnect(): void {
    this.speaker.open = false;
    this.helloAtMs = undefined;
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
    this.helloAtMs = this.ports.time.nowMs() + jittered(this.ports.entropy, this.helloPauseMs);
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
    else this.ports.log("debug", "unknown-topic", { topic });
    this.plan();
  }

  onTimer(): void {
    if (this.helloAtMs !== undefined && this.ports.time.nowMs() >= this.helloAtMs) this.hello();
    this.speaker.onTimer();
    this.slots.onTimer();
    this.plan();
  }

  /** Asks for the next wake-up: a repeat, or a boundary of the running clock. */
  private plan(): void {
    const { helloAtMs } = this;
    let next =
      helloAtMs === undefined ? undefined : Math.max(0, helloAtMs - this.ports.time.nowMs());
    for (const delay of [this.speaker.delayMs(), this.slots.delayMs()])
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
      this.adoptRegisters(config);
    } else if (config.upTo < this.state.receiptedSeq) {
      // It forgot what it receipted: a restored backup, or another gateway with the same key.
      return this.raise("GATEWAY_BEHIND", `${config.upTo} of ${this.state.receiptedSeq} receipted`);
    } else if (!this.speaker.receipted(this.state, { ...config, refused: [] })) {
      return this.raise("RECEIPT_DIGEST", "config");
    }
    this.speaker.open = true;
    this.speaker.restart();
    this.slots.resume();
  }

  /**
   * Registers never go back, also where the store that held them was lost: they go on from the last
   * reading.
   */
  private adoptRegisters(config: Config): void {
    const { state } = this;
    state.boundary = config.boundary;
    state.importMwh = config.importMwh;
    state.exportMwh = config.exportMwh;
    state.boundaryImportMwh = config.importMwh;
    state.boundaryExportMwh = config.exportMwh;
    state.lastNetMwh = { import: 0n, export: 0n };
    state.carryImportMwh = 0n;
    state.carryExportMwh = 0n;
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

  private publishState(): void {
    const payload = this.stateText("online");
    const bytes = new Uint8Array(payload.length);
    for (let i = 0; i < payload.length; i++) bytes[i] = payload.charCodeAt(i) & 0x7f;
    this.ports.transport.publish(this.topics.state(this.id), bytes, true);
  }

  /** ASCII JSON; the boot number tells a stale last will from a present one. */
  private stateText(state: "online" | "offline"): string {
    const facts: Record<string, string | number> = { state, boot: this.state.boot };
    if (this.alarm && state === "online") {
      facts.alarm = this.alarm.code;
      facts.detail = this.alarm.detail;
    }
    return JSON.stringify(facts);
  }
}
