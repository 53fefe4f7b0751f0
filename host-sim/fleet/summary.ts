// SPDX-License-Identifier: Apache-2.0
/** What a fleet did and what it took, for reports. */
import type { BatteryTrace } from "../battery/pack.ts";
import type { FleetNode } from "./fleet-node.ts";
import type { NodeEngine, NodeStats } from "./types.ts";

export interface FleetFailure {
  index: number;
  name: string;
  reason: string;
}

/** What the nodes took on XS, over all their lives: sums, and the largest of any node. */
export interface FleetXs {
  /** Bytecodes of all nodes together, and of the dearest single event. */
  meter: number;
  meterEventMax: number;
  events: number;
  slotsPeak: number;
  slotBytes: number;
  chunkBytesPeak: number;
  stackPeak: number;
  collections: number;
}

export interface FleetSummary {
  engine: "xs" | "v8";
  version: string;
  crypto: string;
  nodes: number;
  /** Nodes that run now: machines, on XS. */
  running: number;
  connected: number;
  /** Starts of nodes, with restarts. */
  starts: number;
  failed: FleetFailure[];
  published: number;
  received: number;
  /** Publishes without a connection; the nodes repeat them. */
  dropped: number;
  /** Undefined on V8. */
  xs: FleetXs | undefined;
  /** Proportional set size of the process that runs the nodes. */
  pssBytes: number;
  /** What the nodes' batteries did; none where the world has none. */
  batteries: BatteryTrace[];
}

export async function summarise(
  engine: NodeEngine,
  nodes: readonly FleetNode[],
): Promise<FleetSummary> {
  const present = await Promise.all(nodes.map((node) => node.stats()));
  const lives = [...nodes.flatMap((node) => node.past), ...present.filter((life) => !!life)];
  const sum = (of: (node: FleetNode) => number) =>
    nodes.reduce((total, node) => total + of(node), 0);
  return {
    engine: engine.name,
    version: engine.version,
    crypto: engine.crypto,
    nodes: nodes.length,
    running: sum((node) => (node.running ? 1 : 0)),
    connected: sum((node) => (node.connected ? 1 : 0)),
    starts: sum((node) => node.starts),
    failed: nodes.flatMap(({ index, setup, failure }) =>
      failure === undefined ? [] : [{ index, name: setup.config.name, reason: failure }],
    ),
    published: sum((node) => node.published),
    received: sum((node) => node.received),
    dropped: sum((node) => node.dropped),
    xs: lives.length > 0 ? xsOf(lives) : undefined,
    pssBytes: (await engine.memory()).pssBytes,
    batteries: nodes.flatMap(({ battery }) => battery ?? []),
  };
}

function xsOf(lives: readonly NodeStats[]): FleetXs {
  const sum = (key: keyof NodeStats) => lives.reduce((total, life) => total + life[key], 0);
  const max = (key: keyof NodeStats) => lives.reduce((most, life) => Math.max(most, life[key]), 0);
  return {
    meter: sum("meter"),
    meterEventMax: max("meterEventMax"),
    events: sum("events"),
    slotsPeak: max("slotsPeak"),
    slotBytes: max("slotBytes"),
    chunkBytesPeak: max("chunkBytesPeak"),
    stackPeak: max("stackPeak"),
    collections: max("collections"),
  };
}
