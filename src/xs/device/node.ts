// SPDX-License-Identifier: Apache-2.0
/** The node application with its meter, its clock and its connection, as long as it is provisioned. */
import { ascii, fromHex } from "#core/codec/bytes";
import type { Crypto, Entropy } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { nodeIdOf } from "#core/identity";
import { METER_POLL_MS, METER_TIME_MS } from "#core/limits-device";
import { Topics } from "#core/topics";
import { connectToken } from "#core/trust/connect";
import { TimeQuality } from "#core/units/time";
import type { DriverFault, MeterTime } from "#drivers/types";
import type { NodeConfig } from "#meter/config";
import type { Watchdog } from "#meter/health/watchdog";
import { type LinkState, NetworkUp, type NetworkUpPorts } from "#meter/link/network-up";
import { Roamer, type RoamerPorts } from "#meter/link/roamer";
import type { MqttSession, SessionPorts } from "#meter/link/session";
import { MeterNode } from "#meter/node";
import type { Log, NodePorts, RealTime, StartFacts, UtcTime } from "#meter/ports";
import type { Provisioned } from "#meter/provision/provisioner";
import { type KeeperPorts, type TimeFix, TimeKeeper } from "#meter/time/keeper";
import { TimeSync } from "#meter/time/sync";
import type { Firmware } from "#meter/update/ports";
import { watch } from "#xs/device/health";
import { openSession } from "#xs/device/mqtt";
import type { Network } from "#xs/device/network";
import type { DeviceParts, MeterEvents, OpenMeter } from "#xs/device/parts";
import { deviceTimer, uptimeMs, waker } from "#xs/device/timer";

/**
 * For its parts it is the port itself: they ask it for the time of day, the timer and the log, and tell it
 * what happens. An object of closures for each of them would take 2 KB of a chip's memory for good.
 */
