// SPDX-License-Identifier: Apache-2.0
/**
 * What a world holds before anyone trades: the figures that a run is measured against. All in Wh.
 */
import { assert } from "#core/errors/assert";
import type { World } from "./types.ts";

export interface SlotTotals {
  loadWh: number;
  generationWh: number;
  /** Sum of the homes' deficits: what the grid would supply without trade. */
  importBeforeWh: number;
  /** Sum of the homes' surpluses: what the grid would take without trade. */
  exportBeforeWh: number;
  /** min(surplus, deficit): the most that neighbours can trade in the slot. */
  tradableWh: number;
}

export interface WorldStats extends SlotTotals {
  /** Slots in which something can be traded. */
  slotsWithTrade: number;
}

/** Totals of one slot over all homes. */
export function slotTotals(world: World, slot: number): SlotTotals {
  const totals = {
    loadWh: 0,
    generationWh: 0,
    importBeforeWh: 0,
    exportBeforeWh: 0,
    tradableWh: 0,
  };
  for (let home = 0; home < world.homes.length; home += 1) {
    const load = world.loadWh(home, slot);
    const generation = world.generationWh(home, slot);
    totals.loadWh += load;
    totals.generationWh += generation;
    if (load > generation) totals.importBeforeWh += load - generation;
    else totals.exportBeforeWh += generation - load;
  }
  totals.tradableWh = Math.min(totals.importBeforeWh, totals.exportBeforeWh);
  return totals;
}

/** Totals over all slots; tradableWh is the sum of the slots' own, as energy does not wait. */
export function worldStats(world: World): WorldStats {
  const stats: WorldStats = {
    loadWh: 0,
    generationWh: 0,
    importBeforeWh: 0,
    exportBeforeWh: 0,
    tradableWh: 0,
    slotsWithTrade: 0,
  };
  for (let slot = 0; slot < world.slots; slot += 1) {
    const totals = slotTotals(world, slot);
    stats.loadWh += totals.loadWh;
    stats.generationWh += totals.generationWh;
    stats.importBeforeWh += totals.importBeforeWh;
    stats.exportBeforeWh += totals.exportBeforeWh;
    stats.tradableWh += totals.tradableWh;
    if (totals.tradableWh > 0) stats.slotsWithTrade += 1;
  }
  // Energy is conserved, in every world and at every size that fits a double.
  const balance = stats.importBeforeWh - stats.exportBeforeWh;
  assert(stats.loadWh - stats.generationWh === balance, "world-energy-balance");
  assert(Number.isSafeInteger(stats.loadWh + stats.generationWh), "world-sum");
  return stats;
}
