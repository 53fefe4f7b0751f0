// SPDX-License-Identifier: Apache-2.0
/**
 * Rewards in blocks (paper 1, II-B-4 to 6; core/rewards has the rules): the leader's for its block, and
 * proof-of-flow at the end of a period. Both are minted by a schedule that nobody can move.
 */
import { fromHex, toHex } from "../codec/bytes.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";
import { type Effect, EffectKind } from "../records/block.ts";
import { WALLET_BYTES } from "../records/common.ts";
import { type BlockTerms, blockReward } from "../rewards/block.ts";
import {
  countTrades,
  type Flow,
  type FlowTerms,
  flowReward,
  isFlowTerms,
} from "../rewards/flow.ts";
import { isSchedule } from "../rewards/schedule.ts";
import { borrowerAt } from "./credit-state.ts";
import type { LedgerState } from "./state.ts";

export interface RewardTerms {
  block: BlockTerms;
  flow: FlowTerms;
  /** Slots of a period of proof-of-flow. */
  periodSlots: number;
}

/** What a block's rewards depend on beside the ledger. */
export interface RewardPlan {
  terms: RewardTerms;
  /** The gateway that leads, its operator's address, and the time of its block. */
  leader: Uint8Array;
  wallet: Uint8Array;
  atMs: number;
}

/** Rewards so far. There is one entry, under RUN, or none before the first reward. */
export interface RewardRun {
  /** Of leaders, and from when on the next is due, ms. */
  readonly count: number;
  readonly dueMs: number;
  /** Periods of proof-of-flow that have ended. */
  readonly periods: number;
}
export const RUN = "";

/** Coins of a gateway's operator, µc. */
export interface OperatorEntry {
  readonly gateway: string;
  micro: number;
}

/** What a member traded in the present period, and its registers when it began, mWh. */
export interface FlowEntry {
  readonly node: string;
  soldWh: number;
  boughtWh: number;
  readonly importMwh: bigint;
  readonly exportMwh: bigint;
}

/** The plan of a block by this leader, whose address follows from its id. */
export function rewardPlan(
  crypto: Crypto,
  terms: RewardTerms,
  leader: Uint8Array,
  atMs: number,
): RewardPlan {
  const wallet = domainHash(crypto, "wattle/operator-wallet/1", leader).slice(0, WALLET_BYTES);
  return { terms, leader, wallet, atMs };
}

/** Whether these terms can be carried out (core/rewards). */
export function isRewardTerms({ block, flow, periodSlots }: RewardTerms): boolean {
  const every = Number.isSafeInteger(block.everyMs) && block.everyMs > 0;
  const period = Number.isSafeInteger(periodSlots) && periodSlots > 0;
  const schedules = isSchedule(block.schedule) && isSchedule(flow.schedule);
  return every && period && schedules && isFlowTerms(flow);
}

/** After everything else in the block: `effects` has all that it did, and `closed` the slots that it ends. */
export function applyRewards(
  state: LedgerState,
  { terms, leader, wallet, atMs }: RewardPlan,
  filled: boolean,
  closed: readonly number[],
  effects: Effect[],
): void {
  count(state, effects);
  for (const slot of closed)
    if ((slot + 1) % terms.periodSlots === 0) endPeriod(state, terms.flow, effects);
  const before = state.rewardRuns.peek(RUN) ?? { count: 0, dueMs: 0, periods: 0 };
  const { micro, after } = blockReward(terms.block, before, atMs, filled);
  if (after === before) return;
  state.rewardRuns.set(RUN, { ...before, ...after });
  if (micro === 0) return;
  const gateway = toHex(leader);
  const operator = state.operators.get(gateway);
  if (operator) operator.micro += micro;
  else state.operators.set(gateway, { gateway, micro });
  state.totals.mintedMicro += micro;
  effects.push(minted(EffectKind.reward, wallet, micro, 0));
}

/** What this block settled counts for the period. */
function count(state: LedgerState, effects: readonly Effect[]): void {
  const traded = new Map<string, { soldWh: number; boughtWh: number }>();
  const nodeOf = (wallet: string) => state.owners.peek(wallet) ?? borrowerAt(state, wallet);
  countTrades(traded, effects, nodeOf);
  for (const [node, { soldWh, boughtWh }] of traded) {
    const entry = flowOf(state, node);
    entry.soldWh += soldWh;
    entry.boughtWh += boughtWh;
  }
}

function flowOf(state: LedgerState, node: string): FlowEntry {
  const known = state.flows.get(node);
  if (known) return known;
  // Its first trade in any period: what its meter showed before that slot is not of it.
  const { previousImportMwh, previousExportMwh } = state.accountOf(node);
  begin(state, node, previousImportMwh, previousExportMwh);
  return state.flows.get(node)!;
}

function begin(state: LedgerState, node: string, importMwh: bigint, exportMwh: bigint): void {
  state.flows.set(node, { node, soldWh: 0, boughtWh: 0, importMwh, exportMwh });
}

function endPeriod(state: LedgerState, terms: FlowTerms, effects: Effect[]): void {
  const before = state.rewardRuns.peek(RUN) ?? { count: 0, dueMs: 0, periods: 0 };
  const flows: Flow[] = [];
  for (const { node, soldWh, boughtWh, importMwh, exportMwh } of state.flows.values()) {
    const account = state.accountOf(node);
    const metered = {
      importMwh: account.importMwh - importMwh,
      exportMwh: account.exportMwh - exportMwh,
    };
    flows.push({ node, soldWh, boughtWh, ...metered });
  }
  // Who belongs to whom the ledger does not know: each account stands for itself.
  const reward = flowReward(terms, before.periods, flows, (node) => node);
  if (reward) {
    const { node, micro, firstWh, secondWh } = reward;
    state.account(node).balanceMicro += micro;
    state.totals.mintedMicro += micro;
    const [wallet] = state.newestSet(node).wallets;
    effects.push(minted(EffectKind.flow, fromHex(wallet)!, micro, firstWh - secondWh));
  }
  state.rewardRuns.set(RUN, { ...before, periods: before.periods + 1 });
  for (const { node, importMwh, exportMwh } of [...state.accounts.values()])
    begin(state, node, importMwh, exportMwh);
}

function minted(kind: number, to: Uint8Array, micro: number, qtyWh: number): Effect {
  const none = { reserve: undefined, sold: undefined, bought: undefined, from: undefined };
  return { kind, ...none, leg: 0, to, micro, qtyWh };
}
