// SPDX-License-Identifier: Apache-2.0
/**
 * The node application: one meter with its identity. Adapters deliver events (connected, message, timer);
 * everything else follows from the gateway's notices. The same code runs on an ESP32, in the desktop
 * simulator, in the XS host and on Node.
 */
import { toHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import { type Code, codeOfWire } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import { RESEND_AFTER_MS, RESEND_MAX_MS } from "#core/limits";
import { configRecord, memberRecord } from "#core/records/member";
import { walletsRecord } from "#core/records/wallets";
import { Topics } from "#core/topics";
import type { DriverFault } from "#drivers/types";
import { Account } from "./account.ts";
import { type Alarm, asciiOf, birthText, willText } from "./birth.ts";
import type { Certifier } from "./certifier.ts";
import { ProtocolClock } from "./clock.ts";
import type { NodeConfig } from "./config.ts";
import { Conversation } from "./conversation.ts";
import type { LastTrade } from "./dealer.ts";
import { Enrolment } from "./enrolment.ts";
import { Epochs } from "./epochs.ts";
import { certifierOf, leaveGateway } from "./fellowship.ts";
import { GatewayTrust } from "./gateway-trust.ts";
import { fromGateway } from "./inspect.ts";
import { Journal } from "./journal.ts";
import { Metering } from "./metering.ts";
import { Observer } from "./observer.ts";
import type { NodePorts } from "./ports.ts";
import type { Profile } from "./profile/types.ts";
import { Purse } from "./purse.ts";
import { takeReceipt } from "./receipts.ts";
import { RegisterKeeper } from "./register/keeper.ts";
import { startRegisters } from "./register/register.ts";
import { Slots } from "./slots.ts";
import { jittered, Speaker } from "./speaker.ts";
import type { NodeState } from "./state.ts";
import { updaterOf } from "./update/attach.ts";
import type { Updater } from "./update/updater.ts";

/** A restart takes less, ms: none is begun so soon before a boundary, where the meter has to be read. */
const RESTART_MS = 60_000;

export class MeterNode {
  readonly idBytes: Uint8Array;
  readonly id: string;
  readonly publicKey: Uint8Array;
  readonly topics: Topics;
  readonly state: NodeState;
  readonly purse: Purse;
  clock: ProtocolClock;
  readonly speaker: Speaker;
  /** Who witnesses for whom. */
  epochs!: Epochs;
  observer!: Observer;
  readonly metering: Metering;
  /** What it is besides a meter; undefined for a household. */
  profile: Profile | undefined;
  /** What was last sold or bought since this start, and the block that settled it once that is proven. */
  lastTrade: (LastTrade & { height?: number }) | undefined;
  /** Firmware updates, on a board that has two slots for images. */
  readonly updater: Updater | undefined;
  /** The node's certificate, where it is to have one. */
  readonly enrolment: Enrolment | undefined;
  private readonly trust: GatewayTrust | undefined;
  private readonly config: NodeConfig;
  private readonly ports: NodePorts;
  slots!: Slots;
  readonly conversation: Conversation;
  /** Where several gateways keep one ledger: whether this one's word is theirs. */
  readonly certifier: Certifier | undefined;
  private readonly account: Account;
  private readonly journal: Journal;
  /** Real time at which the request to be a member goes out again; undefined where none is due. */
  private helloAtMs: number | undefined;
  private helloPauseMs = RESEND_AFTER_MS;
  private alarm: Alarm | undefined;

  /** Recovers from the store; counts the boot durably before anything else is said. */
  constructor(config: NodeConfig, ports: NodePorts) {
    this.config = config;
    this.ports = ports;
    this.publicKey = ports.crypto.publicKey(config.secretKey);
    this.idBytes = nodeIdOf(ports.crypto, this.publicKey);
    this.id = toHex(this.idBytes);
    this.topics = new Topics(config.area);
    const journal = new Journal(ports.store);
    this.journal = journal;
    const keeper = new RegisterKeeper(ports.store, journal);
    this.state = journal.recover();
    if (journal.foreign > 0) ports.log("error", "journal-layout", { entries: journal.foreign });
    this.state.registers = keeper.recover(this.state.registers);
    startRegisters(this.state.registers, ports.meter.chipStayedOn);
    this.state.boot++;
    this.purse = new Purse(config, this.idBytes, ports.crypto, this.state);
    journal.save(this.state);
    this.clock = new ProtocolClock(ports.time);
    this.speaker = new Speaker(this.id, this.topics, journal, ports);
    this.metering = new Metering(this, config, ports, keeper);
    this.conversation = new Conversation(this, config, ports);
    this.account = new Account(this, config, ports);
    this.certifier = certifierOf(this, config, ports);
    this.follow();
    const { authority, enrolment } = config;
    this.trust = authority && new GatewayTrust(ports.crypto, config, authority);
    this.enrolment = enrolment && new Enrolment(this, config, enrolment, ports);
    this.updater = ports.firmware && updaterOf(this, ports, ports.firmware);
    if (this.updater) this.plan(); // a trial ends in time also where no network comes
  }

  /** Begins to follow the gateway that is there: its epochs, its area's transactions, its slots. */
  private follow(): void {
    const { config, ports } = this;
    const raise = (code: string, detail: string): void => this.raise(code, detail);
    this.epochs = new Epochs(ports.crypto, config.net, this.gatewayKey, this.certifier);
    this.observer = new Observer(this, config, ports, this.epochs, raise);
    this.slots = new Slots(this, config, ports, raise);
    this.profile = ports.profile?.(this, config, ports); // another gateway counts other slots
  }

  /** The key of the gateway that the node hears. */
  get gatewayKey(): Uint8Array {
    return this.conversation.key;
  }

  /** Commitment to the first set of wallet addresses: what a certificate binds. */
  get commitment(): Uint8Array {
    return this.purse.commitmentOf(0);
  }

  /** What the transport subscribes to on every connect. */
  subscriptions(): string[] {
    const { prefix, epoch, chainHead } = this.topics;
    const own = `${prefix}/node/${this.id}/down/+`;
    const topics = [own, epoch, `${prefix}/dag/+`, chainHead, `${prefix}/market/+`];
    if (this.certifier) topics.push(...this.certifier.subscriptions);
    if (this.trust)
      topics.push(this.topics.trust("gateway"), this.topics.trust("revoked-gateways"));
    if (this.ports.firmware) topics.push(this.topics.update(this.ports.firmware.board));
    return topics;
  }

  /** The last will that the transport registers: which start of the node is gone. */
  will(): { topic: string; payload: string } {
    return { topic: this.topics.state(this.id), payload: willText(this.state) };
  }

  /** The transport is connected and subscribed: birth, then the request to be (still) a member. */
  onConnect(): void {
    this.speaker.open = false;
    this.clock.reconnected();
    this.conversation.reconnected();
    this.certifier?.reconnected();
    this.slots.forget();
    this.publishState();
    this.helloPauseMs = RESEND_AFTER_MS;
    this.enrolment?.reconnected();
    this.greet();
    this.plan();
  }

  /** Says hello where the gateway is one, as far as this node can tell. */
  private greet(): void {
    const { trust, clock } = this;
    if (trust?.fault(clock.nowMs() || undefined)) return; // its certificate is to come
    this.hello();
  }

  /** What is retained about the gateway. */
  private onTrust(code: Code | undefined): void {
    if (code) return this.raise("GATEWAY_CERTIFICATE", code);
    const other = this.trust?.other(this.clock.nowMs() || undefined);
    if (other) this.meet(other);
    if (!this.speaker.open && this.helloAtMs === undefined) this.greet();
    this.checkGateway();
  }

  /** Another gateway has the authority's certificate for this area. What the one before said holds no more. */
  private meet(gatewayKey: Uint8Array): void {
    this.ports.log("info", "other-gateway", { key: toHex(gatewayKey) });
    this.speaker.open = false;
    this.helloAtMs = undefined;
    this.account.forget();
    this.certifier?.forget();
    this.conversation.meet(gatewayKey);
    this.clock = new ProtocolClock(this.ports.time);
    this.follow();
    this.enrolment?.reconnected();
  }

  /** A gateway whose certificate does not count any more is told nothing more. */
  private checkGateway(): void {
    const { trust, clock, speaker } = this;
    const code = speaker.open && trust?.fault(clock.nowMs() || undefined);
    if (!code) return;
    speaker.open = false;
    this.raise("GATEWAY_CERTIFICATE", code);
  }

  onDisconnect(): void {
    this.speaker.open = false;
    this.clock.reconnected();
    this.helloAtMs = undefined;
    this.slots.issuer.onDisconnect();
    this.updater?.onClosed();
  }

  /** Asks to be a member until the gateway answers: it may be away while the broker is not. */
  private hello(): void {
    const { net, name, capacityWh, secretKey } = this.config;
    const wallets = this.purse.claim(this.conversation.elsewhere);
    const member = { net, publicKey: this.publicKey, name, capacityWh, ...wallets };
    const { bytes } = signRecord(memberRecord, this.ports.crypto, secretKey, member);
    this.ports.transport.publish(this.topics.up(this.id, "enrol"), bytes, false);
    this.helloAtMs = this.ports.time.uptimeMs() + jittered(this.ports.entropy, this.helloPauseMs);
    this.helloPauseMs = Math.min(RESEND_MAX_MS, this.helloPauseMs * 2);
  }

  onMessage(topic: string, payload: Uint8Array): void {
    const { topics } = this;
    if (topic === topics.epoch) this.onNotice(payload);
    else if (topic === topics.caps) this.slots.onCaps(payload);
    else if (topic === topics.dagEpoch) this.onEpoch(payload);
    else if (this.observer.onMessage(topic, payload)) return this.plan();
    else if (this.certifier?.onMessage(topic, payload)) return this.plan();
    else if (topic === topics.clearing) this.slots.onClearing(payload);
    else if (topic === topics.demand) this.slots.onDemand(payload);
    else if (topic === topics.down(this.id, "receipt")) this.onReceipt(payload);
    else if (topic === topics.down(this.id, "contract")) this.slots.onContract(payload);
    else if (topic === topics.down(this.id, "tx")) this.slots.onTx(payload);
    else if (topic === topics.down(this.id, "token")) this.slots.issuer.onToken(payload);
    else if (topic === topics.down(this.id, "account")) this.account.onAccount(payload);
    else if (topic === topics.down(this.id, "proof")) this.account.onProof(payload);
    else if (topic === topics.down(this.id, "settlement")) this.account.onSettlement(payload);
    else if (topic === topics.down(this.id, "credit")) this.slots.onCredit(payload);
    else if (topic === topics.down(this.id, "config")) this.onConfig(payload);
    else if (topic === topics.down(this.id, "window")) this.profile?.onWindow(payload);
    else if (topic === topics.down(this.id, "update")) this.updater?.onChunk(payload);
    else if (topic === topics.down(this.id, "certificate")) this.onCertificate(payload);
    else if (topic === topics.trust("gateway")) this.onTrust(this.trust?.onCertificate(payload));
    else if (topic === topics.trust("revoked-gateways")) this.onTrust(this.trust?.onList(payload));
    else if (topic === topics.update(this.ports.firmware?.board ?? ""))
      this.updater?.onAnnounced(payload);
    else this.ports.log("debug", "unknown-topic", { topic });
    this.plan();
  }

  onTimer(): void {
    if (this.helloAtMs !== undefined && this.ports.time.uptimeMs() >= this.helloAtMs) this.hello();
    this.enrolment?.onTimer();
    this.speaker.onTimer();
    this.metering.say();
    this.slots.issuer.onTimer();
    this.slots.onTimer();
    this.observer.onTimer(); // after what the market needs
    this.updater?.onTimer();
    this.certifier?.onTimer();
    this.plan();
  }

  private onNotice(payload: Uint8Array): void {
    this.slots.onNotice(payload);
    this.checkGateway();
    if (this.speaker.open) this.enrolment?.onTime(this.clock.nowMs());
  }

  private onEpoch(payload: Uint8Array): void {
    const code = this.epochs.follow(payload);
    if (code) return this.raise(code, "epoch");
    this.observer.onEpoch();
    this.slots.resume();
  }

  private onCertificate(payload: Uint8Array): void {
    if (!this.enrolment?.onCertificate(payload)) return;
    this.ports.onCertified?.();
    if (!this.speaker.open) this.greet();
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
    const { speaker, slots, updater, enrolment } = this;
    const delays = [speaker.delayMs(), slots.delayMs(), updater?.delayMs(), enrolment?.delayMs()];
    delays.push(slots.issuer.delayMs(), this.observer.delayMs(), this.certifier?.delayMs());
    for (const delay of delays)
      if (delay !== undefined && (next === undefined || delay < next)) next = delay;
    if (next !== undefined) this.ports.time.wakeAfter(next);
  }

  private onConfig(payload: Uint8Array): void {
    const { crypto, log } = this.ports;
    const opened = fromGateway(configRecord, crypto, this.gatewayKey, this.config.net, payload);
    if (!opened) return this.raise("GATEWAY_SIGNATURE", "config");
    const config = opened.value;
    if (toHex(config.node) !== this.id) return;
    this.helloAtMs = undefined; // answered
    if (config.code !== 0) {
      log("error", "not-admitted", { code: codeOfWire(config.code) ?? config.code });
      this.speaker.open = false;
      this.enrolment?.onRefused(config.code);
      return;
    }
    this.clock.atLeast(config.atMs);
    const revoked = this.trust?.fault(this.clock.nowMs()); // heard of after the hello
    if (revoked) return this.raise("GATEWAY_CERTIFICATE", revoked);
    const fault = this.conversation.admitted(config);
    if (fault) return this.raise(fault.code, fault.detail);
    const { account, proof } = this.conversation.greeting();
    if (account) this.account.onAccount(account.payload);
    if (proof) this.account.onProof(proof);
    this.speaker.open = true;
    this.speaker.restart();
    this.metering.say();
    this.slots.resume();
    this.updater?.onOpen();
  }

  /** Whether a restart would interrupt nothing: all is receipted, no contract is owed, no boundary near. */
  get quiet(): boolean {
    const { slots, state } = this;
    if (state.receiptedSeq < state.saidSeq || slots.owed.waiting || slots.issuer.busy) return false;
    return (slots.delayMs() ?? RESTART_MS) >= RESTART_MS;
  }

  private onReceipt(payload: Uint8Array): void {
    const fault = takeReceipt(this, this.ports.crypto, this.config.net, payload);
    if (fault) this.raise(fault.code, fault.detail);
  }

  /** Stores the state as it is. */
  save(): void {
    this.journal.save(this.state);
  }

  /** What had to wait for a transaction can go on. */
  settled(): void {
    this.slots.resume();
  }

  /** Says the next set of wallet addresses in time, before the present one is used up. */
  sayWallets(): void {
    const { speaker, purse, state } = this;
    if (!speaker.open || speaker.full) return;
    const claim = purse.due();
    if (!claim) return;
    const { net, secretKey } = this.config;
    const wallets = { net, node: this.idBytes, ...claim, said: state.saidSeq + 1 };
    const { bytes } = signRecord(walletsRecord, this.ports.crypto, secretKey, wallets);
    purse.said(claim);
    speaker.say(state, "wallets", bytes);
  }

  /** Something is wrong with the gateway, or with what claims to be it: said where all members see it. */
  private raise(code: string, detail: string): void {
    // What is retained may come before the certificate that says whose signature counts.
    if (code === "GATEWAY_SIGNATURE" && this.trust && !this.trust.certified)
      return this.ports.log("debug", "not-certified", { detail });
    this.ports.log("error", "alarm", { code, detail });
    this.alarm = { code, detail };
    this.publishState();
  }

  /** The same where the gateway's word on the ledger is false. */
  distrust(code: Code, detail: string): void {
    this.raise(code, detail);
    if (code !== "GATEWAY_SIGNATURE") leaveGateway(this, this.ports, code);
  }

  /** Says again how this node is: retained, for the gateway and for people. */
  publishState(): void {
    const text = birthText(this.state, this.updater?.facts(), this.ports.start, this.alarm);
    this.ports.transport.publish(this.topics.state(this.id), asciiOf(text), true);
  }
}
