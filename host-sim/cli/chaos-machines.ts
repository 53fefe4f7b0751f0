// SPDX-License-Identifier: Apache-2.0
/** `wattle chaos --machines`: the machines that agree, without ledgers and nodes. */
import { randomInt } from "node:crypto";
import type { PlanOptions } from "../chaos/plan.ts";
import { replay, runSeeds } from "../chaos/runs.ts";
import { toJson } from "../report/format.ts";
import { Progress, pace } from "./progress.ts";

export interface MachineOptions {
  seed?: number;
  runs: number;
  gateways?: number;
  replay?: number;
  unanimous?: boolean;
  work?: boolean;
  json?: boolean;
}

const SEED_MAX = 0x7fffffff;

function choicesOf({ gateways, unanimous, work }: MachineOptions): PlanOptions {
  return {
    ...(gateways !== undefined && { gateways }),
    ...(unanimous && { rule: "unanimous" as const }),
    ...(work && { leader: "proof-of-work" as const }),
  };
}

export function runMachines(options: MachineOptions): number {
  const from = options.seed ?? randomInt(SEED_MAX - options.runs);
  const progress = new Progress();
  const startMs = performance.now();
  progress.say(`seeds ${from} to ${from + options.runs - 1}`);
  const sums = runSeeds({
    ...choicesOf(options),
    from,
    count: options.runs,
    onRun(seed, { runs, failed }) {
      const last = failed.at(-1);
      if (last?.seed === seed)
        progress.say(
          `seed ${seed}: ${last.outcome.violation?.message}\n  wattle chaos --machines --replay ${seed}`,
        );
      progress.update(
        () =>
          `${runs} of ${options.runs} runs, ${failed.length} failed, ${pace(runs, options.runs, startMs)}`,
      );
    },
  });
  progress.clear();
  const seconds = (performance.now() - startMs) / 1000;
  const { runs, heights, messages, crashes, failed } = sums;
  const seeds = failed.map(({ seed }) => seed);
  if (options.json) print(toJson({ from, ...sums, failed: seeds, seconds }));
  const ended =
    seeds.length === 0 ? "no violation" : `${seeds.length} FAILED, seeds ${seeds.slice(0, 20)}`;
  if (!options.json)
    print(
      `chaos: ${runs} runs from seed ${from}, ${heights} blocks, ${messages} messages, ${crashes} crashes, ` +
        `${seconds.toFixed(1)} s: ${ended}`,
    );
  return seeds.length === 0 ? 0 : 1;
}

export function runMachine(options: MachineOptions): number {
  const seed = options.replay!;
  const { plan, outcome, lines, runs } = replay(seed, choicesOf(options));
  for (const line of lines) print(line);
  print(`plan: ${JSON.stringify(plan)}`);
  const { violation, heights, tookMs } = outcome;
  const shrunk = runs > 0 ? `, shrunk in ${runs} runs` : "";
  const ended = violation ? `FAILED${shrunk}: ${violation.message}` : "no violation";
  print(`chaos: seed ${seed}, ${heights} blocks in ${tookMs} ms of its time: ${ended}`);
  return violation ? 1 : 0;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
