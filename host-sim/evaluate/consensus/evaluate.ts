// SPDX-License-Identifier: Apache-2.0
/** The evaluation of the consensus: what is run, and what comes out of it. */
import type { Crypto } from "#core/crypto/port";
import { type Machine, machineOf } from "../machine.ts";
import type { Fact } from "../report.ts";
import { calibrate } from "./calibrate.ts";
import { runConsortium } from "./consortium.ts";
import { type Costs, type MachineCosts, measureCosts } from "./costs.ts";
import { consensusFacts } from "./facts.ts";
import { type Fig5, fig5Of } from "./fig5.ts";
import { type PaceRow, paceTable } from "./pace.ts";
import {
  type FaultRow,
  faultRow,
  faultSetups,
  type ModeRow,
  modeRow,
  type Row,
  rowOf,
  type ThroughputRow,
  throughputRow,
} from "./runs.ts";
import { setupOf } from "./setup.ts";
import { type Washing, washingOf } from "./washing.ts";

/** Gateways of the target, and one way between them, ms. */
export const TARGET = Object.freeze({ gateways: 51, delayMs: 50 });

export interface Extent {
  seed: number;
  /** For the measurement of turns. */
  votes: number;
  /** Numbers of gateways; the target's is among them. */
  sizes: readonly number[];
  delaysMs: readonly number[];
  lossesPermille: readonly number[];
  /** Blocks of each run. */
  heights: number;
  /** Sizes of the runs with dead gateways, and of those for throughput. */
  faultSizes: readonly number[];
  throughputSizes: readonly number[];
  /** Virtual time at each rate, ms. */
  rateMs: number;
  /** Of Fig. 5. */
  seeds: number;
}

const SIZES = [4, 7, 16, 31, 51];
const VOTES = 24_000;

export function fullExtent(seed: number): Extent {
  return {
    ...{
      votes: VOTES,
      seed,
      sizes: SIZES,
      delaysMs: [50, 0, 10, 100],
      lossesPermille: [0, 10],
      heights: 60,
    },
    ...{ faultSizes: SIZES, throughputSizes: SIZES, rateMs: 15_000, seeds: 100 },
  };
}

export function quickExtent(seed: number): Extent {
  return {
    ...{ votes: VOTES, seed, sizes: SIZES, delaysMs: [50], lossesPermille: [0], heights: 20 },
    ...{ faultSizes: [4, 7, 16], throughputSizes: [4], rateMs: 8000, seeds: 20 },
  };
}

export interface ConsensusEvaluation {
  about: string;
  machine: Machine;
  setup: Extent;
  /** What was put into the simulation as delays; by number of gateways the turns. */
  costs: MachineCosts & { turnUs: Record<string, Costs["turnUs"]> };
  latency: Row[];
  faults: FaultRow[];
  modes: ModeRow[];
  throughput: ThroughputRow[];
  fig5: Fig5;
  washing: Washing;
  pace: PaceRow[];
  facts: Fact[];
}

type Say = (done: number, total: number, what: string) => void;

/** `known`: what the machine takes, where it was measured before. */
export function evaluateConsensus(
  crypto: Crypto,
  extent: Extent,
  say: Say,
  known?: MachineCosts,
): ConsensusEvaluation {
  const startMs = performance.now();
  const { seed, sizes, delaysMs, lossesPermille, heights } = extent;
  const steps = 2 + sizes.length * (1 + delaysMs.length * lossesPermille.length);
  const total = steps + extent.faultSizes.length + 4 + extent.throughputSizes.length;
  let done = 0;
  const phase = <T>(what: string, work: () => T): T => {
    say(done++, total, what);
    return work();
  };
  const machine = phase("what this machine takes", () => known ?? measureCosts(crypto, seed));
  const costs = new Map<number, Costs>();
  for (const gateways of new Set([...sizes, 4, ...extent.faultSizes, ...extent.throughputSizes])) {
    const what = `turns of ${gateways} gateways`;
    costs.set(
      gateways,
      phase(what, () => calibrate(crypto, machine, gateways, extent)),
    );
  }
  const ports = (gateways: number) => ({ crypto, costs: costs.get(gateways)! });
  const latency = delaysMs.flatMap((delayMs) =>
    lossesPermille.flatMap((lossPermille) =>
      sizes.map((gateways) =>
        phase(`${gateways} gateways, links of ${delayMs} ms`, () => {
          const setup = setupOf(gateways, { seed, delayMs, lossPermille, heights });
          return rowOf(runConsortium(setup, ports(gateways)));
        }),
      ),
    ),
  );
  const faults = extent.faultSizes.flatMap((gateways) =>
    phase(`dead ones among ${gateways}`, () =>
      faultSetups(gateways, seed).map(([what, setup]) =>
        faultRow(what, runConsortium(setup, ports(gateways))),
      ),
    ),
  );
  const modes = (["quorum", "unanimous"] as const).flatMap((rule) =>
    (["round-robin", "proof-of-work"] as const).map((leader) =>
      phase(`${rule}, ${leader}`, () => modeRow(rule, leader, seed, ports(4))),
    ),
  );
  const throughput = extent.throughputSizes.map((gateways) =>
    phase(`throughput of ${gateways}`, () =>
      throughputRow(gateways, seed, ports(gateways), extent.rateMs),
    ),
  );
  const target = targetRow(latency);
  const fig5 = phase("Fig. 5", () =>
    fig5Of(target.finalMs.median, target.finalMs.high, extent.seeds),
  );
  const turnUs = Object.fromEntries([...costs].map(([m, one]) => [String(m), one.turnUs]));
  const rewards = { washing: washingOf(seed), pace: paceTable() };
  const measured = { latency, faults, modes, throughput, fig5, ...rewards };
  return {
    about:
      "Ms are milliseconds of virtual time; us are microseconds of this machine; median, low and high are " +
      "50, 5 and 95 %",
    machine: machineOf(crypto.name, (performance.now() - startMs) / 1000),
    setup: extent,
    costs: { ...machine, turnUs },
    ...measured,
    facts: consensusFacts(measured),
  };
}

/** The run that the target is about. */
export function targetRow(latency: readonly Row[]): Row {
  const { gateways, delayMs } = TARGET;
  const found = latency.find(
    (row) => row.gateways === gateways && row.delayMs === delayMs && row.lossPercent === 0,
  );
  return found ?? latency[latency.length - 1];
}
