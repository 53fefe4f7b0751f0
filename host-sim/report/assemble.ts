// SPDX-License-Identifier: Apache-2.0
/**
 * From what a run stored to its report. The energy of the homes comes from the world, everything that was
 * traded from an audit of the gateway's log: a report is only written for a ledger that checks out.
 */
import type { Crypto } from "#core/crypto/port";
import { audit } from "#gateway/audit/audit";
import type { AuditSummary } from "#gateway/audit/types";
import type { LogEntry } from "#gateway/ports";
import { meteredWorld } from "../battery/metered.ts";
import type { BatteryTrace } from "../battery/pack.ts";
import type { World } from "../worlds/types.ts";
import { slotTotals, worldStats } from "../worlds/world-stats.ts";
import type { ProcessCounts } from "./counts.ts";
import { creditRun, type PaymentTimes } from "./credit.ts";
import type { RunResult, RunSummary, Settlement, SlotRecord, XsTotals } from "./types.ts";
import { witnessFacts } from "./witnesses.ts";

export interface RunFacts {
  world: World;
  entries: Iterable<LogEntry>;
  crypto: Crypto;
  engine: {
    name: string;
    version: string;
    crypto: string;
    xs: { meter: number; slotsPeak: number; clones: number } | undefined;
  };
  counts: ProcessCounts;
  seed: number;
  wallSeconds: number;
  /** How long payments by token took, where there is a bank. */
  payments?: PaymentTimes;
  /** What the world's batteries did. */
  batteries?: readonly BatteryTrace[];
  /** Further facts for report.json. */
  extra?: Record<string, unknown>;
}

/** A run's report, and how much was checked for it. */
export type AssembledRun = RunResult & { checked: { entries: number; signatures: number } };

/** Raised where the ledger of a run does not check out: no report is made of it. */
export class LedgerFault extends Error {
  override readonly name = "LedgerFault";
}

/** Audits the log and puts the report together. @throws LedgerFault naming the first faults */
export function assembleRun(run: RunFacts): AssembledRun {
  const batteries = run.batteries ?? [];
  const facts = { ...run, world: meteredWorld(run.world, batteries) };
  const settlements: (Settlement & { gridValueMicro: number })[] = [];
  const balances = new Map<string, number[]>();
  const atMs: number[] = [];
  const { world } = facts;
  const result = audit(
    facts.entries,
    { crypto: facts.crypto },
    {
      onSettlement: (settled) => {
        settlements.push({
          slot: settled.slot,
          startMs: world.startMs + settled.slot * world.slotSeconds * 1000,
          seller: settled.seller,
          buyer: settled.buyer,
          qtyWh: settled.qtyWh,
          ecashMicro: settled.ecashMicro,
          priceMicroPerKwh: settled.priceMicro,
          soldTx: settled.soldTx,
          boughtTx: settled.boughtTx ?? "",
          block: settled.height,
          gridValueMicro: gridValue(world, settled.slot, settled.qtyWh),
        });
      },
      onBalances: (slot, _height, owned) => {
        atMs.push(world.startMs + (slot + 1) * world.slotSeconds * 1000);
        for (const { node, freeMicro, lockedMicro } of owned) {
          const series = balances.get(node) ?? [];
          while (series.length < atMs.length - 1) series.push(0); // joined later
          series.push(freeMicro + lockedMicro);
          balances.set(node, series);
        }
      },
    },
  );
  if (!result.ok) {
    const first = result.faults
      .slice(0, 5)
      .map((fault) => `entry ${fault.index} (${fault.kind}): ${fault.code}: ${fault.detail}`);
    throw new LedgerFault(`the ledger does not check out:\n  ${first.join("\n  ")}`);
  }
  const names = new Map(result.summary.members.map(({ id, name }) => [id, name]));
  const named = (node: string) => names.get(node) ?? node;
  return {
    summary: summaryOf(facts, result.summary, settlements),
    perSlot: slotRecords(world, result.summary),
    settlements: settlements.map(({ gridValueMicro: _, ...settled }) => ({
      ...settled,
      seller: named(settled.seller),
      buyer: named(settled.buyer),
    })),
    balances: {
      atMs,
      nodes: [...balances].map(([node, micro]) => ({ node: named(node), micro })),
    },
    ...(batteries.length > 0 && {
      batteries: batteries.map(({ home, ...trace }) => ({
        name: world.homes[home]!.name,
        ...trace,
      })),
    }),
    checked: {
      entries: result.summary.entries,
      signatures: result.summary.signaturesVerified,
    },
  };
}

