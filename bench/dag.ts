// SPDX-License-Identifier: Apache-2.0
/**
 * The DAG: what a transaction costs, two parents chosen and itself inserted, in a DAG of 10 000 to a
 * million; its memory; how true the walk is; and the table of ledger 4.3 once more.
 */
import { randomBytes } from "node:crypto";
import type { Bench } from "tinybench";
import { Draws } from "#core/dag/draws";
import { Graph } from "#core/dag/graph";
import { Load } from "#core/dag/load";
import { CapSelector } from "#core/dag/select";
import { UnsolidPool } from "#core/dag/unsolid";
import { BiasedWalk, WALK_STEPS_MAX } from "#core/dag/walk";
import {
  DAG_WINDOW,
  NODE_DAG_CAPACITY,
  NODE_DAG_WINDOW,
  NODE_UNSOLID_BYTES_MAX,
  NODE_UNSOLID_MAX,
  UNSOLID_BYTES_MAX,
  UNSOLID_MAX,
} from "#core/limits";
import { totalVariation, walkChances } from "#host-sim/dag/chances";
import { type LoadResult, type LoadSetup, runLoad } from "#host-sim/dag/load";
import type { Finding } from "./identity.ts";

const SIZES = [10_000, 100_000, 1_000_000];
/** Transactions in one call of a case. */
export const DAG_BATCH = 250;
/** λ·h: transactions under way. */
const IN_FLIGHT = 10;
const STEP_MS = 100;
const RULE = { ageMaxMs: 600 * STEP_MS };
const COST_US_MAX = 10;
const RATIO_MAX = 1.5;
const NODE_BYTES_MAX = 8192;
const VARIATION_MAX = 0.02;
const WALKS = 100_000;

/** Adds the cases; what it returns judges their rates, per second of processor time. */
export function dag(bench: Bench): (rates: ReadonlyMap<string, number>) => Finding[] {
  const grown = SIZES.map((size) => new Traffic(size));
  const names = SIZES.map((size) => `${size}, batches of ${DAG_BATCH}`);
  grown.forEach((traffic, i) => {
    bench.add(names[i], () => traffic.issue(DAG_BATCH));
  });
  return (rates) => {
    const costs = names.map((name) => 1e6 / (rates.get(name) ?? Number.NaN));
    return [...costFindings(costs, grown), ...loadFindings()];
  };
}

/** Issuers who see what is IN_FLIGHT transactions old. */
class Traffic {
  readonly graph = new Graph({ capacity: 2048, grows: true, window: DAG_WINDOW, authors: 1024 });
  readonly draws = new Draws({ bytes: (length) => new Uint8Array(randomBytes(length)) }, 1024);
  readonly load = new Load();
  private readonly selector = new CapSelector(this.graph, this.draws, this.load);
  private readonly way: { id: Uint8Array; parents: Uint8Array[]; stampMs: number }[] = [];
  private issued = 0;
  private ids = new Uint8Array(0);
  steps = 0;

  constructor(size: number) {
    this.graph.blocks.add(new Uint8Array(randomBytes(32)), 0);
    while (this.issued < size) this.issue(1000);
  }

  issue(count: number): void {
    for (let i = 0; i < count; i++) {
      const stampMs = STEP_MS * this.issued++;
      const parents = this.selector.parents({ nowMs: stampMs, ...RULE }).map(({ id }) => id);
      this.steps = Math.max(this.steps, this.selector.steps);
      this.way.push({ id: this.freshId(), parents, stampMs });
      const seen = this.way.length > IN_FLIGHT ? this.way.shift() : undefined;
      if (seen) this.graph.add({ ...seen, author: this.issued % 1024, seq: this.issued });
    }
  }

  private freshId(): Uint8Array {
    if (this.ids.length === 0) this.ids = new Uint8Array(randomBytes(32 * 1024));
    const id = this.ids.subarray(0, 32);
    this.ids = this.ids.subarray(32);
    return id;
  }

  /** Total variation between walks as they come out and their chances by the definition. */
  variation(): number {
    const { graph, draws, load } = this;
    const walk = new BiasedWalk(graph, draws);
    const start = walk.start(load.inFlight);
    const ends = new Map<number, number>();
    for (let i = 0; i < WALKS; i++) {
      const end = walk.from(start, load.alpha);
      ends.set(end, (ends.get(end) ?? 0) + 1 / WALKS);
    }
    return totalVariation(ends, walkChances(graph, start, load.alpha));
  }
}

