// SPDX-License-Identifier: Apache-2.0
/** What paper 1 says about its consensus, and what came out here, in words. */
import type { Claim } from "../report.ts";
import type { ConsensusEvaluation } from "./evaluate.ts";
import { targetRow } from "./evaluate.ts";
import { overSizes } from "./tables.ts";

export function consensusClaims(evaluation: ConsensusEvaluation): Claim[] {
  return [
    confirmation(evaluation),
    speed(evaluation),
    stable(evaluation),
    agreement(evaluation),
    moderate(evaluation),
    minutes(evaluation),
    flow(evaluation),
  ];
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

function confirmation({ latency }: ConsensusEvaluation): Claim {
  const { finalMs, gateways, delayMs } = targetRow(latency);
  return {
    paper:
      "Fig. 5(a): total confirmation time is much shorter than in a traditional blockchain, since only " +
      "preselected aggregators agree.",
    here:
      "Not reproduced as a result, for it is none: the curves are f · 4 hours · T with T = 60 and 10 minutes " +
      `put in. With a measured T (${gateways} gateways, links of ${delayMs} ms: p50 ` +
      `${seconds(finalMs.median)}, p95 ${seconds(finalMs.high)}) the lines lie ` +
      `${(600_000 / finalMs.median).toFixed(0)} times below the paper's energy chain.`,
  };
}

function speed({ fig5: { rows, systems } }: ConsensusEvaluation): Claim {
  const last = rows[rows.length - 1].speeds;
  const of = (id: string): string => last[systems.findIndex((one) => one.id === id)].toFixed(2);
  return {
    paper:
      "Fig. 5(b): traditional and energy blockchain have an upper limit of trades per hour; with credit there " +
      "is none.",
    here:
      `Seen by protocol F5-N: ${of("traditional")} and ${of("energy")} of 5 wanted trades per pair and hour, ` +
      `${of("credit20")} and ${of("credit100")} with credit up to 20 and 100 coins. By the measured time it is ` +
      `${of("p50")} without any credit: what is left are buyers whose coins are spent, and not under way. If ` +
      `coins are locked for a slot of 15 minutes before, as in a market by slots, it is ${of("slot")}. The ` +
      "paper's own values cannot be compared: its text prints none, nor who trades with whom.",
  };
}

function stable({ latency, setup }: ConsensusEvaluation): Claim {
  const rows = overSizes(latency, setup.delaysMs[0], 0);
  const times = rows.map(
    ({ gateways, blockMs }) => `${blockMs.median.toFixed(0)} ms at ${gateways}`,
  );
  return {
    paper:
      "II-B-6: the time for agreement on a block is stable regardless of the network's size, when the " +
      "aggregators are constant.",
    here:
      `It does not depend on the number of nodes, and hardly on that of gateways: ${times.join(", ")}, three ` +
      "times the link. What grows is the number of messages, with m².",
  };
}

function agreement({ modes }: ConsensusEvaluation): Claim {
  const of = (rule: string, leader: string) =>
    modes.find((row) => row.rule === rule && row.leader === leader);
  const paper = of("unanimous", "proof-of-work");
  const safe = of("quorum", "round-robin");
  return {
    paper: "II-B-6: a block is stored if all aggregators agree; the leader is the fastest miner.",
    here:
      `Runs as printed: p50 ${seconds(paper?.blockMs.median ?? 0)} a block with four gateways, most of it the ` +
      `work. One dead gateway stops it: ${paper?.silentBlocks} blocks in 30 s, and ${paper?.backBlocks} in the ` +
      `30 s after it is back; a quorum by turns decides ${safe?.silentBlocks} in the same 30 s without it.`,
  };
}

function moderate({ latency, faults }: ConsensusEvaluation): Claim {
  const { kilobytes, messages, busyMs, gateways } = targetRow(latency);
  const row = faults.filter(({ what }) => what === "next to each other").pop();
  const worst = row
    ? ` With ${row.silent} of ${row.gateways} dead next to each other a block takes up to ` +
      `${row.worstSeconds.toFixed(1)} s.`
    : "";
  return {
    paper: "Abstract, II-B: agreement among preselected aggregators has a moderate cost.",
    here:
      `${messages.toFixed(0)} messages and ${(kilobytes / 1000).toFixed(1)} MB for a block of ${gateways} ` +
      `gateways, and ${busyMs.toFixed(0)} ms of work at each.${worst}`,
  };
}

function minutes({ latency }: ConsensusEvaluation): Claim {
  const { finalMs } = targetRow(latency);
  return {
    paper: "V-B: confirmation takes about 10 minutes (60 in Bitcoin).",
    here:
      `p50 ${seconds(finalMs.median)} with 51 gateways, by the consensus and blocks of its size in simulation; ` +
      "the market around it, brokers and encryption are not in it.",
  };
}

function flow({ washing: { rows } }: ConsensusEvaluation): Claim {
  const last = (gains: readonly number[]): number => gains[gains.length - 1];
  const coins = (micro: number): string => (micro / 1e6).toFixed(2);
  const best = Math.max(...rows.map(({ gainsMicro }) => gainsMicro[0]));
  const cable = rows[rows.length - 1].gainsMicro[2];
  return {
    paper:
      "II-B-4: the seller with the most contribution to energy supply in a period is rewarded (proof-of-flow).",
    here:
      `As printed, selling in a circle gains up to ${coins(best)} coins a day. Net supply by owner takes circles ` +
      `and one owner's own meters away, and leaves ${coins(cable)} for a cable behind two owners' meters, since ` +
      "the first takes all. Paid for its lead, at less than half of what a kWh costs to move, washing gains " +
      `${coins(Math.max(...rows.map(({ gainsMicro }) => last(gainsMicro))))}.`,
  };
}
