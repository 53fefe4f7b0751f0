// SPDX-License-Identifier: Apache-2.0
/**
 * When a node goes to another gateway of its consortium: after some minutes without the present one, and back
 * to its own after some hours. It goes by starting anew, as for other settings: what it keeps between two
 * starts is all that it takes along.
 */
import type { Entropy } from "#core/crypto/port";
import {
  ROAM_AWAY_JITTER_MS,
  ROAM_AWAY_MS,
  ROAM_BACK_JITTER_MS,
  ROAM_BACK_MS,
} from "#core/limits-device";
import type { Log } from "../ports.ts";
import { Alarm, type Timer } from "../time/alarm.ts";
import { fullJitter } from "../time/backoff.ts";

export interface RoamerPorts {
  readonly timer: Timer;
  readonly entropy: Entropy;
  readonly log: Log;
  readonly network: { up(): boolean };
  readonly session: { readonly online: boolean };
  /** Starts anew at this place. */
  moveTo(place: number): void;
}

export class Roamer {
  private readonly ports: RoamerPorts;
  private readonly place: number;
  private readonly next: number;
  private readonly alarm: Alarm;
  /** Uptime at which it goes back to its own gateway; undefined: it is there. */
  private readonly backAtMs: number | undefined;
  /** Uptime at which it goes on; undefined: the gateway is there, or the node's own network is not. */
  private awayAtMs: number | undefined;

  /** It is at `place`, and goes to `next`; both 0: there is no other. */
  constructor(place: number, next: number, ports: RoamerPorts) {
    this.ports = ports;
    this.place = place;
    this.next = next;
    this.alarm = new Alarm(ports.timer, () => this.look());
    if (place !== 0) this.backAtMs = this.after(ROAM_BACK_MS, ROAM_BACK_JITTER_MS);
  }

  /** The network or the connection may have changed, or time has passed. */
  look(): void {
    if (this.place === this.next) return;
    const { network, session, timer } = this.ports;
    if (session.online || !network.up()) this.awayAtMs = undefined;
    else this.awayAtMs ??= this.after(ROAM_AWAY_MS, ROAM_AWAY_JITTER_MS);
    const { awayAtMs, backAtMs } = this;
    const nowMs = timer.uptimeMs();
    if (awayAtMs !== undefined && nowMs >= awayAtMs) return this.go(this.next);
    if (backAtMs !== undefined && nowMs >= backAtMs) return this.go(0);
    this.alarm.clear();
    if (awayAtMs !== undefined && backAtMs !== undefined)
      this.alarm.at(Math.min(awayAtMs, backAtMs));
    else this.alarm.at(awayAtMs ?? backAtMs);
  }

  close(): void {
    this.alarm.clear();
  }

  private after(leastMs: number, jitterMs: number): number {
    const { timer, entropy } = this.ports;
    return timer.uptimeMs() + leastMs + fullJitter(entropy, jitterMs);
  }

  private go(place: number): void {
    const { log } = this.ports;
    log(place === 0 ? "info" : "warn", place === 0 ? "gateway-own" : "gateway-away", { place });
    this.ports.moveTo(place);
  }
}
