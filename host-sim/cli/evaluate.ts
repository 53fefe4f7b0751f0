// SPDX-License-Identifier: Apache-2.0
/** `wattle evaluate`: of both papers; `smartchain`, what paper 2 measured, anew and against a fair rival. */
import { type Command, InvalidArgumentError } from "commander";
import { sodiumCrypto } from "#node/crypto/sodium";
import { claimsOf } from "../evaluate/smartchain/claims.ts";
import { type Evaluation, evaluate } from "../evaluate/smartchain/evaluate.ts";
import { headLine, writeEvaluation } from "../evaluate/smartchain/report.ts";
import { STEP, setupOf } from "../evaluate/smartchain/setups.ts";
import { tablesOf } from "../evaluate/smartchain/tables.ts";
import { markdownTable } from "../evaluate/table.ts";
import { toJson } from "../report/format.ts";
import { evaluateConsensusCommand } from "./evaluate-consensus.ts";
import { evaluateCreditCommand } from "./evaluate-credit.ts";
import { whole } from "./options.ts";
import { Progress, pace } from "./progress.ts";

interface SmartchainOptions {
  full?: boolean;
  repetitions?: number;
  transactions?: number;
  seed: number;
  report?: string;
  json?: boolean;
}

function hundreds(text: string): number {
  const value = whole(5 * STEP, 20_000)(text);
  if (value % STEP !== 0) throw new InvalidArgumentError(`It takes a multiple of ${STEP}.`);
  return value;
}

export function evaluateCommand(program: Command): void {
  const command = program
    .command("evaluate")
    .description("measure what the papers claim, and say what came out");
  command
    .command("smartchain")
    .description(
      "block preparation and validation over N, against a conventional chain; cap selection over load",
    )
    .option("--full", "30 repetitions and longer runs: about 20 minutes")
    .option("--repetitions <n>", "repetitions (default: 3, with --full 30)", whole(1, 1000))
    .option("--transactions <n>", "the largest N (default: 2000)", hundreds)
    .option(
      "--seed <n>",
      "keys, selections and simulations follow from it",
      whole(0, 0x7fffffff),
      1,
    )
    .option("--report <dir>", "write evaluation.json, evaluation.md, CSV tables and SVG figures")
    .option("--json", "print everything as JSON")
    .addHelpText(
      "after",
      "\nIt ends with status 1 if a count, a walk's length, the growth over N or a share that chance allows is not" +
        "\nas it must be on every machine. Times are never judged." +
        "\n\nExamples:\n  wattle evaluate smartchain --report runs/evaluation" +
        "\n  wattle evaluate smartchain --repetitions 1 --transactions 500" +
        "\n  taskset -c 1 wattle evaluate smartchain --full --report runs/evaluation",
    )
    .action(async (options: SmartchainOptions) => {
      process.exitCode = await smartchain(options);
    });
  evaluateCreditCommand(command);
  evaluateConsensusCommand(command);
}

async function smartchain(options: SmartchainOptions): Promise<number> {
  const { full = false, seed, repetitions, transactions, report, json } = options;
  const progress = new Progress();
  const startMs = performance.now();
  const setup = setupOf({ full, seed, repetitions, transactions });
  const evaluation = await evaluate(sodiumCrypto(), setup, (done, total, what) =>
    progress.update(() => `${what}: ${done} of ${total}, ${pace(done, total, startMs)}`),
  );
  progress.clear();
  if (report) writeEvaluation(report, evaluation);
  process.stdout.write(json ? toJson(evaluation) : textOf(evaluation, report));
  return evaluation.facts.every(({ pass }) => pass) ? 0 : 1;
}

function textOf(evaluation: Evaluation, report: string | undefined): string {
  const { facts } = evaluation;
  const failed = facts.filter(({ pass }) => !pass);
  const parts = [
    headLine(evaluation),
    ...tablesOf(evaluation).map((table) => `${table.title}\n${markdownTable(table)}`),
    ...claimsOf(evaluation).map(({ paper, here }) => `Paper 2: ${paper}\nHere: ${here}`),
    ...failed.map(
      ({ what, required, measured }) => `FAIL ${what}: ${measured}, required ${required}`,
    ),
    `${facts.length - failed.length} of ${facts.length} facts that must hold on every machine do`,
  ];
  if (report) parts.push(`report: ${report}/evaluation.md`);
  return `${parts.join("\n\n")}\n`;
}
