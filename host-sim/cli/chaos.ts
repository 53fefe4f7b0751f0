// SPDX-License-Identifier: Apache-2.0
/** `wattle chaos`: whole towns, or their gateways' consensus alone, while everything goes wrong, by seed. */
import { randomInt } from "node:crypto";
import type { Command } from "commander";
import { GATEWAYS_MAX } from "#core/consensus/limits";
import { replayTown, runTowns, type TownSums } from "../chaos/town/runs.ts";
import { toJson } from "../report/format.ts";
import { type MachineOptions, runMachine, runMachines } from "./chaos-machines.ts";
import { whole } from "./options.ts";
import { Progress, pace } from "./progress.ts";

interface ChaosOptions extends MachineOptions {
  machines?: boolean;
  states?: boolean;
  threads?: number;
}

const SEED_MAX = 0x7fffffff;

export function chaosCommand(program: Command): void {
  program
    .command("chaos")
    .description(
      "let gateways and nodes trade and agree while messages, disks, clocks and some of them fail; by seed",
    )
    .option(
      "--seed <n>",
      "the first seed (default: one by chance, which is printed)",
      whole(0, SEED_MAX),
    )
    .option("--runs <n>", "so many seeds, one after the other", whole(1, 10_000_000), 200)
    .option("--gateways <m>", "gateways (default: 4 or 7 by seed)", whole(2, GATEWAYS_MAX - 1))
    .option(
      "--replay <seed>",
      "run one seed with a trace; one that fails is shrunk first",
      whole(0, SEED_MAX),
    )
    .option("--threads <n>", "threads of towns (default: one a core)", whole(1, 64))
    .option("--states", "only towns whose gateways hand out states (default: one in four, by seed)")
    .option("--machines", "only the machines that agree, without ledgers and nodes: much faster")
    .option("--unanimous", "machines: all have to agree, as paper 1 prints it (default: a few do)")
    .option("--work", "machines: leaders by proof-of-work (default: a few runs have it)")
    .option("--json", "print the summary as JSON")
    .addHelpText(
      "after",
      "\nA run has some seconds of trouble: loss, delay, repeats, partitions, crashes at any write or word, full" +
        "\nand damaged disks, clocks, gateways and nodes that lie; by seed also banks, rewards, proof-of-work," +
        "\n`unanimous`, and gateways that join, leave and are replaced. Then all is healed, and all slots have to be" +
        "\nsettled within a stated bound. It ends with status 1 if any invariant was violated; each such seed is" +
        "\nprinted." +
        "\n\nExamples:\n  wattle chaos --seed 1 --runs 1000" +
        "\n  wattle chaos --runs 200 --gateways 7" +
        "\n  wattle chaos --machines --unanimous --work --runs 100" +
        "\n  wattle chaos --replay 815",
    )
    .action(async (options: ChaosOptions) => {
      const { machines, unanimous, work, replay } = options;
      if (machines || unanimous || work)
        process.exitCode = replay === undefined ? runMachines(options) : runMachine(options);
      else process.exitCode = await (replay === undefined ? runMany(options) : runOne(options));
    });
}

async function runMany(options: ChaosOptions): Promise<number> {
  const { gateways, states, runs: count, threads } = options;
  const from = options.seed ?? randomInt(SEED_MAX - count);
  const progress = new Progress();
  const startMs = performance.now();
  progress.say(`seeds ${from} to ${from + count - 1}`);
  const again =
    (gateways === undefined ? "" : ` --gateways ${gateways}`) + (states ? " --states" : "");
  let said = 0;
  const sums = await runTowns({
    from,
    count,
    ...(threads !== undefined && { threads }),
    ...(gateways !== undefined && { gateways }),
    ...(states && { states }),
    onRun(_seed, { runs, failed }) {
      for (const { seed, message } of failed.slice(said))
        progress.say(`seed ${seed}: ${message}\n  wattle chaos --replay ${seed}${again}`);
      said = failed.length;
      progress.update(
        () => `${runs} of ${count} runs, ${said} failed, ${pace(runs, count, startMs)}`,
      );
    },
  });
  progress.clear();
  const seconds = (performance.now() - startMs) / 1000;
  print(options.json ? toJson({ from, ...sums, seconds }) : summary(from, sums, seconds));
  return sums.failed.length === 0 ? 0 : 1;
}

function summary(from: number, sums: TownSums, seconds: number): string {
  const { runs, events, turns, trades, faults, failed } = sums;
  const byKind = Object.entries(faults)
    .sort(([, a], [, b]) => b - a)
    .map(([fault, count]) => `${count} ${fault}`);
  const seeds = failed.map(({ seed }) => seed).sort((a, b) => a - b);
  const ended =
    seeds.length === 0 ? "no violation" : `${seeds.length} FAILED, seeds ${seeds.slice(0, 20)}`;
  return (
    `chaos: ${runs} runs from seed ${from}, ${events} events, ${turns} turns, ${trades} trades; ` +
    `faults: ${byKind.join(", ")}; ${seconds.toFixed(1)} s: ${ended}`
  );
}

async function runOne(options: ChaosOptions): Promise<number> {
  const { replay: seed, gateways, states } = options;
  const { plan, outcome, lines, runs } = await replayTown(seed!, {
    ...(gateways !== undefined && { gateways }),
    ...(states && { states }),
  });
  for (const line of lines) print(line);
  print(`plan: ${JSON.stringify(plan)}`);
  const { violation, turns, tookMs } = outcome;
  const shrunk = runs > 0 ? `, shrunk in ${runs} runs` : "";
  const ended = violation ? `FAILED${shrunk}: ${violation.message}` : "no violation";
  print(`chaos: seed ${seed}, ${turns} turns in ${tookMs} ms of its time: ${ended}`);
  return violation ? 1 : 0;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
