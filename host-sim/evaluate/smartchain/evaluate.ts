// SPDX-License-Identifier: Apache-2.0
/** The whole evaluation by the protocol of ledger 4.7: what is run, and what comes out of it. */

import type { Crypto } from "#core/crypto/port";
import type { PotParams } from "#core/pot/params";
import { type Machine, machineOf } from "../machine.ts";
import type { Fact } from "../report.ts";
import { chainFacts, dagFacts, loadFacts, workFact } from "./facts.ts";
import { type LatencyResult, type LatencySetup, runLatency } from "./latency.ts";
import { type LoadExtent, type LoadTables, measureLoads } from "./loads.ts";
import {
  type Extent,
  type Measured,
  type Mined,
  measureChain,
  measureDag,
  measureWork,
} from "./measure.ts";
import { modelNetwork, type NetworkResult } from "./network.ts";
import { MEMBERS, people } from "./scenario.ts";
import { type HashCount, hashCount, median, type Spread, spread } from "./stats.ts";

export interface EvaluateSetup {
  seed: number;
  repetitions: number;
  /** N is looked at after each `step` transactions. */
  extent: Extent;
  pots: readonly PotParams[];
  /** Transactions in a block of the rival. */
  blocks: readonly number[];
  /** Difficulties, and how many blocks of each are mined in one repetition. */
  works: readonly { bits: number; blocks: number }[];
  latencies: readonly LatencySetup[];
  loads: LoadExtent;
}

/** One chain: what its preparation and its replay take at each N, ms a transaction. */
export interface Line {
  id: string;
  label: string;
  kind: "smartchain" | "chain";
  k?: number;
  m?: number;
  perBlock?: number;
  bits?: number;
  prepare: Spread[];
  validate: Spread[];
  /** Preparing all of the first N, s. */
  total: Spread[];
  /** Over all N. */
  prepareMs: Spread;
  validateMs: Spread;
  parts: Record<string, number>;
  witnessMs: number;
  bytes: number;
  askBytes: number;
  slope: number;
  /** Operations of a preparation and of a replay, for one transaction. */
  perTx: { hashes: number; signs: number; verifies: number; replayVerifies: number };
}

export interface Evaluation {
  machine: Machine;
  setup: EvaluateSetup;
  members: number;
  /** The values of N. */
  ns: number[];
  lines: Line[];
  works: (HashCount & { microsPerHash: number; blockMs: number })[];
  networks: NetworkResult[];
  latencies: LatencyResult[];
  tables: LoadTables;
  facts: Fact[];
}

interface Runs {
  dags: Measured[][];
  chains: Measured[][];
  mined: Mined[][];
}

/** Says how far it is. */
export type Say = (done: number, total: number, what: string) => void;

export async function evaluate(
  crypto: Crypto,
  setup: EvaluateSetup,
  say: Say,
): Promise<Evaluation> {
  const startMs = performance.now();
  const { seed, loads, pots } = setup;
  const rest = setup.latencies.length + 1;
  const total = setup.repetitions * (pots.length + setup.blocks.length + 1) + rest;
  const runs = repeat(crypto, setup, (done, what) => say(done, total, what));
  const latencies: LatencyResult[] = [];
  for (const latency of setup.latencies) {
    say(total - rest + latencies.length, total, `an area of ${latency.nodes} nodes`);
    latencies.push(await runLatency(crypto, latency));
  }
  const tables = measureLoads(loads, (what) => say(total - 1, total, what));
  const works = workOf(setup, runs);
  const lines = linesOf(setup, runs, works);
  const count = setup.extent.transactions;
  const facts = [
    ...pots.flatMap((pot, i) => dagFacts(pot, count, runs.dags[i])),
    ...setup.blocks.flatMap((perBlock, i) => chainFacts(perBlock, count, runs.chains[i][0])),
    ...works.map(workFact),
    ...loadFacts(tables),
  ];
  return {
    machine: machineOf(crypto.name, (performance.now() - startMs) / 1000),
    ...{ setup, members: MEMBERS, lines, works, latencies, tables, facts },
    ns: lines[0].prepare.map((_, i) => (i + 1) * setup.extent.step),
    networks: pots.map((pot) => modelNetwork(pot, seed)),
  };
}