function costFindings(costs: readonly number[], grown: readonly Traffic[]): Finding[] {
  const findings = SIZES.map((size, i) =>
    atMost(`select two and insert, ${size} there, µs`, costs[i], COST_US_MAX),
  );
  const ratio = Math.max(...costs) / Math.min(...costs);
  findings.push(atMost("dearest size to cheapest", ratio, RATIO_MAX));
  grown.forEach(({ graph }, i) => {
    // Columns double: right after that they are half empty.
    const bytes = graph.bytes / graph.count;
    findings.push(atMost(`bytes a transaction, ${SIZES[i]} there`, bytes, 256));
  });
  const node = new Graph({
    ...{ capacity: NODE_DAG_CAPACITY, window: NODE_DAG_WINDOW },
    ...{ grows: false, authors: 256 },
  });
  findings.push(
    atMost(`bytes of a node's graph of ${NODE_DAG_CAPACITY}`, node.bytes, NODE_BYTES_MAX),
  );
  const steps = Math.max(...grown.map((traffic) => traffic.steps));
  findings.push(atMost("steps of the longest walk", steps, WALK_STEPS_MAX));
  const variation = Math.max(...grown.map((traffic) => traffic.variation()));
  findings.push(atMost("total variation from the walk", variation, VARIATION_MAX, 3));
  findings.push(...poolFindings());
  return findings;
}

/** A pool that is full, and a parent that comes for the last: the dearest case. */
function poolFindings(): Finding[] {
  return [
    [UNSOLID_MAX, UNSOLID_BYTES_MAX, 1000],
    [NODE_UNSOLID_MAX, NODE_UNSOLID_BYTES_MAX, 50],
  ].map(([countMax, bytesMax, most]) => {
    const pool = new UnsolidPool<number>({ countMax, bytesMax, timeoutMs: 1 });
    const fresh = () => new Uint8Array(randomBytes(32));
    for (let item = 0; item < countMax; item++)
      pool.add({ id: fresh(), parents: [fresh(), fresh()], bytes: 1, item }, () => false, 0);
    const from = process.cpuUsage();
    for (let i = 0; i < 100; i++) pool.arrived(fresh());
    const { user, system } = process.cpuUsage(from);
    return atMost(`a parent comes, ${countMax} wait, µs`, (user + system) / 100, most);
  });
}

const LAZY = { lazy: 0.2, rule: "uniform" } as const;
/** Rows of the table in ledger 4.3 at λh = 10: what is left behind there, and what may come out here, %. */
const ROWS: [string, Partial<LoadSetup>, keyof LoadResult, string, number, number][] = [
  ["uniform", { rule: "uniform" }, "never", "0.00", 0, 0.05],
  ["walk α = 0.01", { alpha: 0.01 }, "never", "0.00", 0, 0.15],
  ["walk α = 0.1", { alpha: 0.1 }, "never", "0.92", 0.4, 1.8],
  ["walk α = 0.5", { alpha: 0.5 }, "never", "6.1", 3, 9],
  ["walk and uniform, α = 0.1", { rule: "hybrid", alpha: 0.1 }, "never", "0.01", 0, 0.05],
  ["as chosen, A_max 60 h", { rule: "hybrid", ageMax: 60 }, "never", "none given", 0, 0.01],
  ["as chosen, A_max 10 h", { rule: "hybrid", ageMax: 10 }, "never", "none given", 0, 2],
  [
    "the same, promoted",
    { rule: "hybrid", ageMax: 10, promotes: true },
    "never",
    "none given",
    0,
    0.3,
  ],
  ["lazy, of uniform", LAZY, "lazyApproved", "100", 99, 100],
  ["lazy, of parents ≤ 10 h", { ...LAZY, ageMax: 10 }, "lazyApproved", "3.9", 0, 6],
  ["lazy, as chosen", { ...LAZY, rule: "hybrid", ageMax: 10 }, "lazyApproved", "none given", 0, 6],
];

function loadFindings(): Finding[] {
  const same = { seed: 1, inFlight: IN_FLIGHT, latencies: 1000, rule: "walk" } as const;
  return ROWS.map(([what, setup, field, there, least, most]) => {
    const result = runLoad({ ...same, ...setup });
    const share = 100 * result[field];
    const rest = `caps ${result.caps.toFixed(1)}, ${result.mean.toFixed(2)} h, p99 ${result.p99.toFixed(1)} h`;
    return {
      what: `${what}, ${field === "never" ? "never approved" : "lazy ones approved"}, %`,
      required: `${least} to ${most} (ledger 4.3: ${there})`,
      measured: `${share.toFixed(2)} (${rest})`,
      pass: share >= least && share <= most,
    };
  });
}

function atMost(what: string, value: number, most: number, digits = 2): Finding {
  return { what, required: `≤ ${most}`, measured: value.toFixed(digits), pass: value <= most };
}
