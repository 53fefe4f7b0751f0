// SPDX-License-Identifier: Apache-2.0
/** One attempt at a time to join a network, with a time limit; and one search for networks. */
import { SCAN_NETWORKS_MAX, WIFI_SCAN_MS, WIFI_TRY_MS } from "#core/limits-device";
import type { WifiNetwork, WifiPort } from "./ports.ts";
import { encodeUtf8 } from "./utf8.ts";

/** Something that ends by a call from outside or by its time limit, whichever comes first. */
class Pending {
  private endAtMs = 0;
  private end: ((late: boolean) => void) | undefined;
  /** Tells a late call of an earlier attempt from one of the present attempt. */
  private attempt = 0;

  get running(): boolean {
    return this.end !== undefined;
  }

  /** Begins; returns the number of the attempt. */
  begin(endAtMs: number, end: (late: boolean) => void): number {
    this.endAtMs = endAtMs;
    this.end = end;
    return ++this.attempt;
  }

  /** Whether attempt number `attempt` is the one that runs. It is over then. */
  finish(attempt: number): boolean {
    if (!this.end || attempt !== this.attempt) return false;
    this.end = undefined;
    return true;
  }

  /** Ends what has run out of time; else says how long it may still take, ms. */
  check(nowMs: number): number | undefined {
    const { end } = this;
    if (!end) return undefined;
    if (nowMs < this.endAtMs) return this.endAtMs - nowMs;
    this.end = undefined;
    end(true);
    return undefined;
  }
}

export class WifiTry {
  private readonly wifi: WifiPort;
  private readonly trying = new Pending();
  private readonly scanning = new Pending();
  private cancel: (() => void) | undefined;

  constructor(wifi: WifiPort) {
    this.wifi = wifi;
  }

  /** Whether an attempt runs: the next one has to wait. */
  get busy(): boolean {
    return this.trying.running;
  }

  /** Tries a network; `done` is called once, in time. Nothing may be running (see `busy`). */
  start(nowMs: number, ssid: string, passphrase: string, done: (connected: boolean) => void): void {
    const attempt = this.trying.begin(nowMs + WIFI_TRY_MS, () => {
      const { cancel } = this;
      this.cancel = undefined;
      cancel?.();
      done(false);
    });
    const cancel = this.wifi.tryNetwork(ssid, passphrase, (connected) => {
      if (!this.trying.finish(attempt)) return;
      this.cancel = undefined;
      done(connected);
    });
    // An adapter may answer at once.
    if (this.trying.running) this.cancel = cancel;
  }

  /** Looks for networks; while a search runs another request is answered by the same result. */
  scan(nowMs: number, done: (networks: readonly WifiNetwork[]) => void): void {
    if (this.scanning.running) return;
    const attempt = this.scanning.begin(nowMs + WIFI_SCAN_MS, () => done([]));
    this.wifi.scan((networks) => {
      if (this.scanning.finish(attempt)) done(strongest(networks));
    });
  }

  /** Ends what has run out of time. Returns the time until the next limit, undefined where none is. */
  check(nowMs: number): number | undefined {
    const trying = this.trying.check(nowMs);
    const scanning = this.scanning.check(nowMs);
    if (trying === undefined) return scanning;
    return scanning === undefined ? trying : Math.min(trying, scanning);
  }
}

/** Each name once, the strongest first. Names that Improv's one packet cannot hold are none. */
function strongest(networks: readonly WifiNetwork[]): WifiNetwork[] {
  const sorted = networks
    .filter(({ ssid }) => ssid !== "" && encodeUtf8(ssid).length <= 32)
    .sort((a, b) => b.rssi - a.rssi);
  const named = sorted.filter(
    ({ ssid }, i) => sorted.findIndex((other) => other.ssid === ssid) === i,
  );
  return named.slice(0, SCAN_NETWORKS_MAX);
}