/** All repetitions, the chains in turn in each: what changes on the machine meanwhile meets all alike. */
function repeat(
  crypto: Crypto,
  { seed, repetitions, extent, pots, blocks, works }: EvaluateSetup,
  say: (done: number, what: string) => void,
): Runs {
  const persons = people(crypto, seed);
  const warm = { transactions: 2 * extent.step, step: extent.step };
  say(0, "warming up");
  for (const pot of pots) measureDag(crypto, persons, pot, warm, seed);
  for (const perBlock of blocks) measureChain(crypto, persons, perBlock, warm);
  const dags: Measured[][] = pots.map(() => []);
  const chains: Measured[][] = blocks.map(() => []);
  const mined: Mined[][] = works.map(() => []);
  let done = 0;
  for (let run = 0; run < repetitions; run++) {
    pots.forEach((pot, i) => {
      say(done++, `repetition ${run + 1}, SmartChain (${pot.k}, ${pot.m})`);
      dags[i].push(measureDag(crypto, persons, pot, extent, seed + run));
    });
    let headers: Uint8Array[] = [];
    blocks.forEach((perBlock, i) => {
      say(done++, `repetition ${run + 1}, chain, ${perBlock} a block`);
      const { headers: made, ...measured } = measureChain(crypto, persons, perBlock, extent);
      chains[i].push(measured);
      if (made.length > headers.length) headers = made;
    });
    say(done++, `repetition ${run + 1}, proof-of-work`);
    works.forEach(({ bits, blocks: count }, i) => {
      // Other headers in each repetition: the root of another seed stands in their place.
      const fresh = headers.map((bytes) => varied(crypto, bytes, seed + run));
      mined[i].push(measureWork(crypto, fresh, bits, count));
    });
  }
  return { dags, chains, mined };
}

/** The same header over other transactions. */
function varied(crypto: Crypto, bytes: Uint8Array, run: number): Uint8Array {
  const other = bytes.slice();
  new DataView(other.buffer).setUint32(0, run);
  other.set(crypto.sha256(other), 32);
  return other;
}

function workOf({ works }: EvaluateSetup, { mined }: Runs): Evaluation["works"] {
  return works.map(({ bits }, i) => {
    const sum = (pick: (one: Mined) => number) => mined[i].reduce((s, one) => s + pick(one), 0);
    const [blocks, hashes, ms] = [
      sum((one) => one.blocks),
      sum((one) => one.hashes),
      sum((one) => one.totalMs),
    ];
    const microsPerHash = (1000 * ms) / hashes;
    const blockMs = (2 ** bits * microsPerHash) / 1000;
    return { ...hashCount(bits, blocks, hashes), microsPerHash, blockMs };
  });
}

function linesOf(setup: EvaluateSetup, runs: Runs, works: Evaluation["works"]): Line[] {
  const { pots, blocks, extent } = setup;
  const dags = pots.map(({ k, m }, i) => {
    const label = k === 0 ? "SmartChain, no tokens" : `SmartChain, ${m} of ${k} tokens`;
    const head = { id: `smartchain-${k}-${m}`, label, kind: "smartchain", k, m } as const;
    return { ...head, ...lineOf(runs.dags[i], extent, () => 0) };
  });
  const chains = [undefined, ...works].flatMap((work, w) =>
    blocks.map((perBlock, i): Line => {
      const bits = work?.bits ?? 0;
      const label = bits === 0 ? `chain, ${perBlock} a block` : `${bits} bits, ${perBlock} a block`;
      const head = { id: `chain-${perBlock}-${bits}`, label, kind: "chain" } as const;
      // A header's proof-of-work takes the same whatever the block holds: 2^bits hashes on the average.
      const addedMs = (run: number) =>
        w === 0 ? 0 : expectedMs(runs.mined[w - 1][run]) / perBlock;
      return { ...head, perBlock, bits, ...lineOf(runs.chains[i], extent, addedMs) };
    }),
  );
  return [...dags, ...chains];
}

function expectedMs({ bits, hashes, totalMs }: Mined): number {
  return (2 ** bits * totalMs) / hashes;
}

/** `addedMs`: proof-of-work of one transaction in each repetition. */
function lineOf(
  runs: readonly Measured[],
  { transactions, step }: Extent,
  addedMs: (run: number) => number,
) {
  const bins = runs[0].prepare.map((_, i) => i);
  const added = runs.map(({ prepare }, run) => prepare.map((ms) => ms + addedMs(run)));
  const totals = added.map((values) => {
    let sum = 0;
    return values.map((ms) => {
      sum += (ms * step) / 1000;
      return sum;
    });
  });
  const parts = Object.keys(runs[0].parts).map((part) => {
    const own = (run: number) => (part === "pow" ? addedMs(run) : 0);
    return [part, median(runs.map(({ parts: each }, run) => each[part] + own(run)))] as const;
  });
  const middle = (pick: (run: Measured) => number) => median(runs.map(pick));
  const [{ prepared, validated }] = runs;
  const overall = totals.map((values) => (1000 * values[values.length - 1]) / transactions);
  return {
    prepare: bins.map((i) => spread(added.map((values) => values[i]))),
    validate: bins.map((i) => spread(runs.map(({ validate }) => validate[i]))),
    total: bins.map((i) => spread(totals.map((values) => values[i]))),
    prepareMs: spread(overall),
    validateMs: spread(runs.map(({ validateMs }) => validateMs)),
    parts: Object.fromEntries(parts),
    witnessMs: middle((run) => run.witnessMs),
    bytes: middle((run) => run.bytes),
    askBytes: middle((run) => run.askBytes),
    slope: middle((run) => run.slope),
    perTx: {
      hashes: prepared.hashes / transactions,
      signs: prepared.signs / transactions,
      verifies: prepared.verifies / transactions,
      replayVerifies: validated.verifies / transactions,
    },
  };
}
