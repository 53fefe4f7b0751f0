// SPDX-License-Identifier: Apache-2.0
/** The report of an evaluation of SmartChain. */
import { type Report, writeReport } from "../report.ts";
import { claimsOf } from "./claims.ts";
import type { Evaluation } from "./evaluate.ts";
import { figuresOf } from "./figures.ts";
import { seriesCsv, tablesOf } from "./tables.ts";

/** The machine and what was run, in a line. */
export function headLine({ machine, setup, members }: Evaluation): string {
  const { cpu, cores, node, v8, crypto, wattle, date, seconds } = machine;
  const { repetitions, extent, seed } = setup;
  return (
    `${date}, ${cpu}, ${cores} cores; Node ${node}, V8 ${v8}, ${crypto}, Wattle ${wattle}; ${repetitions} ` +
    `repetitions of ${extent.transactions} transactions by ${members} members, seed ${seed}, ${seconds.toFixed(0)} s`
  );
}

function reportOf(evaluation: Evaluation): Report {
  return {
    json: evaluation,
    title: "SmartChain: the paper's evaluation, measured anew",
    introduction: [
      `${headLine(evaluation)}.`,
      "Times are processor time of this process. The two chains share process, signature, hash, storage, contents " +
        "and balances check. Headers are mined in samples, those of 20 bits in the smallest.",
    ],
    paper: 2,
    claimsTitle: "What the paper claims, and what was measured",
    factsTitle: "What holds on every machine",
    claims: claimsOf(evaluation),
    figures: figuresOf(evaluation),
    tables: tablesOf(evaluation),
    facts: evaluation.facts,
    files: [["series.csv", seriesCsv(evaluation)]],
  };
}

export function writeEvaluation(dir: string, evaluation: Evaluation): string[] {
  return writeReport(dir, reportOf(evaluation));
}
