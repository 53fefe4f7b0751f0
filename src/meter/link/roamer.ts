// SPDX-License-Identifier: Apache-2.0
/**
 * When a node goes to another gateway of its consortium: after some minutes without the present one, or where
 * that one's word is false; and back to its own after some hours. It goes by starting anew, as for other
 * settings: what it keeps between two starts is all that it takes along.
 */
import type { Entropy } from "#core/crypto/port";
import {
  ROAM_AWAY_JITTER_MS,
  ROAM_AWAY_MS,
  ROAM_BACK_JITTER_MS,
  ROAM_BACK_MS,
  ROAM_FLEE_MS,
  ROAM_FLIGHTS_MAX,
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
  /** Starts anew at this place; `flights` is kept until then. */
  moveTo(place: number, flights: number): void;
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
  private readonly startMs: number;
  private readonly flights: number;
  /** Uptime at which it goes on because the gateway's word is false. */
  private fleeAtMs: number | undefined;

  /**
   * It is at `place`, and goes to `next`; both 0: there is no other. `flights`: moves in a row that led here
   * from a gateway whose word was false.
   */
  constructor(
    { place, next, flights }: { place: number; next: number; flights: number },
    ports: RoamerPorts,
  ) {
    this.ports = ports;
    this.startMs = ports.timer.uptimeMs();
    this.flights = flights;
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
    const { awayAtMs = Infinity, backAtMs = Infinity, fleeAtMs = Infinity } = this;
    const nowMs = timer.uptimeMs();
    if (nowMs >= fleeAtMs) return this.go(this.next, this.flightsNow);
    if (nowMs >= awayAtMs) return this.go(this.next);
    if (nowMs >= backAtMs) return this.go(0);
    this.alarm.clear();
    const atMs = Math.min(awayAtMs, backAtMs, fleeAtMs);
    if (atMs < Infinity) this.alarm.at(atMs);
  }

  /**
   * The gateway's word is false. A node that was there for long goes soon; one that came just now waits, and
   * longer each time: with liars everywhere it must not start anew for ever.
   */
  flee(): void {
    const { timer, entropy } = this.ports;
    const restMs = this.startMs + ROAM_FLEE_MS * 2 ** this.flights - timer.uptimeMs();
    // As many nodes find the same lie at once.
    this.fleeAtMs ??=
      timer.uptimeMs() + Math.max(0, restMs) + fullJitter(entropy, ROAM_AWAY_JITTER_MS);
    this.look();
  }

  close(): void {
    this.alarm.clear();
  }

  private after(leastMs: number, jitterMs: number): number {
    const { timer, entropy } = this.ports;
    return timer.uptimeMs() + leastMs + fullJitter(entropy, jitterMs);
  }

  /** With this one; hours at a gateway end the row. */
  private get flightsNow(): number {
    const stayedMs = this.ports.timer.uptimeMs() - this.startMs;
    return stayedMs >= ROAM_BACK_MS ? 1 : Math.min(this.flights + 1, ROAM_FLIGHTS_MAX);
  }

  private go(place: number, flights = 0): void {
    const { log } = this.ports;
    log(place === 0 ? "info" : "warn", place === 0 ? "gateway-own" : "gateway-away", { place });
    this.ports.moveTo(place, flights);
  }
}
