// SPDX-License-Identifier: Apache-2.0
/**
 * Everything the node application needs from outside. An adapter (ESP32, desktop simulator, XS host, Node)
 * implements these; the application has no other way to reach a clock, a chip, a store or a network.
 */
import type { Crypto, Entropy } from "#core/crypto/port";
import type { Code } from "#core/errors/codes";
import type { CounterSpec, EnergySample } from "#drivers/types";
import type { ProfileMaker } from "./profile/types.ts";
import type { Firmware } from "./update/ports.ts";
import type { FlashRegion } from "./witness/ports.ts";

/** A key-value store on flash. Each call is atomic and durable when it returns. */
export interface KeyValueStore {
  /** The stored bytes, or undefined where the key is not there. */
  get(key: string): Uint8Array | undefined;
  set(key: string, value: Uint8Array): void;
  delete(key: string): void;
  /** All keys that begin with `prefix`, in no particular order. */
  keys(prefix: string): string[];
}

/** A metering chip: its driver, and how old a sample may be. */
export interface EnergyMeter {
  /** What its counters are: known at the latest with the first sample, then the same over the whole start. */
  readonly counters: readonly CounterSpec[];
  /**
   * Whether the chip kept its power while the node started: true after a restart by software, false after a
   * power cut of both. Decides for `powered` counters; undefined where the device cannot tell.
   */
  readonly chipStayedOn?: boolean;
  /**
   * The newest sample, which is no older than a few polls, or undefined where the chip is silent. A simulated
   * chip gives the one at protocol time `atMs`, with that as its uptime.
   */
  sample(atMs: number): EnergySample | undefined;
}

/** The network side: an MQTT 3.1.1 client with QoS 1, connected and re-connected by the adapter. */
export interface Transport {
  publish(topic: string, payload: Uint8Array, retain: boolean): void;
}

/** The time of day, as far as the node can tell. */
export interface UtcTime {
  /** Milliseconds since 1970; 0 where the quality is unknown. */
  utcMs: number;
  /** One of TimeQuality. */
  quality: number;
  /** The true time is at most this far away, ms. */
  errorMs: number;
}

/** Time of the device; never used to integrate energy. */
export interface RealTime {
  /** Milliseconds since the device started: never goes back or jumps. Drives retries and wake-ups. */
  uptimeMs(): number;
  utc(): UtcTime;
  /** A live notice has come: the gateway's clock showed `realMs` a moment ago. */
  gatewayTime?(realMs: number): void;
  /** Asks for one `onTimer` call after `delayMs`; a new call replaces the one before. */
  wakeAfter(delayMs: number): void;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Structured log: an event name and small facts; never secrets. */
export type Log = (level: LogLevel, event: string, facts?: Record<string, string | number>) => void;

/** Why this start happened, for people who look after the meter (health/boot-guard.ts). */
export interface StartFacts {
  readonly reset: string;
  /** Failed starts in a row before this one. */
  readonly failed: number;
  /** The node only meters. */
  readonly safe: boolean;
}

export interface NodePorts {
  crypto: Crypto;
  entropy: Entropy;
  store: KeyValueStore;
  meter: EnergyMeter;
  transport: Transport;
  time: RealTime;
  log: Log;
  /** Of a node that is more than a meter. */
  profile?: ProfileMaker;
  /** Undefined where nothing counts starts: in a simulator. */
  start?: StartFacts;
  /** The node has a certificate: whoever gave it knows the owner. */
  onCertified?(): void;
  /** Its gateway's word is false, or it left the consortium: the node is to go on at another one, if it knows one. */
  leave?(code: Code): void;
  /** On a board that has two slots for firmware images. */
  firmware?: Firmware;
  /** Raw flash for the witness log; without it the node does not witness. */
  witness?: FlashRegion;
}
