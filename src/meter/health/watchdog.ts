// SPDX-License-Identifier: Apache-2.0
/**
 * Feeds the hardware watchdog while the node's parts go on; where one has stopped, it starves and the board
 * restarts. It is about a node that hangs, and about nothing that a restart does not cure: a chip that does
 * not answer is still asked, a broker that is away is still tried, and days without network are none of
 * its business. So each part counts what it does, not what comes of it.
 */
import {
  WATCHDOG_FEED_MS,
  WATCHDOG_LINK_MS,
  WATCHDOG_SAMPLING_MS,
  WATCHDOG_STORAGE_MS,
} from "#core/limits-device";
import type { Log } from "../ports.ts";
import { Alarm, type Timer } from "../time/alarm.ts";

export const WATCHED = Object.freeze(["sampling", "storage", "link"] as const);
export type WatchedPart = (typeof WATCHED)[number];

const DEADLINES_MS: Readonly<Record<WatchedPart, number>> = Object.freeze({
  sampling: WATCHDOG_SAMPLING_MS,
  storage: WATCHDOG_STORAGE_MS,
  link: WATCHDOG_LINK_MS,
});

export interface WatchedSteps {
  /**
   * Any number that changes when the part has taken a step. `sampling`: polls of the chip, answered or not.
   * `storage`: writes. `link`: MqttSession.progress.
   */
  progress(): number;
  /**
   * Whether there is nothing that it should do. `sampling`: never. `storage`: nothing has changed since
   * the last write. `link`: there is no network, or none is configured.
   */
  idle(): boolean;
}

export interface WatchdogPorts {
  timer: Timer;
  /** Feeds the hardware. Its timeout is at least three WATCHDOG_FEED_MS. */
  feed(): void;
  log: Log;
}

export class Watchdog {
  private readonly ports: WatchdogPorts;
  private readonly parts: Readonly<Record<WatchedPart, WatchedSteps>>;
  private readonly alarm: Alarm;
  private readonly seen = new Map<WatchedPart, { progress: number; atMs: number }>();
  private hanging: WatchedPart | undefined;

  constructor(parts: Readonly<Record<WatchedPart, WatchedSteps>>, ports: WatchdogPorts) {
    this.parts = parts;
    this.ports = ports;
    this.alarm = new Alarm(ports.timer, () => this.check());
  }

  /** The part that hangs; undefined while all go on. */
  get starvedBy(): WatchedPart | undefined {
    return this.hanging;
  }

  /** From now on; the hardware has to be fed for good. Idempotent. */
  start(): void {
    this.check();
  }

  private check(): void {
    const { timer, feed, log } = this.ports;
    const nowMs = timer.uptimeMs();
    const hanging = WATCHED.filter((part) => !this.goesOn(part, nowMs))[0];
    if (hanging !== this.hanging) {
      if (hanging) log("error", "watchdog-starves", { part: hanging });
      this.hanging = hanging;
    }
    if (!hanging) feed();
    this.alarm.at(nowMs + WATCHDOG_FEED_MS);
  }

  private goesOn(part: WatchedPart, nowMs: number): boolean {
    const steps = this.parts[part];
    const now = steps.progress();
    const before = this.seen.get(part);
    if (before && now === before.progress && !steps.idle())
      return nowMs - before.atMs <= DEADLINES_MS[part];
    this.seen.set(part, { progress: now, atMs: nowMs });
    return true;
  }
}
