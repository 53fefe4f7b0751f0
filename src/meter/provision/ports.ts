// SPDX-License-Identifier: Apache-2.0
/** What provisioning needs from the device's adapter. */
import type { Crypto, Entropy } from "#core/crypto/port";
import type { KeyValueStore, Log, RealTime } from "../ports.ts";
import type { QrMatrix } from "./qr.ts";

export interface WifiNetwork {
  ssid: string;
  /** Signal strength, dBm. */
  rssi: number;
  /** It asks for a passphrase. */
  secured: boolean;
}

export interface WifiPort {
  /**
   * Leaves the present network and tries this one; `done` says whether it has an address there. Returns what
   * cancels the attempt, after which `done` may still be called and is ignored. After a failed or cancelled
   * attempt the adapter goes back to the network of the settings.
   */
  tryNetwork(ssid: string, passphrase: string, done: (connected: boolean) => void): () => void;
  /** Looks for networks, whose names are text; `done` is called once. */
  scan(done: (networks: readonly WifiNetwork[]) => void): void;
}

/**
 * What has changed in the store. `settings`, `network`: whatever runs with the old ones starts again.
 * `reset`: the device starts again, now; nothing of a reset of the identity happens before.
 */
export type Changed = "settings" | "network" | "reset";

export interface ProvisionPorts {
  crypto: Crypto;
  /** On an ESP32 it is random only while the radio or the bootloader's noise source is on. */
  entropy: Entropy;
  store: KeyValueStore;
  /** A timer of its own: `wakeAfter` calls the provisioner's `onTimer`. */
  time: Pick<RealTime, "uptimeMs" | "wakeAfter">;
  log: Log;
  /** The serial line, shared with the log: whole lines of the log never stand inside one write. */
  serial: { write(bytes: Uint8Array): void };
  /** Undefined on a board without Wi-Fi. */
  wifi: WifiPort | undefined;
  changed(what: Changed): void;
  /** Makes a QR code; undefined where the firmware was built without an encoder. */
  qr?: (text: string) => QrMatrix;
  /** Where the owner goes on after Wi-Fi works: the gateway's dashboard, where it is known. */
  url?: () => string | undefined;
  /** Messages that the gateway has not receipted: a new identity leaves them behind. */
  waiting?: () => number;
}

/** Who the device is, for people and programs on the serial line. */
export interface DeviceFacts {
  firmware: string;
  version: string;
  chip: string;
}
