// SPDX-License-Identifier: Apache-2.0
/** What the application sees of a network, whatever carries it. */
import type { WifiPort } from "#meter/provision/ports";

export interface Network {
  /** It has an address. */
  up(): boolean;
  address(): string | undefined;
  /** Undefined where there is no Wi-Fi. */
  wifi: WifiPort | undefined;
  close(): void;
}

export interface NetworkOptions {
  /** The network of the settings; undefined before there are any. */
  wifi: { ssid: string; passphrase: string } | undefined;
  /** `up` has changed. */
  onChange: () => void;
}

/** Pause before Wi-Fi is tried again, ms: first and longest. */
export const REJOIN_FIRST_MS = 1000;
export const REJOIN_MAX_MS = 60_000;
/** Longest time from `connect` to an address: a slow access point with a slow DHCP server, ms. */
export const JOIN_TIMEOUT_MS = 30_000;
