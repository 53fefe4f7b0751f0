// SPDX-License-Identifier: Apache-2.0
/** The tables of an evaluation: what was measured, and every point of the figures. */
import { csvField } from "../../report/write.ts";
import { digits, type Table } from "../table.ts";
import { LOOKS } from "./conflict.ts";
import type { Evaluation, Line } from "./evaluate.ts";
import type { LoadRow } from "./loads.ts";
import type { Spread } from "./stats.ts";

export function spreadText({ median, low, high }: Spread, factor = 1): string {
  return `${digits(median * factor)} (${digits(low * factor)}–${digits(high * factor)})`;
}

function costs({ lines }: Evaluation): Table {
  return {
    id: "costs",
    title: "Processor time, operations and bytes of one transaction",
    note:
      "Median (5–95 %) over repetitions. Preparation without the network, and without the witnesses' own work, " +
      "which is beside it for one witness. Bytes are those of the log.",
    heads: [
      "chain",
      "preparation, ms",
      "replay, ms",
      "one witness, ms",
      "growth over N",
      "bytes",
      "ask, bytes",
      "hashes",
      "signatures",
      "verifications",
      "verifications on replay",
    ],
    rows: lines.map((line) => [
      line.label,
      spreadText(line.prepareMs),
      spreadText(line.validateMs),
      digits(line.witnessMs),
      line.slope.toFixed(2),
      digits(line.bytes),
      digits(line.askBytes),
      digits(line.perTx.hashes + ((line.bits ?? 0) > 0 ? 2 ** line.bits! / line.perBlock! : 0)),
      digits(line.perTx.signs),
      digits(line.perTx.verifies),
      digits(line.perTx.replayVerifies),
    ]),
  };
}

function parts(lines: readonly Line[], id: string, title: string, note: string): Table {
  const names = Object.keys(lines[0].parts);
  return {
    ...{ id, title, note },
    heads: ["chain", ...names.map((name) => `${name}, µs`)],
    rows: lines.map((line) => [
      line.label,
      ...names.map((name) => digits(1000 * line.parts[name])),
    ]),
  };
}

/** Difficulty from which a chain's preparation costs more than SmartChain's, bits. */
export function breakEvenBits(dag: Line, chain: Line, microsPerHash: number): number {
  const moreMicros = 1000 * (dag.prepareMs.median - chain.prepareMs.median);
  return Math.log2((Math.max(moreMicros, 0) * (chain.perBlock ?? 1)) / microsPerHash);
}

function breakEven({ lines, works }: Evaluation): Table {
  const dags = lines.filter(({ kind }) => kind === "smartchain");
  const chains = lines.filter(({ bits }) => bits === 0);
  const micros = works[works.length - 1]?.microsPerHash ?? Number.NaN;
  const cell = (bits: number) => (bits > 0 ? bits.toFixed(1) : "always");
  return {
    id: "break-even",
    title: "Difficulty from which the conventional chain's preparation is dearer, bits",
    note: "Below it, and always without proof-of-work, the conventional chain is the cheaper one.",
    heads: ["SmartChain", ...chains.map(({ perBlock }) => `${perBlock} a block`)],
    rows: dags.map((dag) => [
      dag.label,
      ...chains.map((chain) => cell(breakEvenBits(dag, chain, micros))),
    ]),
  };
}

function works({ works: all }: Evaluation): Table {
  return {
    id: "work",
    title: "Proof-of-work",
    note:
      "A sample of headers is mined for each difficulty, since it does not depend on N or on what a block holds. " +
      "Preparation times above have 2^bits hashes of the measured time each.",
    heads: [
      "bits",
      "blocks mined",
      "hashes",
      "2^bits of each",
      "off by, σ",
      "µs a hash",
      "ms a block",
    ],
    rows: all.map((work) => [
      String(work.bits),
      String(work.blocks),
      String(work.hashes),
      String(work.expected),
      work.sigmas.toFixed(2),
      work.microsPerHash.toFixed(3),
      digits(work.blockMs),
    ]),
  };
}

function network({ networks }: Evaluation): Table {
  return {
    id: "network",
    title: "Network time of a preparation, modelled",
    note:
      "k round trips at the same time through a gateway, one way 10 to 100 ms; a witness answers with 95 %. Fewer " +
      "than m answers: a wait of Δ = 30 s.",
    heads: ["k, m", "to m tokens, ms", "no quorum in a tick, %", "mean with waits, ms"],
    rows: networks.map(({ k, m, firstMs, noQuorum, meanMs }) => [
      `${k}, ${m}`,
      spreadText(firstMs),
      (100 * noQuorum).toFixed(3),
      digits(meanMs),
    ]),
  };
}

