// SPDX-License-Identifier: Apache-2.0
/**
 * Everything the node application needs from outside. An adapter (ESP32, desktop simulator, XS host, Node)
 * implements these; the application has no other way to reach a clock, a chip, a store or a network.
 */
import type { Crypto, Entropy } from "#core/crypto/port";

/** A key-value store on flash. Each call is atomic and durable when it returns. */
export interface KeyValueStore {
  /** The stored bytes, or undefined where the key is not there. */
  get(key: string): Uint8Array | undefined;
  set(key: string, value: Uint8Array): void;
  delete(key: string): void;
  /** All keys that begin with `prefix`, in no particular order. */
  keys(prefix: string): string[];
}

/** Cumulative energy counters of a metering chip, in mWh; they keep counting while the node is off. */
export interface ChipCounters {
  importMwh: bigint;
  exportMwh: bigint;
}

/** A metering chip. */
export interface EnergyMeter {
  /**
   * The counters at protocol time `atMs` (a real chip gives the present ones), or undefined if it
   * is silent.
   */
  sample(atMs: number): ChipCounters | undefined;
}

/** The network side: an MQTT 3.1.1 client with QoS 1, connected and re-connected by the adapter. */
export interface Transport {
  publish(topic: string, payload: Uint8Array, retain: boolean): void;
}

/** Real time, for retries and for running protocol time at a rate; never used to integrate energy. */
export interface RealTime {
  /** Milliseconds of real time (UTC where it is known). */
  nowMs(): number;
  /** Asks for one `onTimer` call after `delayMs` of real time; a new call replaces the one before. */
  wakeAfter(delayMs: number): void;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Structured log: an event name and small facts; never secrets. */
export type Log = (level: LogLevel, event: string, facts?: Record<string, string | number>) => void;

export interface NodePorts {
  crypto: Crypto;
  entropy: Entropy;
  store: KeyValueStore;
  meter: EnergyMeter;
  transport: Transport;
  time: RealTime;
  log: Log;
}
