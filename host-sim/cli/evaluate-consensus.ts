// SPDX-License-Identifier: Apache-2.0
/** `wattle evaluate consensus`: Fig. 5 of paper 1, and what agreement takes, by number of gateways. */
import type { Command } from "commander";
import { sodiumCrypto } from "#node/crypto/sodium";
import { evaluateConsensus, fullExtent, quickExtent } from "../evaluate/consensus/evaluate.ts";
import { consensusHead, consensusReport } from "../evaluate/consensus/report.ts";
import { reportText, writeReport } from "../evaluate/report.ts";
import { toJson } from "../report/format.ts";
import { whole } from "./options.ts";
import { Progress, pace } from "./progress.ts";

interface ConsensusOptions {
  quick?: boolean;
  seed: number;
  report?: string;
  json?: boolean;
}

export function evaluateConsensusCommand(evaluate: Command): void {
  evaluate
    .command("consensus")
    .description(
      "Fig. 5 of paper 1; latency and throughput of 4 to 51 gateways, with dead ones, and by the paper's rules",
    )
    .option("--quick", "links of 50 ms without loss, and fewer blocks: half a minute")
    .option("--seed <n>", "keys, arrivals and losses follow from it", whole(0, 0x7fffffff), 1)
    .option("--report <dir>", "write evaluation.json, evaluation.md, CSV tables and SVG figures")
    .option("--json", "print everything as JSON")
    .addHelpText(
      "after",
      "\nThe consensus is the real one, on virtual time; what signatures, commits and turns take is measured first" +
        "\nand put in as delays, so that two runs differ a little. It ends with status 1 if a count, the target of 51" +
        "\ngateways, or what must hold of Fig. 5 and of dead gateways is not as it has to be." +
        "\n\nExamples:\n  wattle evaluate consensus --report runs/consensus" +
        "\n  wattle evaluate consensus --quick",
    )
    .action((options: ConsensusOptions) => {
      process.exitCode = run(options);
    });
}

function run({ quick, seed, report: dir, json }: ConsensusOptions): number {
  const progress = new Progress();
  const startMs = performance.now();
  const extent = quick ? quickExtent(seed) : fullExtent(seed);
  const evaluation = evaluateConsensus(sodiumCrypto(), extent, (done, total, what) =>
    progress.update(() => `${what}: ${done} of ${total}, ${pace(done, total, startMs)}`),
  );
  progress.clear();
  const report = consensusReport(evaluation);
  if (dir) writeReport(dir, report);
  const head = consensusHead(evaluation);
  process.stdout.write(json ? toJson(evaluation) : reportText(report, head, report.tables, dir));
  return evaluation.facts.every(({ pass }) => pass) ? 0 : 1;
}
