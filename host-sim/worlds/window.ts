// SPDX-License-Identifier: Apache-2.0
/** Part of a world: some of its days and homes, or more homes than it has. */
import { checkWhole, DataError } from "./errors.ts";
import { TableWorld } from "./table-world.ts";
import type { World } from "./types.ts";

export interface WindowOptions {
  /** Whole days to skip; 0 by default. */
  from?: number;
  /** Whole days to keep; all that remain by default. */
  days?: number;
  /** Homes; all by default. */
  nodes?: number;
}

const DAY_SECONDS = 86_400;

/**
 * Keeps `days` days after `from` and `nodes` homes. Where there are fewer homes than nodes, homes
 * repeat: the k-th copy of `Building_1` is called `Building_1#k` and lives k − 1 days ahead of it,
 * going around the end of the whole data, so that copies differ but stay real days. Copies repeat
 * each other where the data have fewer days.
 * @throws DataError window-outside, option-invalid
 */
export function windowWorld(world: World, options: WindowOptions): World {
  const slotsPerDay = DAY_SECONDS / world.slotSeconds;
  const from = checkWhole("from", options.from ?? 0, 0, 100_000);
  const nodes = checkWhole("nodes", options.nodes ?? world.homes.length, 1, 100_000);
  const days =
    options.days === undefined ? undefined : checkWhole("days", options.days, 1, 100_000);
  const copies = nodes > world.homes.length;
  if (!Number.isInteger(slotsPerDay) && (from > 0 || days !== undefined || copies)) {
    const cause = `a day is no whole number of ${world.slotSeconds} s slots`;
    throw new DataError("option-invalid", {}, cause, "use all days and no copies of homes");
  }
  const firstSlot = from === 0 ? 0 : from * slotsPerDay;
  const slots = days === undefined ? world.slots - firstSlot : days * slotsPerDay;
  if (slots < 1 || firstSlot + slots > world.slots) {
    const held = Math.floor(world.slots / slotsPerDay);
    const asked = `days ${from} to ${days === undefined ? "the end" : from + days}`;
    const cause = `${asked} are asked for and ${world.name} has ${held} whole days`;
    throw new DataError("window-outside", {}, cause, "lower the days to skip or the days to keep");
  }
  if (firstSlot === 0 && slots === world.slots && nodes === world.homes.length) return world;
  const count = world.homes.length;
  // Going around in whole days keeps the hour of the day, even where the last day is not complete.
  const around = copies ? Math.floor(world.slots / slotsPerDay) * slotsPerDay : 0;
  const sourceSlot = (home: number, slot: number): number => {
    const copy = Math.floor(home / count);
    const at = firstSlot + slot;
    return copy === 0 || around === 0 ? at : (at + copy * slotsPerDay) % around;
  };
  return new TableWorld({
    name: world.name,
    homes: Array.from({ length: nodes }, (_, home) => {
      const source = world.homes[home % count]!;
      const copy = Math.floor(home / count);
      return copy === 0 ? source : { ...source, name: `${source.name}#${copy + 1}` };
    }),
    slotSeconds: world.slotSeconds,
    slots,
    startMs: world.startMs + firstSlot * world.slotSeconds * 1000,
    feedInMicroPerKwh: world.feedInMicroPerKwh,
    load: (home, slot) => world.loadWh(home % count, sourceSlot(home, slot)),
    generation: (home, slot) => world.generationWh(home % count, sourceSlot(home, slot)),
    retail: (slot) => world.retailMicroPerKwh(firstSlot + slot),
  });
}

/** The first `slots` slots of a world, or all of it where it has no more. */
export function firstSlots(world: World, slots: number): World {
  if (slots >= world.slots) return world;
  return new TableWorld({
    name: world.name,
    homes: world.homes,
    slotSeconds: world.slotSeconds,
    slots,
    startMs: world.startMs,
    feedInMicroPerKwh: world.feedInMicroPerKwh,
    load: (home, slot) => world.loadWh(home, slot),
    generation: (home, slot) => world.generationWh(home, slot),
    retail: (slot) => world.retailMicroPerKwh(slot),
    battery: (home) => world.battery(home),
  });
}
