// SPDX-License-Identifier: Apache-2.0
/**
 * The order in which a node comes up: the network, then the time of day, then the broker. It says which of
 * them is missing, for a lamp or a screen.
 */
import { NETWORK_TIME_WAIT_MS } from "#core/limits-device";
import { MINUTE_MS, SECOND_MS, TimeQuality } from "#core/units/time";
import type { Log, UtcTime } from "../ports.ts";
import { Alarm, type Timer } from "../time/alarm.ts";
import type { SessionNode } from "./session.ts";

/** Wi-Fi or Ethernet: whether the node has an address. */
export interface NetworkPort {
  up(): boolean;
  /** `run` is called when `up` may have changed. Called once; without it, `changed` is called instead. */
  onChange?(run: () => void): void;
}

/** What is missing. `no-time` also where the broker is there and the time of day is not. */
export type LinkState = "no-network" | "no-time" | "no-broker" | "online";

export interface NetworkUpPorts {
  network: NetworkPort;
  timer: Timer;
  utc(): UtcTime;
  /** TimeSync; undefined where no time server is configured, and then nothing waits for it. */
  sync: { start(): void; stop(): void } | undefined;
  /** MqttSession, whose `onChange` calls `changed`. */
  session: {
    readonly online: boolean;
    start(node: SessionNode): void;
    close(): void;
    stop(done: () => void): void;
  };
  log: Log;
  onState(state: LinkState): void;
}

export class NetworkUp {
  private readonly ports: NetworkUpPorts;
  private readonly alarm: Alarm;
  private node: SessionNode | undefined;
  /** Uptime at which the broker's turn comes whatever the time; undefined: without network. */
  private brokerByMs: number | undefined;
  private trying = false;
  private told: LinkState | undefined;

  constructor(ports: NetworkUpPorts) {
    this.ports = ports;
    this.alarm = new Alarm(ports.timer, () => this.changed());
    ports.network.onChange?.(() => this.changed());
  }

  get state(): LinkState {
    const { network, session } = this.ports;
    if (!network.up()) return "no-network";
    if (session.online) return this.timeKnown ? "online" : "no-time";
    return this.trying ? "no-broker" : "no-time";
  }

  /** Idempotent. */
  start(node: SessionNode): void {
    this.node = node;
    this.changed();
  }

  /** Leaves the broker in good order. */
  stop(done: () => void): void {
    this.leave();
    this.ports.session.stop(done);
  }

  /** Goes at once: the broker says it by the will. Idempotent, as is a `start` after it. */
  close(): void {
    this.leave();
    this.ports.session.close();
  }

  /** Something may have changed: the network, the session or, by itself, the time. */
  changed(): void {
    if (!this.node) return;
    if (!this.ports.network.up()) this.lost();
    else this.advance(this.node);
    this.tell();
  }

  private leave(): void {
    this.node = undefined;
    this.brokerByMs = undefined;
    this.trying = false;
    this.alarm.clear();
    this.ports.sync?.stop();
  }

  private get timeKnown(): boolean {
    return this.ports.utc().quality !== TimeQuality.unknown;
  }

  private lost(): void {
    this.alarm.clear();
    this.alarm.at(this.ports.timer.uptimeMs() + MINUTE_MS); // a change that was not told
    if (this.brokerByMs === undefined) return;
    this.brokerByMs = undefined;
    this.trying = false;
    this.ports.sync?.stop();
    this.ports.session.close();
  }

  private advance(node: SessionNode): void {
    const { sync, session, timer } = this.ports;
    const nowMs = timer.uptimeMs();
    if (this.brokerByMs === undefined) {
      // TLS judges certificates by the time of day, and the broker judges tokens. After a while it is tried
      // all the same: where neither asks for it, the gateway brings it.
      this.brokerByMs = nowMs + (sync ? NETWORK_TIME_WAIT_MS : 0);
      sync?.start();
    }
    if (!this.trying && (this.timeKnown || nowMs >= this.brokerByMs)) {
      this.trying = true;
      session.start(node);
    }
    this.alarm.at(nowMs + (this.timeKnown ? MINUTE_MS : SECOND_MS));
  }

  private tell(): void {
    const { state } = this;
    if (state === this.told) return;
    this.told = state;
    this.ports.log("info", "link-state", { state });
    this.ports.onState(state);
  }
}