export class RunningNode
  implements KeeperPorts, SessionPorts, NetworkUpPorts, RoamerPorts, MeterEvents, RealTime
{
  /** Undefined until the meter has told what it counts: a P1 or SML meter does so with its telegrams. */
  node: MeterNode | undefined;
  linkState: LinkState = "no-network";
  /** Of the chip, so far. */
  polls = 0;
  readonly session: MqttSession;
  readonly keeper: TimeKeeper;
  readonly network: Network;
  readonly sync: TimeSync | undefined;
  readonly timer = deviceTimer;
  readonly uptimeMs = uptimeMs;
  readonly entropy: Entropy;
  readonly crypto: Crypto;
  readonly log: Log;
  readonly wakeAfter = waker(() => this.node?.onTimer());
  private readonly parts: DeviceParts;
  private readonly provisioned: Provisioned;
  private readonly restart: () => void;
  private readonly onCertified: () => void;
  private readonly start: StartFacts;
  private readonly meter: OpenMeter;
  private readonly networkUp: NetworkUp;
  private readonly roamer: Roamer;
  readonly moveTo: (place: number, flights: number) => void;
  private cancelPoll: (() => void) | undefined;
  private closed = false;
  private readonly watchdog: Watchdog | undefined;
  private offMs = 0;
  /** Uptime from which the meter's word on the time is taken again. */
  private meterTimeDueMs = 0;

  /**
   * @param restart announces the restart, and restarts
   * @param moveTo keeps where the node goes on, and does the same
   */
  constructor(
    parts: DeviceParts,
    network: Network,
    provisioned: Provisioned,
    log: Log,
    start: StartFacts,
    restart: () => void,
    onCertified: () => void,
    moveTo: (place: number, flights: number) => void,
  ) {
    this.moveTo = moveTo;
    this.onCertified = onCertified;
    this.parts = parts;
    this.network = network;
    this.provisioned = provisioned;
    this.start = start;
    this.restart = restart;
    this.log = log;
    const { entropy, crypto } = parts;
    this.entropy = entropy;
    this.crypto = crypto;
    const { link, node } = provisioned;
    const { timer } = this;
    this.keeper = new TimeKeeper(this);
    this.session = openSession(link.broker, this, new Topics(node.area).clearing, this);
    const server = link.ntp === "" ? undefined : parts.openTimeServer(link.ntp);
    const offer = (source: "sntp", fix: TimeFix) =>
      this.keeper.offer(source, { ...fix, utcMs: fix.utcMs + this.offMs });
    this.sync = server && new TimeSync({ timer, entropy, server, offer, log });
    this.networkUp = new NetworkUp(this);
    this.roamer = new Roamer(provisioned.roaming, this);
    this.meter = parts.openMeter(provisioned.meter, this);
    this.watchdog = watch(this, network, parts.system, log);
    this.poll();
  }

  utc(): UtcTime {
    return this.keeper.utc();
  }

  gatewayTime(realMs: number): void {
    this.keeper.gatewayTime(realMs);
  }

  /**
   * The password that is set, for a broker that takes no tokens; else the token of a CONNECT. Where the time
   * of day is not known that says 1970: the gateway refuses it, and the next attempt has another.
   */
  password(): ArrayBuffer {
    const { crypto, node } = this;
    const { password } = this.provisioned.link.broker;
    if (password !== "") return ascii(password).slice().buffer;
    const { net, secretKey, gatewayKey } = this.config;
    assert(node, "PASSWORD_NODE", "the session starts with the node");
    const token = connectToken(crypto, secretKey, {
      net,
      gateway: nodeIdOf(crypto, gatewayKey),
      client: node.id,
      publicKey: node.publicKey,
      atMs: this.utc().utcMs,
    });
    return token.slice().buffer;
  }

  /** The time of day was set. */
  onStep(beforeMs: number, afterMs: number): void {
    this.node?.onStep(beforeMs, afterMs);
  }

  /** The session is connected, or is not any more. */
  onChange(): void {
    this.networkChanged();
  }

  onState(state: LinkState): void {
    this.linkState = state;
  }

  onFault(fault: DriverFault, detail: string): void {
    this.log("debug", "meter-fault", { fault, detail });
    this.node?.onFault(fault);
  }

  onTime(time: MeterTime): void {
    if (time.uptimeMs < this.meterTimeDueMs) return;
    this.meterTimeDueMs = time.uptimeMs + METER_TIME_MS;
    this.keeper.offer("meter", { ...time, utcMs: time.utcMs + this.offMs });
  }

  /** All parts go on. */
  get healthy(): boolean {
    return this.watchdog?.starvedBy === undefined;
  }

  /** Messages that have no receipt. */
  get unreceipted(): number {
    const { node } = this;
    return node ? node.state.saidSeq - node.state.receiptedSeq : 0;
  }

  get config(): NodeConfig {
    return this.provisioned.node;
  }

  /** For the simulator: from now on all sources tell the time of day this much later. */
  stepClock(byMs: number): void {
    this.offMs += byMs;
    const { utcMs, quality, errorMs } = this.keeper.utc();
    if (quality === TimeQuality.unknown) return;
    const fix = { utcMs: utcMs + byMs, uptimeMs: uptimeMs(), errorMs };
    // Two that agree move the clock.
    this.keeper.offer("sntp", fix);
    this.keeper.offer("meter", fix);
  }

  networkChanged(): void {
    this.networkUp.changed();
    this.roamer.look();
  }

  close(): void {
    this.closed = true;
    this.cancelPoll?.();
    this.networkUp.close();
    this.roamer.close();
    this.meter.close();
  }

  private poll(): void {
    if (this.closed) return;
    this.cancelPoll = deviceTimer.after(METER_POLL_MS, () => this.poll());
    this.polls++;
    if (!this.node && this.meter.meter.counters.length > 0) this.begin();
    this.node?.onPoll();
  }

  private begin(): void {
    const { crypto, entropy, store } = this.parts;
    const { session, log } = this;
    const ports: NodePorts = {
      crypto,
      entropy,
      store,
      meter: this.meter.meter,
      transport: session,
      time: this,
      log,
      start: this.start,
      onCertified: this.onCertified,
      leave: () => this.roamer.flee(),
      ...this.firmware(),
      ...(this.parts.witness ? { witness: this.parts.witness } : undefined),
    };
    this.node = new MeterNode(this.provisioned.node, ports);
    log("info", "node", { id: this.node.id, boot: this.node.state.boot });
    this.networkUp.start(this.node);
  }

  /** Updates, where the board has two slots and the build a release key. */
  private firmware(): { firmware: Firmware } | undefined {
    const { slots, releaseKey, board } = this.parts;
    const key = releaseKey === undefined ? undefined : fromHex(releaseKey);
    if (!slots || key?.length !== 32) return undefined;
    return { firmware: { board, releaseKey: key, slots, restart: this.restart } };
  }
}
