// SPDX-License-Identifier: Apache-2.0
/**
 * Runs seeds until something is violated, and prints what, as JSON: `node mutant.ts <arena> <first seed> <seeds>`.
 * It is a program of its own so that mutations.ts can start it in a copy of the project.
 */
import { runPlan } from "./consensus/arena.ts";
import { planOf } from "./plan.ts";
import { runTown } from "./town/arena.ts";
import { townPlan } from "./town/plan.ts";

/** Consensus machines alone, whole towns, or towns whose gateways hand out states. */
export type Arena = "machines" | "towns" | "states";

/** What one mutant came to. */
export interface Caught {
  /** Undefined where all seeds passed. */
  seed?: number;
  checker?: string;
  detail?: string;
  runs: number;
  /** Virtual time of the run until then. */
  atMs?: number;
  /** Processor time of all runs. */
  cpuMs: number;
}

const [arena, ...numbers] = process.argv.slice(2);
const [from, seeds] = numbers.map(Number);
const caught: Caught = { runs: 0, cpuMs: 0 };
for (let seed = from; seed < from + seeds; seed++) {
  caught.runs++;
  const { violation, tookMs } =
    arena === "machines"
      ? runPlan(planOf(seed))
      : await runTown(townPlan(seed, { states: arena === "states" }));
  if (!violation) continue;
  const { checker, message: detail } = violation;
  Object.assign(caught, { seed, checker, detail: detail.split("\n")[0], atMs: tookMs });
  break;
}
const { user, system } = process.cpuUsage();
caught.cpuMs = Math.round((user + system) / 1000);
process.stdout.write(`${JSON.stringify(caught)}\n`);
