// SPDX-License-Identifier: Apache-2.0
/** Many seeds, or one again: what `wattle chaos`, the tests and acceptance do. */
import type { Crypto } from "#core/crypto/port";
import { type Outcome, runPlan } from "./consensus/arena.ts";
import { type Plan, type PlanOptions, planOf } from "./plan.ts";
import { shrink } from "./shrink.ts";

/** What many runs came to together. */
export interface Sums {
  runs: number;
  heights: number;
  events: number;
  messages: number;
  crashes: number;
  /** Byzantine gateways that somebody proved to be. */
  proved: number;
  highestRound: number;
  /** The longest that one took after healing, in thousandths of its bound. */
  boundPermille: number;
  failed: { seed: number; outcome: Outcome }[];
}

export interface ManyOptions extends PlanOptions {
  from: number;
  count: number;
  crypto?: () => Crypto;
  onRun?: (seed: number, sums: Sums) => void;
  /** Ends with the first violation. */
  first?: boolean;
}

export function runSeeds(options: ManyOptions): Sums {
  const { from, count, crypto, onRun, first, ...choices } = options;
  const sums: Sums = {
    runs: 0,
    heights: 0,
    events: 0,
    messages: 0,
    crashes: 0,
    proved: 0,
    highestRound: 0,
    boundPermille: 0,
    failed: [],
  };
  for (let seed = from; seed < from + count; seed++) {
    const outcome = runPlan(planOf(seed, choices), crypto ? { crypto: crypto() } : {});
    sums.runs++;
    sums.heights += outcome.heights;
    sums.events += outcome.events;
    sums.messages += outcome.delivered;
    sums.crashes += outcome.crashes;
    sums.proved += outcome.proved;
    sums.highestRound = Math.max(sums.highestRound, outcome.highestRound);
    sums.boundPermille = Math.max(sums.boundPermille, outcome.boundPermille);
    if (outcome.violation) sums.failed.push({ seed, outcome });
    onRun?.(seed, sums);
    if (first && outcome.violation) break;
  }
  return sums;
}

export interface Replay {
  plan: Plan;
  outcome: Outcome;
  /** What happened, line by line. */
  lines: string[];
  /** Runs that shrinking took; 0 where nothing failed. */
  runs: number;
}

/** A seed again, with its trace; one that fails is shrunk first. */
export function replay(seed: number, choices: PlanOptions = {}): Replay {
  const whole = planOf(seed, choices);
  const checkerOf = (plan: Plan): string | undefined => runPlan(plan).violation?.checker;
  const failing = checkerOf(whole) !== undefined;
  const { plan, runs } = failing ? shrink(whole, checkerOf) : { plan: whole, runs: 0 };
  const lines: string[] = [];
  const outcome = runPlan(plan, { trace: (line) => lines.push(line) });
  return { plan, outcome, lines, runs };
}
