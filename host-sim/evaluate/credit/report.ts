// SPDX-License-Identifier: Apache-2.0
/** The report of an evaluation of credit. */
import { type Report, writeReport } from "../report.ts";
import { creditClaims } from "./claims.ts";
import type { CreditEvaluation } from "./evaluate.ts";
import { creditFigures } from "./figures.ts";
import { creditTables } from "./tables.ts";

/** What was run, in a line. */
export function creditHead({ run, setup }: CreditEvaluation): string {
  const { date, node, wattle, seconds } = run;
  return (
    `${date}, Node ${node}, Wattle ${wattle}; protocol P*, seeds 1 to ${setup.seeds} of five banks with twenty ` +
    `borrowers each, ${seconds.toFixed(1)} s`
  );
}

const FITTED =
  "Two numbers are fitted, since the paper does not state them: the price of energy (to the two figures of the " +
  "banks) and the step of α (to Fig. 8). What is left for the model to show is in the other figures.";

export function creditReport(evaluation: CreditEvaluation): Report {
  return {
    json: evaluation,
    title: "Credit: the paper's evaluation, done again",
    introduction: [`${creditHead(evaluation)}.`, FITTED],
    paper: 1,
    claimsTitle: "What the paper printed, and what came out",
    factsTitle: "What must hold whatever is drawn",
    claims: creditClaims(evaluation),
    figures: creditFigures(evaluation),
    tables: creditTables(evaluation),
    facts: evaluation.facts,
  };
}

export function writeCreditEvaluation(dir: string, evaluation: CreditEvaluation): string[] {
  return writeReport(dir, creditReport(evaluation));
}
