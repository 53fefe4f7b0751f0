// SPDX-License-Identifier: Apache-2.0
/** What a platform gives the device application: one set for the chip, one for the simulator. */
import type { Crypto, Entropy } from "#core/crypto/port";
import type { DriverFault, MeterTime } from "#drivers/types";
import type { EnergyMeter, KeyValueStore, Log, LogLevel } from "#meter/ports";
import type { DeviceFacts } from "#meter/provision/ports";
import type { QrMatrix } from "#meter/provision/qr";
import type { Board, MeterSettings } from "#meter/provision/settings";
import type { TimeServer } from "#meter/time/sync";
import type { FirmwareSlots } from "#meter/update/ports";
import type { FlashRegion } from "#meter/witness/ports";
import type { Console } from "#xs/device/console";
import type { Network, NetworkOptions } from "#xs/device/network";
import type { System } from "#xs/device/system";

/** A meter that runs: the application's port, and what has to be done around it. */
export interface OpenMeter {
  meter: EnergyMeter;
  close(): void;
}

export interface MeterEvents {
  onFault(fault: DriverFault, detail: string): void;
  /** As often as the meter says it. */
  onTime(time: MeterTime): void;
}

export interface DeviceParts {
  facts: DeviceFacts;
  /** The kind of board that releases are made for. */
  board: string;
  drivers: Board["drivers"];
  /** The board has Wi-Fi and is meant to use it. */
  wifi: boolean;
  crypto: Crypto;
  entropy: Entropy;
  store: KeyValueStore;
  system: System;
  /** Undefined on a simulated node. */
  slots: FirmwareSlots | undefined;
  /** Flash of the witness log; undefined: the node does not witness. */
  witness: FlashRegion | undefined;
  /** Hex of the operator's release key; undefined where updates are off. */
  releaseKey: string | undefined;
  /** Least level that is written to the console. */
  logLevel: LogLevel;
  /** Sees every entry. */
  onLog?: Log;
  qr: ((text: string) => QrMatrix) | undefined;
  openConsole(onBytes: (bytes: Uint8Array) => void): Console | undefined;
  openNetwork(options: NetworkOptions): Network;
  /** Answers to what time it is; `host` is the settings' server, never empty. */
  openTimeServer(host: string): TimeServer;
  openMeter(settings: MeterSettings, events: MeterEvents): OpenMeter;
}
