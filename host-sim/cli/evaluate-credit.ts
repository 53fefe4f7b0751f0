// SPDX-License-Identifier: Apache-2.0
/** `wattle evaluate credit`: what paper 1 printed about credit, beside what comes out of its model. */
import type { Command } from "commander";
import { evaluateCredit } from "../evaluate/credit/evaluate.ts";
import { RECALLED, readGrades } from "../evaluate/credit/grades.ts";
import { creditHead, creditReport, writeCreditEvaluation } from "../evaluate/credit/report.ts";
import { shortTables } from "../evaluate/credit/tables.ts";
import { reportText } from "../evaluate/report.ts";
import { toJson } from "../report/format.ts";
import { whole } from "./options.ts";
import { Progress, pace } from "./progress.ts";

interface CreditOptions {
  seeds: number;
  grades?: string;
  report?: string;
  json?: boolean;
}

/** The paper's run is one seed of this. */
const SEEDS = 1000;

export function evaluateCreditCommand(evaluate: Command): void {
  evaluate
    .command("credit")
    .description(
      "loan pricing by protocol P*: Figs. 5 to 9 of paper 1, its algorithm, two lending policies",
    )
    .option("--seeds <n>", "seeds 1 to n", whole(1, 10_000), SEEDS)
    .option("--grades <csv>", "counts of loans by grade: 35 rows of grade and count (A1,22913)")
    .option("--report <dir>", "write evaluation.json, evaluation.md, CSV tables and SVG figures")
    .option("--json", "print everything as JSON")
    .addHelpText(
      "after",
      "\nIt ends with status 1 if something does not hold that must, whatever is drawn. The figures of the banks" +
        "\nare fitted by one number that the paper does not state; those of the borrowers are not reproduced." +
        "\n\nExamples:\n  wattle evaluate credit --report runs/credit" +
        "\n  wattle evaluate credit --grades grades.csv --report runs/credit" +
        "\n  wattle evaluate credit --seeds 50",
    )
    .action((options: CreditOptions) => {
      process.exitCode = run(options);
    });
}

function run({ seeds, grades, report, json }: CreditOptions): number {
  const table = grades === undefined ? RECALLED : readGrades(grades);
  const progress = new Progress();
  const startMs = performance.now();
  const evaluation = evaluateCredit({ seeds, grades: table }, (done, total, what) =>
    progress.update(() => `${what}: ${done} of ${total}, ${pace(done, total, startMs)}`),
  );
  progress.clear();
  if (report) writeCreditEvaluation(report, evaluation);
  const text = (): string =>
    reportText(creditReport(evaluation), creditHead(evaluation), shortTables(evaluation), report);
  process.stdout.write(json ? toJson(evaluation) : text());
  return evaluation.facts.every(({ pass }) => pass) ? 0 : 1;
}
