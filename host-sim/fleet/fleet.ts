// SPDX-License-Identifier: Apache-2.0
/** A fleet: many node applications in one process, each with its own store, chip and MQTT connection. */
import type { KeyValueStore, Log } from "#meter/ports";
import type { World } from "../worlds/types.ts";
import { FleetNode, type Shown } from "./fleet-node.ts";
import type { Place } from "./places.ts";
import { type FleetSummary, summarise } from "./summary.ts";
import type { NodeEngine, NodeSetup } from "./types.ts";

/** Nodes that start and connect at once: a broker's accept queue is short. */
const STARTING_MAX = 50;

export interface FleetOptions {
  /** Closed with the fleet. */
  engine: NodeEngine;
  setups: readonly NodeSetup[];
  world: World;
  /** Protocol time at the world's slot 0, ms. */
  worldStartMs: number;
  /** For example "mqtt://127.0.0.1:1883". */
  mqttUrl: string;
  /**
   * Gateways of one ledger, in place of `mqttUrl`: node `i` begins with the i-th, over and over, and where that
   * cannot be reached any more it goes on with the next.
   */
  places?: readonly Place[];
  /** PEM of the authority of an mqtts broker. */
  ca?: string;
  /** What the node with this id shows the broker; default: a token. */
  passwordOf?(id: string): string;
  /** The same store for every start of node `index`. */
  storeFor(index: number): KeyValueStore;
  /** With the fact `node`, the node's name. */
  log?: Log;
  /** Node `index` died; `cause` is a PowerCut where its store threw one. The others go on. */
  onFailed?(index: number, reason: string, cause?: unknown): void;
  /** Real time, of the day and since the start; default: the machine's. */
  nowMs?(): number;
}

export interface Fleet {
  /** Node ids by index; empty for a node that never started. */
  readonly ids: readonly string[];
  /** Whether node `index` runs and is connected. */
  connected(index: number): boolean;
  summary(): Promise<FleetSummary>;
  look(index: number): Promise<Shown>;
  /** Power cut: the node is gone at once, and the broker publishes its last will. */
  stop(index: number): Promise<void>;
  /** Starts the node anew from its store, after a stop, a failure, or a stop now. */
  restart(index: number): Promise<void>;
  /** Switches all nodes off: they say that they are offline. Ends the engine. */
  close(): Promise<void>;
}

/** Resolves when every node has started (or failed to) and has tried to connect once. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const nodes = options.setups.map((setup, index) => new FleetNode(index, setup, options));
  await eachOf(nodes, (node) => node.start());
  let closing: Promise<void> | undefined;
  const close = async () => {
    await eachOf(nodes, (node) => node.end());
    await options.engine.close();
  };
  return {
    get ids() {
      return nodes.map((node) => node.id);
    },
    connected: (index) => nodes[index].connected,
    summary: () => summarise(options.engine, nodes),
    look: (index) => nodes[index].look(),
    stop: (index) => nodes[index].stop(),
    restart: (index) => nodes[index].restart(),
    close: () => (closing ??= close()),
  };
}

/** Runs `act` for all items, STARTING_MAX at once. */
async function eachOf<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) await act(items[next++]);
  };
  await Promise.all(Array.from({ length: Math.min(STARTING_MAX, items.length) }, worker));
}
