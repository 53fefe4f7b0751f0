// SPDX-License-Identifier: Apache-2.0
/** The tables of the evaluation of the consensus. */
import type { Spread } from "../smartchain/stats.ts";
import { digits, type Table } from "../table.ts";
import type { ConsensusEvaluation } from "./evaluate.ts";
import { FINAL_MS, type Row } from "./runs.ts";
import { INTERVAL_MS } from "./setup.ts";

/** Median and 95 %, ms. */
function ms({ median, high }: Spread): string {
  return `${median.toFixed(0)} / ${high.toFixed(0)}`;
}

function costs({ costs: { turnUs, ...all } }: ConsensusEvaluation): Table {
  const sizes = Object.keys(turnUs);
  const vote = (size: string): string => digits(turnUs[size].vote ?? 0);
  return {
    id: "costs",
    title: "What this machine takes, µs",
    note:
      "Put into the simulation as delays, of one processor for each gateway. A durable commit is that of the " +
      "gateway's store, with fsync. A turn is the consensus machine's for one vote beside the signature: " +
      "decoding, hashing, counting.",
    heads: [
      ...["verify", "sign", "durable commit", "transaction, 6 signatures", "executed in a block"],
      ...["empty block", ...sizes.map((size) => `turn, m = ${size}`)],
    ],
    rows: [
      [
        ...[all.verifyUs, all.signUs, all.commitUs, all.intakeUs, all.executeUs, all.blockUs].map(
          digits,
        ),
        ...sizes.map(vote),
      ],
    ],
  };
}

function latency({ latency: rows }: ConsensusEvaluation): Table {
  return {
    id: "latency",
    title: "Latency, ms (p50 / p95)",
    note:
      "Block: from the first gateway that wants one to the decision at each gateway. FINAL: from a BOUGHT that " +
      `a gateway received to its block there, with ${INTERVAL_MS} ms between a block and the wish for the next. ` +
      "Messages and bytes of the consensus for a block, over the whole consortium; how long one gateway is busy.",
    heads: [
      ...["m", "link, ms", "loss, %", "block", "FINAL", "extra rounds", "messages", "kB"],
      ...["busy, ms"],
    ],
    rows: rows.map((row) => [
      ...[String(row.gateways), String(row.delayMs), String(row.lossPercent)],
      ...[ms(row.blockMs), ms(row.finalMs), row.extraRounds.toFixed(2), row.messages.toFixed(0)],
      ...[row.kilobytes.toFixed(0), digits(row.busyMs)],
    ]),
  };
}

function faults({ faults: rows }: ConsensusEvaluation): Table {
  return {
    id: "faults",
    title: "With f gateways dead, ms (p50 / p95)",
    note:
      "As many blocks as each gateway leads equally often. A dead gateway costs the rounds that it would lead. " +
      "Next to each other in the order of ids they are no worse: only first rounds follow that order.",
    heads: ["m", "dead", "who", "block", "FINAL", "extra rounds", "longest block, s"],
    rows: rows.map((row) => [
      ...[String(row.gateways), String(row.silent), row.what, ms(row.blockMs), ms(row.finalMs)],
      ...[row.extraRounds.toFixed(2), row.worstSeconds.toFixed(1)],
    ]),
  };
}

function modes({ modes: rows }: ConsensusEvaluation): Table {
  return {
    id: "modes",
    title: "Four gateways: the paper's rules and the safe ones",
    note:
      "Blocks in 30 s while one of them is dead, and in the 30 s after it is back; latencies without a dead one " +
      "(p50 / p95). Work is found after a second in the mean, by whoever is first, and 500 ms are waited for others.",
    heads: ["rule", "leader", "votes needed", "block, ms", "FINAL, ms", "one dead", "it is back"],
    rows: rows.map((row) => [
      ...[row.rule, row.leader, `${row.quorum} of 4`, ms(row.blockMs), ms(row.finalMs)],
      ...[`${row.silentBlocks} blocks`, `${row.backBlocks} blocks`],
    ]),
  };
}

