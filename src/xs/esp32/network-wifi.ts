// SPDX-License-Identifier: Apache-2.0
/** Wi-Fi as a station: joins the network of the settings, and joins again whenever it is lost. */
import WiFi from "embedded:network/interface/wifi";
import type { WifiNetwork, WifiPort } from "#meter/provision/ports";
import { ffi } from "#xs/device/ffi";
import {
  JOIN_TIMEOUT_MS,
  type Network,
  type NetworkOptions,
  REJOIN_FIRST_MS,
  REJOIN_MAX_MS,
} from "#xs/device/network";
import { deviceTimer } from "#xs/device/timer";

/** ECMA-419 `connection`: below this there is no link to an access point. */
const LINKED = 400;
/** Networks of one scan that are kept: more do not help a person. */
const SCAN_MAX = 20;

export function openNetwork(options: NetworkOptions): Network {
  return new Station(options);
}

class Station implements Network, WifiPort {
  readonly wifi: WifiPort = this;
  private readonly options: NetworkOptions;
  private readonly station: WiFi;
  private wasUp = false;
  private pauseMs = REJOIN_FIRST_MS;
  private cancelRejoin: (() => void) | undefined;
  private attempt: { done: (connected: boolean) => void; cancel: () => void } | undefined;

  constructor(options: NetworkOptions) {
    this.options = options;
    this.station = new WiFi({ onChanged: () => this.changed() });
    // Modem sleep delays keepalives, and a meter has mains power.
    ffi().wattle_wifi_awake();
    this.join();
  }

  up(): boolean {
    return this.station.connection >= LINKED && this.station.address !== undefined;
  }

  address(): string | undefined {
    return this.station.address;
  }

  tryNetwork(ssid: string, passphrase: string, done: (connected: boolean) => void): () => void {
    this.cancelRejoin?.();
    this.attempt?.cancel();
    const cancelTimeout = deviceTimer.after(JOIN_TIMEOUT_MS, () => this.finish(false));
    this.attempt = { done, cancel: cancelTimeout };
    this.connect(ssid, passphrase);
    return () => this.finish(false);
  }

  scan(done: (networks: readonly WifiNetwork[]) => void): void {
    const networks: WifiNetwork[] = [];
    this.station.scan({
      onFound: ({ SSID, RSSI, security }) => {
        if (networks.length < SCAN_MAX)
          networks.push({ ssid: SSID, rssi: RSSI, secured: security !== "none" });
      },
      onComplete: () => done(networks),
    });
  }

  close(): void {
    this.cancelRejoin?.();
    this.attempt?.cancel();
    this.station.close();
  }

  private join(): void {
    const { wifi } = this.options;
    if (wifi) this.connect(wifi.ssid, wifi.passphrase);
  }

  private connect(ssid: string, passphrase: string): void {
    if (this.station.connection >= LINKED) this.station.disconnect();
    // An open network has no password, which is not an empty one.
    this.station.connect(passphrase === "" ? { SSID: ssid } : { SSID: ssid, password: passphrase });
  }

  private changed(): void {
    const up = this.up();
    if (up && this.attempt) this.finish(true);
    if (up) this.pauseMs = REJOIN_FIRST_MS;
    else if (this.station.connection < LINKED && !this.attempt) this.rejoin();
    if (up === this.wasUp) return;
    this.wasUp = up;
    this.options.onChange();
  }

  private finish(connected: boolean): void {
    const { attempt } = this;
    if (!attempt) return;
    this.attempt = undefined;
    attempt.cancel();
    if (!connected) this.rejoin();
    attempt.done(connected);
  }

  private rejoin(): void {
    this.cancelRejoin?.();
    this.cancelRejoin = deviceTimer.after(this.pauseMs, () => this.join());
    this.pauseMs = Math.min(REJOIN_MAX_MS, 2 * this.pauseMs);
  }
}
