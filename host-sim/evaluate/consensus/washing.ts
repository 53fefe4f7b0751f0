// SPDX-License-Identifier: Apache-2.0
/**
 * What wash trades bring under rules for proof-of-flow, from the paper's own to the one in use. A group of
 * three nodes in an area of honest ones moves energy among its meters, as much as suits it best.
 */
import { type Flow, type FlowTerms, flowReward } from "#core/rewards/flow";
import { rewardAt } from "#core/rewards/schedule";
import { randomStream } from "../../worlds/random.ts";

/** The terms of the table: a day's reward of ten coins at most, 0.02 coins a kWh, which costs 0.05 to move. */
const TERMS: FlowTerms = Object.freeze({
  schedule: Object.freeze({ firstMicro: 10_000_000, halveEvery: 4 * 365 }),
  microPerKwh: 20_000,
  transportMicroPerKwh: 50_000,
});
const HONEST = 20;
const KWH = 1000;
/** Sold in a day by honest nodes and by the group's producer, Wh. */
const SOLD_MAX = 40 * KWH;
const OWN = 10 * KWH;
/** Amounts that the group tries, Wh. */
const TRIES = Array.from({ length: 201 }, (_, i) => i * KWH);

interface Move {
  from: string;
  to: string;
  wh: number;
}

const STRATEGIES: readonly { what: string; moves(wh: number): Move[]; owners: string[] }[] = [
  {
    what: "A sells to B, and B back",
    moves: (wh) => [
      { from: "A", to: "B", wh },
      { from: "B", to: "A", wh },
    ],
    owners: ["one", "two", "three"],
  },
  {
    what: "A to B to C to A",
    moves: (wh) => [
      { from: "A", to: "B", wh },
      { from: "B", to: "C", wh },
      { from: "C", to: "A", wh },
    ],
    owners: ["one", "two", "three"],
  },
  {
    what: "A to B of one owner, a cable back",
    moves: (wh) => [{ from: "A", to: "B", wh }],
    owners: ["one", "one", "three"],
  },
  {
    what: "A to B of another owner, a cable back",
    moves: (wh) => [{ from: "A", to: "B", wh }],
    owners: ["one", "two", "three"],
  },
];

type Rule = (flows: readonly Flow[], ownerOf: (node: string) => string) => number;

/** What the group gets, µc. */
const RULES: readonly { what: string; micro: Rule }[] = [
  { what: "most sold takes all", micro: (flows) => allTo(flows, ({ soldWh }) => soldWh) },
  { what: "net of a node", micro: (flows) => allTo(flows, (flow) => flow.soldWh - flow.boughtWh) },
  {
    what: "net of an owner",
    micro: (flows, ownerOf) => {
      const merged = [...new Set(flows.map(({ node }) => ownerOf(node)))].map((owner): Flow => {
        const own = flows.filter(({ node }) => ownerOf(node) === owner);
        const sum = (pick: (flow: Flow) => number) =>
          own.reduce((total, flow) => total + pick(flow), 0);
        const [soldWh, boughtWh] = [sum((flow) => flow.soldWh), sum((flow) => flow.boughtWh)];
        return { ...own[0], soldWh, boughtWh };
      });
      return allTo(merged, ({ soldWh, boughtWh }) => soldWh - boughtWh);
    },
  },
  {
    what: "in use: paid for the lead",
    micro: (flows, ownerOf) => {
      const reward = flowReward(TERMS, 0, flows, ownerOf);
      return reward && isGroup(reward.node) ? reward.micro : 0;
    },
  },
];

function isGroup(node: string): boolean {
  return "ABC".includes(node);
}

/** The whole reward to who has most. */
function allTo(flows: readonly Flow[], score: (flow: Flow) => number): number {
  const best = flows.reduce((first, flow) => (score(flow) > score(first) ? flow : first));
  return isGroup(best.node) ? rewardAt(TERMS.schedule, 0) : 0;
}

export interface WashRow {
  what: string;
  /** By rule: what the best amount brings beyond what moving it costs and the same without, µc. */
  gainsMicro: number[];
}

export interface Washing {
  rules: string[];
  terms: FlowTerms;
  rows: WashRow[];
}

export function washingOf(seed: number): Washing {
  const random = randomStream(seed, 31);
  const honest = Array.from({ length: HONEST }, (_, i): Flow => {
    const soldWh = random.below(SOLD_MAX);
    return flowOf(`honest ${i}`, soldWh, 0);
  });
  const rows = STRATEGIES.map(({ what, moves, owners }): WashRow => {
    const ownerOf = (node: string): string => (isGroup(node) ? owners["ABC".indexOf(node)] : node);
    const gainsMicro = RULES.map(({ micro }) => {
      const without = micro([...honest, ...groupFlows([])], ownerOf);
      const gains = TRIES.map((wh) => {
        const washed = moves(wh);
        const movedWh = washed.reduce((sum, move) => sum + move.wh, 0);
        const costMicro = (movedWh / KWH) * TERMS.transportMicroPerKwh;
        return micro([...honest, ...groupFlows(washed)], ownerOf) - without - costMicro;
      });
      return Math.max(...gains);
    });
    return { what, gainsMicro };
  });
  return { rules: RULES.map(({ what }) => what), terms: TERMS, rows };
}

/** A produces and sells to honest buyers; all else among the three is washing. */
function groupFlows(moves: readonly Move[]): Flow[] {
  return ["A", "B", "C"].map((node) => {
    const sum = (end: "from" | "to") =>
      moves.reduce((total, move) => total + (move[end] === node ? move.wh : 0), 0);
    return flowOf(node, (node === "A" ? OWN : 0) + sum("from"), sum("to"));
  });
}

/** All that is traded went through the meter. */
function flowOf(node: string, soldWh: number, boughtWh: number): Flow {
  const [exportMwh, importMwh] = [BigInt(soldWh) * 1000n, BigInt(boughtWh) * 1000n];
  return { node, soldWh, boughtWh, exportMwh, importMwh };
}
