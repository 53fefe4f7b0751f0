// SPDX-License-Identifier: Apache-2.0
/** The node application with its meter, its clock and its connection, as long as it is provisioned. */
import { fromHex } from "#core/codec/bytes";
import { METER_POLL_MS } from "#core/limits";
import { Topics } from "#core/topics";
import { TimeQuality } from "#core/units/time";
import type { NodeConfig } from "#meter/config";
import type { Watchdog } from "#meter/health/watchdog";
import { type LinkState, NetworkUp } from "#meter/link/network-up";
import type { MqttSession } from "#meter/link/session";
import { MeterNode } from "#meter/node";
import type { Log, NodePorts } from "#meter/ports";
import type { Provisioned } from "#meter/provision/provisioner";
import { type TimeFix, TimeKeeper } from "#meter/time/keeper";
import { TimeSync } from "#meter/time/sync";
import type { Firmware } from "#meter/update/ports";
import { watch } from "#xs/device/health";
import { openSession } from "#xs/device/mqtt";
import type { Network } from "#xs/device/network";
import type { DeviceParts, OpenMeter } from "#xs/device/parts";
import { deviceTimer, uptimeMs, waker } from "#xs/device/timer";

/** Certificate of the authority that signed the broker's, DER, where one was stored. */
const CERTIFICATE_KEY = "tlsca";

export class RunningNode {
  /** Undefined until the meter has told what it counts: a P1 or SML meter does so with its telegrams. */
  node: MeterNode | undefined;
  linkState: LinkState = "no-network";
  readonly session: MqttSession;
  readonly keeper: TimeKeeper;
  private readonly parts: DeviceParts;
  private readonly provisioned: Provisioned;
  private readonly restart: () => void;
  private readonly log: Log;
  private readonly meter: OpenMeter;
  private readonly networkUp: NetworkUp;
  private readonly wakeAfter = waker(() => this.node?.onTimer());
  private onNetwork: () => void = () => {};
  private cancelPoll: (() => void) | undefined;
  private closed = false;
  private polls = 0;
  private readonly watchdog: Watchdog | undefined;
  private offMs = 0;

  /** @param restart announces the restart, and restarts */
  constructor(
    parts: DeviceParts,
    network: Network,
    provisioned: Provisioned,
    log: Log,
    restart: () => void,
  ) {
    this.parts = parts;
    this.provisioned = provisioned;
    this.restart = restart;
    this.log = log;
    const { entropy, store } = parts;
    const { link, node } = provisioned;
    this.keeper = new TimeKeeper({
      uptimeMs,
      onStep: (beforeMs, afterMs) => this.node?.onStep(beforeMs, afterMs),
      log,
    });
    const certificate = store.get(CERTIFICATE_KEY);
    const { clearing } = new Topics(node.area);
    const timer = deviceTimer;
    const onChange = () => this.networkUp.changed();
    const ports = { timer, entropy, log, onChange };
    this.session = openSession(link.broker, { certificate }, clearing, ports);
    const server = link.ntp === "" ? undefined : parts.openTimeServer(link.ntp);
    const offer = (source: "sntp", fix: TimeFix) =>
      this.keeper.offer(source, { ...fix, utcMs: fix.utcMs + this.offMs });
    const sync = server && new TimeSync({ timer, entropy, server, offer, log });
    this.networkUp = new NetworkUp({
      network: {
        up: () => network.up(),
        onChange: (run) => {
          this.onNetwork = run;
        },
      },
      timer,
      utc: () => this.keeper.utc(),
      sync,
      session: this.session,
      log,
      onState: (state) => {
        this.linkState = state;
      },
    });
    this.meter = parts.openMeter(provisioned.meter, {
      onFault: (fault, detail) => {
        log("debug", "meter-fault", { fault, detail });
        this.node?.onFault(fault);
      },
    });
    const { session } = this;
    const watched = {
      polls: () => this.polls,
      node: () => this.node,
      link: { progress: () => session.progress, idle: () => !network.up() },
    };
    this.watchdog = watch(watched, parts.system, log);
    this.poll();
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
    this.onNetwork();
  }

  close(): void {
    this.closed = true;
    this.cancelPoll?.();
    this.networkUp.close();
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
    const { keeper, session, log } = this;
    const ports: NodePorts = {
      crypto,
      entropy,
      store,
      meter: this.meter.meter,
      transport: session,
      time: {
        uptimeMs,
        utc: () => keeper.utc(),
        gatewayTime: (realMs) => keeper.gatewayTime(realMs),
        wakeAfter: this.wakeAfter,
      },
      log,
      ...this.firmware(),
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
