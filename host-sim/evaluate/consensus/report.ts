// SPDX-License-Identifier: Apache-2.0
/** The report of an evaluation of the consensus. */
import type { Report } from "../report.ts";
import { consensusClaims } from "./claims.ts";
import type { ConsensusEvaluation } from "./evaluate.ts";
import { consensusFigures } from "./figures.ts";
import { consensusTables } from "./tables.ts";

/** The machine and what was run, in a line. */
export function consensusHead({ machine, setup }: ConsensusEvaluation): string {
  const { cpu, cores, node, crypto, wattle, date, seconds } = machine;
  return (
    `${date}, ${cpu}, ${cores} cores; Node ${node}, ${crypto}, Wattle ${wattle}; ${setup.heights} blocks a run, ` +
    `seed ${setup.seed}, ${seconds.toFixed(0)} s`
  );
}

const HOW =
  "The consensus machine, its records and Ed25519 are the real ones; time, links and processors are simulated. " +
  "A gateway has one processor, which does one thing after the other. Each turn takes what it was measured to " +
  "take in this run, on this machine: the signatures that are counted in it, each by the time of one; a durable " +
  "commit wherever the machine asks for one, and one for each decided block; and the rest by the mean turn of a " +
  "consortium of that size. Transactions are checked by every gateway (six signatures each) and executed by the " +
  "leader and by every auditor, both at measured times. Links take the same for each message, and lose it for " +
  "good where they lose; transactions that are lost are sent again after a second. Not in it: brokers, " +
  "encryption between gateways, and bandwidth.";

export function consensusReport(evaluation: ConsensusEvaluation): Report {
  return {
    json: evaluation,
    title: "Consensus: Fig. 5 of the paper, and what agreement takes",
    introduction: [`${consensusHead(evaluation)}.`, HOW],
    paper: 1,
    claimsTitle: "What the paper says, and what came out",
    factsTitle: "What must hold",
    claims: consensusClaims(evaluation),
    figures: consensusFigures(evaluation),
    tables: consensusTables(evaluation),
    facts: evaluation.facts,
  };
}
