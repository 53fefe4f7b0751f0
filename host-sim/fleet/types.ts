// SPDX-License-Identifier: Apache-2.0
/**
 * The node application on either engine: what it is started with, what it asks of its surroundings, and how
 * events reach it. A fleet knows only these types.
 */
import type { EnergySample } from "#drivers/types";
import type { NodeConfig } from "#meter/config";
import type { KeyValueStore, Log } from "#meter/ports";
import type { BatteryPort } from "#meter/profile/types";
import type { FlashRegion } from "#meter/witness/ports";

export interface NodeSetup {
  config: NodeConfig;
  /** Index of the node's home in the world. */
  home: number;
  /** Everything random in the node follows from it and from `boots`, so that a run replays. */
  seed: number;
  /** How often this node was started before in this run: a restart draws other numbers. Default 0. */
  boots?: number;
}

/** What a node host asks of its surroundings. Called during the events below, and by `start`. */
export interface NodeIo {
  publish(topic: string, payload: Uint8Array, retain: boolean): void;
  /** What the simulated chip (chip.ts) shows at protocol time `atMs`; undefined where it is silent. */
  sample(atMs: number): EnergySample | undefined;
  store: KeyValueStore;
  /** Flash of the witness log; without it the node gives no tokens. */
  witness?: FlashRegion;
  /** The battery that the node commands, where its world has one for it. */
  battery?: BatteryPort;
  /** Real time since some start; never goes back. */
  uptimeMs(): number;
  /** The time of day. The machine's clock is also the gateway's, so a simulated node's is always synced. */
  utcMs(): number;
  wakeAfter(delayMs: number): void;
  log: Log;
  /**
   * The node died: a failure of its machine, an exception, or a PowerCut of its store, which is then the
   * `cause`. Called once; afterwards the node says nothing and events do nothing.
   */
  failed(reason: string, cause?: unknown): void;
}

/** One running node application. Events are handled in order, one at a time. */
export interface NodeHost {
  readonly id: string;
  readonly subscriptions: readonly string[];
  readonly will: { readonly topic: string; readonly payload: string };
  /** These resolve when the event has been handled and everything published went to `NodeIo`. */
  connected(): Promise<void>;
  disconnected(): Promise<void>;
  message(topic: string, payload: Uint8Array): Promise<void>;
  timer(): Promise<void>;
  /** A second has passed for a meter that somebody watches; NodeFace as JSON, undefined where it is dead. */
  look(): Promise<string | undefined>;
  /** The time of day was set: it said `beforeMs` and says `afterMs`. */
  stepped(beforeMs: number, afterMs: number): Promise<void>;
  /** Memory and meter; undefined on V8. */
  stats(): Promise<NodeStats | undefined>;
  /** Ends the node at once, as a power cut does. */
  close(): Promise<void>;
}

/** What a node took on XS. */
export interface NodeStats {
  /** Bytecodes of all events, and of the dearest one. */
  meter: number;
  meterEventMax: number;
  events: number;
  slots: number;
  slotsPeak: number;
  slotBytes: number;
  chunkBytes: number;
  chunkBytesPeak: number;
  stackPeak: number;
  collections: number;
  arenaBytes: number;
}

export interface EngineMemory {
  /** Proportional and resident set of the process that runs the nodes; 0 where the system does not say. */
  pssBytes: number;
  rssBytes: number;
}

export interface NodeEngine {
  readonly name: "xs" | "v8";
  /** For example "XS 13.3.0 64-bit". */
  readonly version: string;
  /** The nodes' crypto: `sodium` or `noble`. */
  readonly crypto: string;
  /** Starts a node on `io.store`; rejects where it dies before it is up (then `failed` is not called). */
  start(setup: NodeSetup, io: NodeIo): Promise<NodeHost>;
  memory(): Promise<EngineMemory>;
  close(): Promise<void>;
}

/** Where a node's signatures come from. */
export type NodeCrypto = "native" | "noble";