function throughput({ throughput: rows, setup }: ConsensusEvaluation): Table {
  return {
    id: "throughput",
    title: "Throughput on links of 50 ms",
    note:
      "Empty blocks, one right after the other; and the highest rate of transactions of those tried that is FINAL " +
      `within ${FINAL_MS} ms in the median for ${setup.rateMs / 1000} s. A trade is three transactions. Every ` +
      "gateway checks every transaction on one processor, which is the bound.",
    heads: [
      ...["m", "blocks/s", "transactions/s", "FINAL, ms", "in a block", "consensus, %"],
      ...["checking, %", "bound, transactions/s"],
    ],
    rows: rows.map((row) => [
      ...[String(row.gateways), row.blocksPerSecond.toFixed(2), String(row.perSecond)],
      ...[row.finalMs ? ms(row.finalMs) : "", row.txsPerBlock.toFixed(0)],
      ...[(100 * row.consensusShare).toFixed(1), (100 * row.intakeShare).toFixed(1)],
      row.boundPerSecond.toFixed(0),
    ]),
  };
}

function fig5({ fig5: { systems, rows, ceilings } }: ConsensusEvaluation): Table[] {
  const heads = ["f", ...systems.map(({ name }) => name)];
  const last = ceilings.map((value) => (value === null ? "none" : digits(value)));
  return [
    {
      id: "fig5a",
      title: "Fig. 5(a): minutes of confirmation of a pair in 240 minutes",
      note:
        "Trades times confirmation time. 60 and 10 minutes are the paper's inputs, those of Wattle are measured " +
        "(51 gateways, links of 50 ms). With credit nobody waits; the record takes as long as without.",
      heads,
      rows: rows.map(({ f, minutes }) => [String(f), ...minutes.map(digits)]),
    },
    {
      id: "fig5b",
      title: "Fig. 5(b): started trades per pair and hour",
      note: "Protocol F5-N, means over seeds. Last row: what coins under way allow in the long run.",
      heads,
      rows: [
        ...rows.map(({ f, speeds }) => [String(f), ...speeds.map((value) => value.toFixed(2))]),
        ["bound", ...last],
      ],
    },
  ];
}

function washing({ washing: { rules, rows, terms } }: ConsensusEvaluation): Table {
  const coins = (micro: number): string => (micro / 1e6).toFixed(2);
  return {
    id: "washing",
    title: "Proof-of-flow: what the best wash trade gains, coins",
    note:
      `A day's reward of up to ${coins(terms.schedule.firstMicro)} coins, twenty honest sellers; three nodes that ` +
      `move up to 200 kWh among their meters, at ${coins(terms.transportMicroPerKwh)} coins a kWh. The rule in use ` +
      `pays ${coins(terms.microPerKwh)} for each kWh that the first owner is ahead of the second.`,
    heads: ["wash trade", ...rules],
    rows: rows.map(({ what, gainsMicro }) => [what, ...gainsMicro.map(coins)]),
  };
}

function pace({ pace: rows }: ConsensusEvaluation): Table {
  const coins = (micro: number): string => (micro / 1e6).toFixed(0);
  return {
    id: "pace",
    title: "The leaders' rewards of a year, by the pace of blocks",
    note: "A coin in ten minutes of block times at most, halved each quarter. All coins.",
    heads: ["a block every, s", "blocks", "rewards", "minted", "schedule"],
    rows: rows.map((row) => [
      ...[String(row.everySeconds), String(row.blocks), String(row.rewards)],
      ...[coins(row.mintedMicro), coins(row.scheduledMicro)],
    ]),
  };
}

/** In the order of the report. */
export function consensusTables(evaluation: ConsensusEvaluation): Table[] {
  return [
    ...fig5(evaluation),
    ...[latency, faults, modes, throughput, washing, pace, costs].map((of) => of(evaluation)),
  ];
}

/** The rows of one kind of link, by number of gateways. */
export function overSizes(rows: readonly Row[], delayMs: number, lossPercent: number): Row[] {
  return rows.filter((row) => row.delayMs === delayMs && row.lossPercent === lossPercent);
}
