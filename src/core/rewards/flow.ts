// SPDX-License-Identifier: Apache-2.0
/**
 * Proof-of-flow (paper 1, II-B-4): in each period the seller who supplied most is rewarded. What counts is
 * the net of an owner, and what is paid is for how much it is ahead of the next one: README.md beside this
 * file says which wash trades that takes away, and which it only makes dearer than they bring.
 */
import { toHex } from "../codec/bytes.ts";
import { assert } from "../errors/assert.ts";
import { type Effect, EffectKind } from "../records/block.ts";
import { rewardAt, type Schedule } from "./schedule.ts";

export interface FlowTerms {
  /** What a period pays at most. */
  readonly schedule: Schedule;
  /** Paid for each kWh that the first is ahead of the second, µc. */
  readonly microPerKwh: number;
  /**
   * The least that it costs to bring a kWh from one owner's meter to another's, µc: fees, levies and losses that
   * nobody gets back. The operator answers for it: a ledger cannot see it.
   */
  readonly transportMicroPerKwh: number;
}

/** What moved at a node in a period. */
export interface Flow {
  /** Hex. */
  readonly node: string;
  /** By settled trades, Wh. */
  readonly soldWh: number;
  readonly boughtWh: number;
  /** By its signed registers, mWh. */
  readonly exportMwh: bigint;
  readonly importMwh: bigint;
}

/** What a trade's settlement adds to the flows of two nodes. */
export interface Traded {
  soldWh: number;
  boughtWh: number;
}

export interface FlowReward {
  /** The owner that supplied most, and the node of it that sold most: the reward is that node's. */
  readonly owner: string;
  readonly node: string;
  readonly micro: number;
  /** Net supply of the first two, Wh. */
  readonly firstWh: number;
  readonly secondWh: number;
}

/**
 * Each kWh between two owners moves two scores, one up and one down: with less than half of its cost paid for
 * a kWh of the lead, moving it brings less than it costs.
 */
export function isFlowTerms({ microPerKwh, transportMicroPerKwh }: FlowTerms): boolean {
  const whole = Number.isSafeInteger(microPerKwh) && Number.isSafeInteger(transportMicroPerKwh);
  return whole && microPerKwh >= 0 && 2 * microPerKwh < transportMicroPerKwh;
}

/**
 * Adds a block's settled trades to what each node traded in the period. `nodeOf`: the account of an address;
 * undefined for one that is not in use any more, whose trade then counts for nobody.
 */
export function countTrades(
  traded: Map<string, Traded>,
  effects: readonly Effect[],
  nodeOf: (wallet: string) => string | undefined,
): void {
  const of = (node: string): Traded => {
    let found = traded.get(node);
    if (!found) traded.set(node, (found = { soldWh: 0, boughtWh: 0 }));
    return found;
  };
  for (const { kind, from, to, qtyWh } of effects) {
    if (kind !== EffectKind.pay && kind !== EffectKind.arbitrate) continue;
    const buyer = from && nodeOf(toHex(from));
    const seller = to && nodeOf(toHex(to));
    if (buyer === undefined || seller === undefined) continue;
    of(seller).soldWh += qtyWh;
    of(buyer).boughtWh += qtyWh;
  }
}

interface Score {
  readonly owner: string;
  readonly wh: number;
  readonly node: string;
}

/**
 * The reward of period `n` of one gateway's area; undefined where nobody is ahead. `ownerOf`: the household or
 * company that a node belongs to; nodes of one owner count as one.
 */
export function flowReward(
  terms: FlowTerms,
  n: number,
  flows: readonly Flow[],
  ownerOf: (node: string) => string,
): FlowReward | undefined {
  assert(isFlowTerms(terms), "REWARD_TERMS");
  const [first, second] = scoresOf(flows, ownerOf);
  if (!first) return undefined;
  const secondWh = second?.wh ?? 0;
  const leadWh = first.wh - secondWh;
  const most = BigInt(rewardAt(terms.schedule, n));
  const earned = (BigInt(leadWh) * BigInt(terms.microPerKwh)) / BigInt(WH_PER_KWH);
  const micro = Number(earned < most ? earned : most);
  if (micro === 0) return undefined;
  return { owner: first.owner, node: first.node, micro, firstWh: first.wh, secondWh };
}

const WH_PER_KWH = 1000;
const MWH_PER_WH = 1000;

/** Owners that supplied anything, best first; of equals the one with the lower id. */
function scoresOf(flows: readonly Flow[], ownerOf: (node: string) => string): Score[] {
  const owners = new Map<string, Flow[]>();
  for (const flow of flows) {
    const owner = ownerOf(flow.node);
    const own = owners.get(owner);
    if (own) own.push(flow);
    else owners.set(owner, [flow]);
  }
  const scores: Score[] = [];
  for (const [owner, own] of owners) {
    const wh = supplyWh(own);
    if (wh > 0) scores.push({ owner, wh, node: bestOf(own) });
  }
  return scores.sort((a, b) => b.wh - a.wh || (a.owner < b.owner ? -1 : 1));
}

/** What all of an owner's nodes sold beyond what they bought, as far as their meters show it: 0 or more. */
function supplyWh(flows: readonly Flow[]): number {
  let tradedWh = 0;
  let meteredMwh = 0n;
  for (const { soldWh, boughtWh, exportMwh, importMwh } of flows) {
    tradedWh += soldWh - boughtWh;
    meteredMwh += exportMwh - importMwh;
  }
  if (tradedWh <= 0 || meteredMwh <= 0) return 0;
  const meteredWh = meteredMwh / BigInt(MWH_PER_WH);
  return meteredWh < tradedWh ? Number(meteredWh) : tradedWh;
}

function bestOf(flows: readonly Flow[]): string {
  let best = flows[0];
  const net = ({ soldWh, boughtWh }: Flow): number => soldWh - boughtWh;
  for (const flow of flows) {
    const ahead = net(flow) - net(best);
    if (ahead > 0 || (ahead === 0 && flow.node < best.node)) best = flow;
  }
  return best.node;
}
