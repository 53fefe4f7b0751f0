// SPDX-License-Identifier: Apache-2.0
/** Which consortiums are run, and what of each goes into the tables. */
import { faultsOf, quorumOf } from "#core/consensus/validators";
import type { Crypto } from "#core/crypto/port";
import { mean, quantile, type Spread, spread } from "../smartchain/stats.ts";
import { type Outcome, runConsortium } from "./consortium.ts";
import type { Costs } from "./costs.ts";
import { INTERVAL_MS, type Setup, setupOf } from "./setup.ts";

export interface Row {
  gateways: number;
  delayMs: number;
  lossPercent: number;
  heights: number;
  /** Virtual time, s. */
  seconds: number;
  /** From wanted to decided at each gateway; median and 5 to 95 %, ms. */
  blockMs: Spread;
  /** From received to FINAL, at the gateway that received it, ms. */
  finalMs: Spread;
  /** Rounds beyond the first, of a block on the average. */
  extraRounds: number;
  messages: number;
  /** Made in the whole run, whatever was said again. */
  votes: number;
  proposals: number;
  kilobytes: number;
  /** How long a gateway is busy for a block, waiting for its disk included, ms. */
  busyMs: number;
}

export function rowOf(outcome: Outcome): Row {
  const { setup, heights, messages, blockMs, finalMs } = outcome;
  const all = Object.values(messages).reduce((sum, count) => sum + count, 0);
  return {
    gateways: setup.gateways,
    delayMs: setup.delayMs,
    lossPercent: setup.lossPermille / 10,
    heights,
    seconds: outcome.tookMs / 1000,
    blockMs: spread(blockMs),
    finalMs: spread(finalMs),
    extraRounds: outcome.rounds / heights,
    messages: all / heights,
    votes: outcome.words.vote,
    proposals: outcome.words.proposed,
    kilobytes: outcome.bytes / 1000 / heights,
    busyMs: outcome.consensusMs / heights,
  };
}

export interface FaultRow extends Row {
  what: string;
  silent: number;
  /** The longest that a block took, s. */
  worstSeconds: number;
}

/** f gateways that are dead: none, each as far as possible from the next, and one after the other. */
export function faultSetups(gateways: number, seed: number): [string, Setup][] {
  const f = faultsOf(gateways);
  const spreadOut = Array.from({ length: f }, (_, i) => Math.floor((i * gateways) / f));
  const inRow = Array.from({ length: f }, (_, i) => i);
  // So many blocks that each gateway leads as often as the others.
  const heights = gateways * Math.ceil(24 / gateways);
  const of = (silent: number[]): Setup => setupOf(gateways, { seed, heights, silent });
  const setups: [string, Setup][] = [
    ["nobody", of([])],
    ["spread out", of(spreadOut)],
  ];
  if (f > 1) setups.push(["next to each other", of(inRow)]);
  return setups;
}

export function faultRow(what: string, outcome: Outcome): FaultRow {
  return {
    ...{ what, silent: outcome.setup.silent.length, ...rowOf(outcome) },
    worstSeconds: Math.max(...outcome.lastMs) / 1000,
  };
}

/** Until when one of four gateways is dead, and when the run ends, ms. */
const SILENT_MS = 30_000;
const MODES_MS = 60_000;

export interface ModeRow {
  rule: Setup["rule"];
  leader: Setup["leader"];
  quorum: number;
  /** Blocks while one gateway of four is dead, and in as much time when it is back. */
  silentBlocks: number;
  backBlocks: number;
  /** Without any dead, ms. */
  blockMs: Spread;
  finalMs: Spread;
}

/** The paper's rules beside the safe ones, of four gateways. */
export function modeRow(
  rule: Setup["rule"],
  leader: Setup["leader"],
  seed: number,
  ports: { crypto: Crypto; costs: Costs },
): ModeRow {
  const choices = { seed, rule, leader, heights: Infinity, endMs: MODES_MS };
  const all = runConsortium(setupOf(4, choices), ports);
  const silent = { ...choices, silent: [2], silentUntilMs: SILENT_MS };
  const { decidedMs } = runConsortium(setupOf(4, silent), ports);
  const silentBlocks = decidedMs.filter((atMs) => atMs < SILENT_MS).length;
  return {
    ...{ rule, leader, quorum: quorumOf(4, rule) },
    ...{ silentBlocks, backBlocks: decidedMs.length - silentBlocks },
    ...{ blockMs: spread(all.blockMs), finalMs: spread(all.finalMs) },
  };
}

/** Transactions a second that are tried one after the other. */
export const RATES: readonly number[] = [100, 250, 500, 1000, 1500, 2000, 2500];
/** Within this a transaction has to be FINAL in the median: the target of 51 gateways. */
export const FINAL_MS = 3000;

export interface ThroughputRow {
  gateways: number;
  /** Blocks without contents, one right after the other. */
  blocksPerSecond: number;
  /** The highest rate of those tried at which transactions are FINAL in time; 0: at none. */
  perSecond: number;
  /** At that rate. */
  finalMs: Spread | undefined;
  txsPerBlock: number;
  /** Share of its time that a gateway is busy with the consensus and with checking transactions. */
  consensusShare: number;
  intakeShare: number;
  /** What the processor allows if it only checks and executes transactions. */
  boundPerSecond: number;
}

/** `ms`: virtual time at each rate. */
export function throughputRow(
  gateways: number,
  seed: number,
  ports: { crypto: Crypto; costs: Costs },
  ms: number,
  rates: readonly number[] = RATES,
): ThroughputRow {
  const empty = setupOf(gateways, { seed, perSecond: 0, intervalMs: 0, heights: 25 });
  const quick = runConsortium(empty, ports);
  const { intakeUs, executeUs } = ports.costs;
  const row: ThroughputRow = {
    ...{ gateways, blocksPerSecond: (1000 * quick.heights) / quick.tookMs },
    ...{ perSecond: 0, finalMs: undefined, txsPerBlock: 0, consensusShare: 0, intakeShare: 0 },
    boundPerSecond: 1e6 / (intakeUs + executeUs),
  };
  for (const perSecond of rates) {
    const setup = setupOf(gateways, { seed, perSecond, heights: Infinity, endMs: ms });
    const { arrived, finalMs, heights, ...rest } = runConsortium(setup, ports);
    const open = arrived - finalMs.length;
    const keepsUp = finalMs.length > 0 && open <= (perSecond * FINAL_MS) / 1000;
    if (!keepsUp || quantile(finalMs, 0.5) >= FINAL_MS) break;
    row.perSecond = perSecond;
    row.finalMs = spread(finalMs);
    row.txsPerBlock = finalMs.length / heights;
    row.consensusShare = rest.consensusMs / rest.tookMs;
    row.intakeShare = rest.intakeMs / rest.tookMs;
  }
  return row;
}

/** What the mean block would take of the time between two, at the usual interval. */
export function perHour(rows: readonly Row[]): number {
  return 3_600_000 / (INTERVAL_MS + mean(rows.map(({ blockMs }) => blockMs.median)));
}
