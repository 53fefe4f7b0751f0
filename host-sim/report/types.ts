// SPDX-License-Identifier: Apache-2.0
/** What a run hands to the report. Energy is integer Wh, money integer micro-coins, time ms. */
import type { ConsortiumFacts } from "./consortium.ts";
import type { CreditRun } from "./credit.ts";
import type { SecureFacts } from "./secure.ts";
import type { WitnessFacts } from "./witnesses.ts";

/**
 * An integer; bigint where it may pass 2^53. report.json has a number, or digits in a string beyond
 * that.
 */
export type Whole = number | bigint;

/** Always: genesis + minted = wallets + locked + reserves + burned. */
export interface CoinTotals {
  genesisMicro: Whole;
  mintedMicro: Whole;
  walletsMicro: Whole;
  lockedMicro: Whole;
  reservesMicro: Whole;
  burnedMicro: Whole;
  /** In wallets that banks share with borrowers, where there is credit. */
  sharedMicro?: Whole;
}

/** The XS machines of the run's nodes, where nodes ran on XS. */
export interface XsTotals {
  version: string;
  bytecodes: Whole;
  peakSlots: number;
  clones: number;
}

export interface RunSummary {
  engine: string;
  crypto: string;
  nodes: number;
  slots: number;
  slotSeconds: number;
  loadWh: number;
  generationWh: number;
  /** Sums of the homes' deficits and surpluses, without trade. */
  importBeforeWh: number;
  exportBeforeWh: number;
  tradableWh: number;
  tradedWh: number;
  slotsWithTrade: number;
  importAfterWh: number;
  exportAfterWh: number;
  coins: CoinTotals;
  readings: number;
  transactions: number;
  blocks: number;
  signaturesVerified: number;
  rejected: number;
  duplicates: number;
  wallSeconds: number;
  xs?: XsTotals;
  seed: number | string;
  /** Slots in which some node was missing and was settled at grid prices. */
  missedSlots?: readonly number[];
  /** Grid bills of all homes without and with trade (retail for import, feed-in for export). */
  gridCostBeforeMicro?: Whole;
  gridCostAfterMicro?: Whole;
  /** Where there was a bank. */
  credit?: CreditRun;
  /** Where there was proof-of-time. */
  witnesses?: WitnessFacts;
  /** Of a demo with several gateways. */
  consortium?: ConsortiumFacts;
  /** Of a demo with an authority. */
  secure?: SecureFacts;
  /** Further facts of a run: printed as they are. */
  [extra: string]: unknown;
}

export interface SlotRecord {
  slot: number;
  startMs: number;
  loadWh: number;
  generationWh: number;
  importBeforeWh: number;
  exportBeforeWh: number;
  tradedWh: number;
  /** Of the slot's trades; anything where tradedWh is 0. */
  priceMicroPerKwh: number;
  retailMicroPerKwh: number;
  feedInMicroPerKwh: number;
}

export interface Settlement {
  slot: number;
  startMs: number;
  seller: string;
  buyer: string;
  qtyWh: number;
  ecashMicro: Whole;
  priceMicroPerKwh: number;
  soldTx: string;
  boughtTx: string;
  /** Block height, or its id. */
  block: number | string;
}

/** Balances by column: `micro[i]` belongs to `atMs[i]`. Instants may be thinned, nodes may not. */
export interface Balances {
  atMs: readonly number[];
  nodes: readonly { node: string; micro: readonly Whole[] }[];
}

/** A battery's run, by slot. */
export interface BatteryRecord {
  name: string;
  capacityWh: number;
  /** At the start of each slot, and at the end of the last. */
  stateWh: readonly number[];
  /** Through its meter. */
  drawnWh: readonly number[];
  fedWh: readonly number[];
  /** What the aggregator scheduled, negative to feed back; null where it said nothing. */
  windowW: readonly (number | null)[];
  departures: readonly { slot: number; needWh: number; stateWh: number }[];
  usedWh: number;
  lostWh: number;
}

export interface RunResult {
  summary: RunSummary;
  /** Of a world that has batteries. */
  batteries?: readonly BatteryRecord[];
  perSlot: readonly SlotRecord[];
  settlements: readonly Settlement[];
  balances: Balances;
}