function latency({ latencies }: Evaluation): Table {
  return {
    id: "latency",
    title: "From the ask to FINAL, in the simulator",
    note:
      "Whole areas with a running clock, slots of 15 minutes and one gateway; 5–95 % are over transactions. " +
      "ACCEPTED: those that had the votes before their block. Others were FINAL sooner than votes come; votes " +
      "failed for those that waited for a block more than 5 s without them.",
    heads: [
      "nodes",
      "k, m",
      "votes needed",
      "transactions",
      "ask to tokens, ms",
      "log to ACCEPTED, ms",
      "ACCEPTED before its block, %",
      "votes failed, %",
      "log to FINAL, s",
    ],
    rows: latencies.map((one) => [
      String(one.nodes),
      `${one.k}, ${one.m}`,
      String(one.threshold),
      String(one.transactions),
      spreadText(one.tokensMs),
      spreadText(one.acceptedMs),
      (100 * one.acceptedFirst).toFixed(1),
      (100 * one.unvoted).toFixed(1),
      spreadText(one.finalMs, 0.001),
    ]),
  };
}

const GROUPS: Record<LoadRow["group"], [string, string]> = {
  starvation: [
    "Starvation over load",
    "Both caps by the same rule. Never: no approval within 20 latencies. The rule is α·λh ≤ 0.1.",
  ],
  choice: [
    "The choice of ledger 4.3",
    "One biased walk, α by the load, and one uniform or the oldest; with the age rule V5, and with promotion.",
  ],
  lazy: [
    "Lazy issuers",
    "One issuer in five always attaches to one old pair, λh = 10. What counts is how many of those get approved.",
  ],
};

function loads({ tables }: Evaluation, group: LoadRow["group"]): Table {
  const [title, note] = GROUPS[group];
  return {
    ...{ id: group, title, note },
    heads: ["rule", "λh", "α·λh", "caps", "wait, h", "p99, h", "never, %", "lazy approved, %"],
    rows: tables.loads
      .filter((row) => row.group === group)
      .map((row) => [
        row.what,
        String(row.inFlight),
        row.alpha === undefined ? "–" : digits(row.alpha * row.inFlight),
        row.caps.toFixed(1),
        row.mean.toFixed(2),
        row.p99.toFixed(1),
        (100 * row.never).toFixed(2),
        group === "lazy" ? (100 * row.lazyApproved).toFixed(1) : "–",
      ]),
  };
}

function conflicts({ tables }: Evaluation): Table {
  return {
    id: "conflict",
    title: "Two rivals, and only the walk to decide",
    note:
      "Share of new transactions on the winning side, λh = 10. Whole walks start before the fork; bounded ones 50 " +
      "to 100 back, as nodes do. With the choice of ledger 4.3 every issuer keeps to the side that it voted for, " +
      "so that votes and the block decide (ledger 4.5), not the walk.",
    heads: [
      "walk",
      "α",
      ...LOOKS.map((look) => `after ${look} h`),
      "runs",
      "decided",
      "both sides left behind",
    ],
    rows: tables.conflicts.map(({ start, alpha, shares, runs, decided, orphaned }) => [
      alpha === "chosen" ? "as chosen" : start === "fork" ? "whole" : "bounded",
      alpha === "chosen" ? "by load" : String(alpha),
      ...shares.map((share) => share.toFixed(2)),
      String(runs),
      String(decided),
      String(orphaned),
    ]),
  };
}

export function tablesOf(evaluation: Evaluation): Table[] {
  const { lines } = evaluation;
  const dags = lines.filter(({ kind }) => kind === "smartchain");
  const chains = lines.filter(({ kind }) => kind === "chain");
  const author =
    "Medians. Select two caps; verify both; encode, hash and sign the ask; draw the committee and check m " +
    "tokens; sign; log, DAG and ledger.";
  const miner =
    "Medians. Authors encode, hash and sign; the miner verifies and executes; Merkle root and header; " +
    "proof-of-work; log.";
  return [
    costs(evaluation),
    parts(dags, "parts-smartchain", "Parts of SmartChain's preparation", author),
    parts(chains, "parts-chain", "Parts of the conventional chain's preparation", miner),
    breakEven(evaluation),
    works(evaluation),
    network(evaluation),
    latency(evaluation),
    loads(evaluation, "starvation"),
    loads(evaluation, "choice"),
    loads(evaluation, "lazy"),
    conflicts(evaluation),
  ];
}

/** Every point of the paper's two figures. */
export function seriesCsv({ ns, lines }: Evaluation): string {
  const heads = ["chain", "n", "prepare_ms", "prepare_ms_5", "prepare_ms_95"];
  heads.push("validate_ms", "validate_ms_5", "validate_ms_95", "total_s");
  const rows = lines.flatMap((line) =>
    ns.map((n, i) => {
      const spreads = [line.prepare[i], line.validate[i]];
      const values = spreads.flatMap(({ median, low, high }) => [median, low, high]);
      return [line.id, n, ...values, line.total[i].median].map(String);
    }),
  );
  return `${[heads, ...rows].map((cells) => cells.map(csvField).join(",")).join("\n")}\n`;
}
