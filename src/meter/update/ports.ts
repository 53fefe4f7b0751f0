// SPDX-License-Identifier: Apache-2.0
/** What firmware updates need of a board: two slots for images, and a source that an image comes from. */
import type { Crypto, Entropy } from "#core/crypto/port";
import type { FirmwareVersion } from "#core/records/release";
import type { KeyValueStore, Log, RealTime } from "../ports.ts";

/**
 * The slot that runs and the idle one, and the bootloader's notes on which to start. Each call is durable
 * when it returns; false says that the flash or the bootloader did not take it.
 */
export interface FirmwareSlots {
  /** Number of the slot that runs: 0 or 1. */
  readonly slot: number;
  /** Version of the image that runs, compiled into it. */
  readonly running: FirmwareVersion;
  /**
   * `trial`: this start is the only one of a new image; at the next reset the bootloader goes back to the
   * image before, unless `confirm` was called. A bootloader that cannot roll back always says `valid`.
   * `unknown`: the bootloader has no note of this image that counts, and could not come back to it.
   */
  readonly bootState: "valid" | "trial" | "unknown";
  /** Bytes of the idle slot, whole sectors; 0 where the board has none. */
  readonly idleBytes: number;
  /** Erases the sector of the idle slot that begins at `offset`: all its bytes become 0xff. */
  erase(offset: number): boolean;
  /** Writes to erased flash of the idle slot; never over the end of a sector. */
  write(offset: number, bytes: Uint8Array): boolean;
  read(offset: number, length: number): Uint8Array;
  /** SHA-256 of the first `length` bytes of the idle slot. */
  digest(length: number): Uint8Array;
  /** The next start tries the image in the idle slot. False where the bootloader's own check refuses it. */
  activate(): boolean;
  /** The running image stays; makes the bootloader's note where there is none. */
  confirm(): boolean;
  /** Goes back to the image before and restarts; false where there is none. */
  rollback(): boolean;
}

/** Where the bytes of images come from. What is asked for may come late, twice, or not at all. */
export interface ImageSource {
  /** Asks for `chunks` chunks of the release from `offset` on; each is handed to `Updater.onChunk`. */
  request(release: Uint8Array, offset: number, chunks: number): void;
}

/** Two of the three things that a new image has to do before it is confirmed; the third is to store. */
export interface Health {
  /** The gateway has answered on the present connection. */
  network(): boolean;
  /** The metering chip answers. */
  meter(): boolean;
}

export interface UpdatePorts {
  crypto: Crypto;
  entropy: Entropy;
  store: KeyValueStore;
  time: Pick<RealTime, "uptimeMs" | "utc">;
  log: Log;
  slots: FirmwareSlots;
  source: ImageSource;
  health: Health;
  /** Whether a restart would interrupt nothing just now. */
  mayRestart(): boolean;
  /** Restarts the board. Nothing that is called after it has an effect. */
  restart(): void;
  /** What `Updater.facts` says has changed. */
  changed(): void;
}

export interface UpdateConfig {
  /** The kind of board that this is. */
  board: string;
  /** Ed25519 public key of the operator's releases. */
  releaseKey: Uint8Array;
  /** Real time in which a new image has to prove itself, ms. */
  trialMs?: number;
}

/** What an adapter gives a node whose board can be updated. */
export interface Firmware extends UpdateConfig {
  slots: FirmwareSlots;
  restart(): void;
}
