// SPDX-License-Identifier: Apache-2.0
/** Everything the gateway application needs from outside; adapters in src/node implement it. */
import type { Crypto } from "#core/crypto/port";
import type { Consensus } from "./chain/consensus.ts";
import type { Packer } from "./checkpoint/checkpoint.ts";
import type { ConsortiumPorts } from "./consortium/ports.ts";
import type { IdentityShelf, SealVerifier } from "./identity/ports.ts";

/** One record of the gateway's log. `index` counts from 1, without gaps but for what was dropped. */
export interface LogEntry {
  index: number;
  kind: number;
  bytes: Uint8Array;
}

/** The gateway's append-only log: what was acknowledged to anybody is in here first. */
export interface LogStore {
  /** Appends all entries in one transaction; durable (fsync) when it returns. Group commit. */
  append(entries: readonly { kind: number; bytes: Uint8Array }[]): void;
  /** Every entry from `from` on, in order. */
  read(from?: number): Iterable<LogEntry>;
  readonly length: number;
  /**
   * Drops the entries behind the first `head` and before `before`, for good; at most some thousand at once. It
   * is durable when it returns, and can go on later with a larger `before`.
   */
  drop(head: number, before: number): void;
  /** What was dropped: what is behind `head` and before `before` is not read. */
  readonly gap: { readonly head: number; readonly before: number } | undefined;
  /** Keeps `bytes` under this name beside the log, in place of what was there; durable when it returns. */
  keep(name: string, bytes: Uint8Array): void;
  /** What is kept under this name; undefined where nothing is, or where it is damaged. */
  kept(name: string): Uint8Array | undefined;
  close(): void;
}

/** Names the stages of a commit so that a test can kill the process exactly there. */
export type Probe = (stage: string) => void;

/** MQTT as the gateway sees it: the embedded broker in process, or a client of an external one. */
export interface Bus {
  /** Publishes at QoS 1; at 0 what a client that is away shall not find when it comes back. */
  publish(topic: string, payload: Uint8Array, options: { retain: boolean; qos?: 0 | 1 }): void;
  /** Calls `handler` for every message that matches `filter`, retained ones first. */
  subscribe(filter: string, handler: (topic: string, payload: Uint8Array) => void): void;
  close(): Promise<void>;
}

/** One signature to check. */
export interface VerifyJob {
  publicKey: Uint8Array;
  message: Uint8Array;
  signature: Uint8Array;
}

/** Checks many signatures, in worker threads where that pays; the answers are in order. */
export interface Verifier {
  verify(batch: readonly VerifyJob[]): Promise<boolean[]> | boolean[];
}

/** Prices of the grid, which the market lies between, µc/kWh. */
export interface Tariff {
  readonly feedInMicro: number;
  /** Retail price of a slot. */
  retailMicro(slot: number): number;
}

/** Real time (UTC ms) and one wake-up call; protocol time is derived from it only by a running clock. */
export interface GatewayTime {
  nowMs(): number;
  /** Asks for one `onTimer` after `delayMs` of real time; a new call replaces the one before. */
  wakeAfter(delayMs: number): void;
}

/** Firmware that the operator put out, with its images. */
export interface FirmwareShelf {
  /** Every signed release whose image is there, whole. */
  releases(): readonly Uint8Array[];
  /**
   * `length` bytes from `offset` of the image with this SHA-256 (hex); undefined where it is there no
   * more.
   */
  read(sha256: string, offset: number, length: number): Uint8Array | undefined;
}

export type GatewayLog = (
  level: "debug" | "info" | "warn" | "error",
  event: string,
  facts?: Record<string, string | number>,
) => void;

export interface GatewayPorts {
  crypto: Crypto;
  verifier: Verifier;
  store: LogStore;
  bus: Bus;
  tariff: Tariff;
  time: GatewayTime;
  probe: Probe;
  log: GatewayLog;
  /** Who decides on blocks where a test says so; without it what is proposed is decided. */
  consensus?: Consensus;
  /** The way to the other gateways of a consortium (options.consortium). */
  consortium?: ConsortiumPorts;
  /** With it what is in memory is kept beside the log from time to time, for a quick restart. */
  packer?: Packer;
  /** Where there is firmware to be had. */
  shelf?: FirmwareShelf;
  /** Where an authority says who may take part; without it whoever `admit` lets in may. */
  identity?: { shelf: IdentityShelf; seals: SealVerifier };
}
