// SPDX-License-Identifier: Apache-2.0
/** `wattle chaos`: gateways that agree on blocks while everything goes wrong, by seed. */
import { randomInt } from "node:crypto";
import type { Command } from "commander";
import { GATEWAYS_MAX } from "#core/consensus/limits";
import type { PlanOptions } from "../chaos/plan.ts";
import { replay, runSeeds } from "../chaos/runs.ts";
import { toJson } from "../report/format.ts";
import { whole } from "./options.ts";
import { Progress, pace } from "./progress.ts";

interface ChaosOptions {
  seed?: number;
  runs: number;
  gateways?: number;
  replay?: number;
  unanimous?: boolean;
  work?: boolean;
  json?: boolean;
}

const SEED_MAX = 0x7fffffff;

export function chaosCommand(program: Command): void {
  program
    .command("chaos")
    .description(
      "let gateways agree on blocks while messages, disks, clocks and some of them fail; by seed",
    )
    .option(
      "--seed <n>",
      "the first seed (default: one by chance, which is printed)",
      whole(0, SEED_MAX),
    )
    .option("--runs <n>", "so many seeds, one after the other", whole(1, 10_000_000), 500)
    .option("--gateways <m>", "gateways (default: 4, 5 or 7 by seed)", whole(1, GATEWAYS_MAX - 1))
    .option(
      "--replay <seed>",
      "run one seed with a trace; one that fails is shrunk first",
      whole(0, SEED_MAX),
    )
    .option("--unanimous", "all have to agree, as paper 1 prints it (default: a few runs do)")
    .option("--work", "leaders by proof-of-work (default: a few runs do)")
    .option("--json", "print the summary as JSON")
    .addHelpText(
      "after",
      "\nA run has some seconds of trouble: loss, delay, repeats, partitions, crashes at any output, lost disks," +
        "\nclocks, gateways that lie. Then all is healed, and three blocks more have to come within a stated bound." +
        "\nIt ends with status 1 if any invariant was violated; each such seed is printed." +
        "\n\nExamples:\n  wattle chaos --seed 1 --runs 1000" +
        "\n  wattle chaos --runs 200 --gateways 7" +
        "\n  wattle chaos --unanimous --work --runs 100" +
        "\n  wattle chaos --replay 815",
    )
    .action((options: ChaosOptions) => {
      process.exitCode = options.replay === undefined ? runMany(options) : runOne(options);
    });
}

function choicesOf({ gateways, unanimous, work }: ChaosOptions): PlanOptions {
  return {
    ...(gateways !== undefined && { gateways }),
    ...(unanimous && { rule: "unanimous" as const }),
    ...(work && { leader: "proof-of-work" as const }),
  };
}

function runMany(options: ChaosOptions): number {
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
          `seed ${seed}: ${last.outcome.violation?.message}\n  wattle chaos --replay ${seed}`,
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

function runOne(options: ChaosOptions): number {
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
