// SPDX-License-Identifier: Apache-2.0
/** Many towns, or one again: what `wattle chaos`, the tests and acceptance do. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { runTown } from "./arena.ts";
import type { TownOutcome } from "./outcome.ts";
import { type TownChoices, type TownPlan, townPlan } from "./plan.ts";
import { shrinkTown } from "./shrink.ts";

/** What many runs came to together. */
export interface TownSums {
  runs: number;
  events: number;
  turns: number;
  blocks: number;
  trades: number;
  loans: number;
  mintedMicro: number;
  messages: number;
  /** The longest that one took after healing, in thousandths of its bound. */
  boundPermille: number;
  faults: Record<string, number>;
  cpuMs: number;
  failed: { seed: number; checker: string; message: string }[];
}

/** One run, as a thread tells it. */
export interface TownTold extends Omit<TownOutcome, "violation"> {
  violation: { checker: string; message: string } | undefined;
  cpuMs: number;
}

export interface TownTask extends TownChoices {
  from: number;
  count: number;
}

export interface ManyTowns extends TownTask {
  /** Default: one a core. */
  threads?: number;
  onRun?: (seed: number, sums: TownSums) => void;
  /** Ends with the first violation. */
  first?: boolean;
}

/** One seed, for a thread. */
export async function tellTown(seed: number, choices: TownChoices): Promise<TownTold> {
  const before = process.threadCpuUsage();
  const { violation, ...outcome } = await runTown(townPlan(seed, choices));
  const { user, system } = process.threadCpuUsage(before);
  const told = violation && { checker: violation.checker, message: violation.message };
  return { ...outcome, violation: told, cpuMs: (user + system) / 1000 };
}

export async function runTowns(options: ManyTowns): Promise<TownSums> {
  const { from, count, onRun, first, threads = availableParallelism(), ...choices } = options;
  const sums = noTowns();
  const add = (told: TownTold): void => {
    addTown(sums, told);
    onRun?.(told.seed, sums);
  };
  if (threads <= 1 || count === 1) {
    for (let seed = from; seed < from + count; seed++) {
      add(await tellTown(seed, choices));
      if (first && sums.failed.length > 0) break;
    }
    return sums;
  }
  let next = from;
  const last = from + count;
  const seedOf = (): number | undefined =>
    next < last && !(first && sums.failed.length > 0) ? next++ : undefined;
  await Promise.all(
    Array.from({ length: Math.min(threads, count) }, () => inThread(choices, seedOf, add)),
  );
  return sums;
}

/** A thread that is given one seed after the other. */
function inThread(
  choices: TownChoices,
  seedOf: () => number | undefined,
  add: (told: TownTold) => void,
): Promise<void> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: choices });
  return new Promise((resolve, reject) => {
    const give = (): void => {
      const seed = seedOf();
      if (seed !== undefined) worker.postMessage(seed);
      else void worker.terminate().then(() => resolve());
    };
    worker.on("message", (told: TownTold) => {
      add(told);
      give();
    });
    worker.once("error", reject);
    give();
  });
}

function noTowns(): TownSums {
  const none = { runs: 0, events: 0, turns: 0, blocks: 0, trades: 0, messages: 0 };
  return { ...none, loans: 0, mintedMicro: 0, boundPermille: 0, faults: {}, cpuMs: 0, failed: [] };
}

function addTown(sums: TownSums, told: TownTold): void {
  const { seed, violation, boundPermille, faults } = told;
  sums.runs++;
  const counts = ["events", "turns", "blocks", "trades", "messages", "loans"] as const;
  for (const key of [...counts, "mintedMicro", "cpuMs"] as const) sums[key] += told[key];
  sums.boundPermille = Math.max(sums.boundPermille, boundPermille);
  for (const [fault, count] of Object.entries(faults))
    sums.faults[fault] = (sums.faults[fault] ?? 0) + count;
  if (violation) sums.failed.push({ seed, ...violation });
}

export interface TownReplay {
  plan: TownPlan;
  outcome: TownOutcome;
  /** What happened, line by line. */
  lines: string[];
  /** Runs that shrinking took; 0 where nothing failed. */
  runs: number;
}

/** A seed again, with its trace; one that fails is shrunk first. */
export async function replayTown(seed: number, choices: TownChoices = {}): Promise<TownReplay> {
  const whole = townPlan(seed, choices);
  const checkerOf = async (plan: TownPlan) => (await runTown(plan)).violation?.checker;
  const failing = (await checkerOf(whole)) !== undefined;
  const { plan, runs } = failing ? await shrinkTown(whole, checkerOf) : { plan: whole, runs: 0 };
  const lines: string[] = [];
  const outcome = await runTown(plan, { trace: (line) => lines.push(line) });
  return { plan, outcome, lines, runs };
}