/** What the grid would have gained on this energy: retail less feed-in, µc, rounded down. */
function gridValue(world: World, slot: number, qtyWh: number): number {
  const spread = world.retailMicroPerKwh(slot) - world.feedInMicroPerKwh;
  return Math.floor((qtyWh * spread) / 1000);
}

function summaryOf(
  facts: RunFacts,
  checked: AuditSummary,
  settlements: readonly { gridValueMicro: number }[],
): RunSummary {
  const { world, engine, counts } = facts;
  const stats = worldStats(world);
  const witnesses = witnessFacts(checked);
  const credit = creditRun(checked, stats.tradableWh, facts.payments);
  const gridCostBeforeMicro = gridCost(world);
  const savedMicro = settlements.reduce((sum, settled) => sum + settled.gridValueMicro, 0);
  return {
    engine: engine.name,
    engineVersion: engine.version,
    crypto: engine.crypto,
    nodes: world.homes.length,
    slots: world.slots,
    slotSeconds: world.slotSeconds,
    loadWh: stats.loadWh,
    generationWh: stats.generationWh,
    importBeforeWh: stats.importBeforeWh,
    exportBeforeWh: stats.exportBeforeWh,
    tradableWh: stats.tradableWh,
    tradedWh: checked.tradedWh,
    slotsWithTrade: checked.slotsWithTrade,
    importAfterWh: stats.importBeforeWh - checked.tradedWh,
    exportAfterWh: stats.exportBeforeWh - checked.tradedWh,
    coins: checked.coins,
    readings: checked.readings,
    orders: checked.orders,
    transactions: checked.transactions,
    blocks: checked.blocks,
    signaturesVerified: counts.signaturesVerified,
    rejected: counts.rejected,
    duplicates: counts.duplicates,
    wallSeconds: facts.wallSeconds,
    ...(engine.xs && { xs: xsTotals(engine.version, engine.xs) }),
    seed: facts.seed,
    slotsSettled: checked.slotsSettled,
    missedSlots: checked.missedSlots.map(({ slot }) => slot),
    missed: checked.missedSlots,
    gridCostBeforeMicro,
    gridCostAfterMicro: gridCostBeforeMicro - savedMicro,
    headBlock: checked.head?.id ?? "",
    ...(credit && { credit }),
    ...(witnesses && { witnesses }),
    ...facts.extra,
  };
}

function xsTotals(
  version: string,
  xs: { meter: number; slotsPeak: number; clones: number },
): XsTotals {
  return { version, bytecodes: xs.meter, peakSlots: xs.slotsPeak, clones: xs.clones };
}

/** Retail for all import less feed-in for all export, without trade, µc; each home and slot rounded down. */
function gridCost(world: World): number {
  let micro = 0;
  for (let slot = 0; slot < world.slots; slot++) {
    const retail = world.retailMicroPerKwh(slot);
    for (let home = 0; home < world.homes.length; home++) {
      const netWh = world.netWh(home, slot);
      const price = netWh > 0 ? retail : world.feedInMicroPerKwh;
      micro += Math.floor((netWh * price) / 1000);
    }
  }
  return micro;
}

function slotRecords(world: World, checked: AuditSummary): SlotRecord[] {
  const traded = new Map(checked.slots.map((slot) => [slot.slot, slot]));
  const records: SlotRecord[] = [];
  for (let slot = 0; slot < world.slots; slot++) {
    const totals = slotTotals(world, slot);
    const settled = traded.get(slot);
    records.push({
      slot,
      startMs: world.startMs + slot * world.slotSeconds * 1000,
      loadWh: totals.loadWh,
      generationWh: totals.generationWh,
      importBeforeWh: totals.importBeforeWh,
      exportBeforeWh: totals.exportBeforeWh,
      tradedWh: settled?.tradedWh ?? 0,
      priceMicroPerKwh: settled?.priceMicro ?? 0,
      retailMicroPerKwh: world.retailMicroPerKwh(slot),
      feedInMicroPerKwh: world.feedInMicroPerKwh,
    });
  }
  return records;
}
