// SPDX-License-Identifier: Apache-2.0
/** The energy that a device is tried with: a day of the real data, its bright part, and slots without end. */
import { loadWorld } from "../worlds/load.ts";
import { quarterHours } from "../worlds/quarter-hours.ts";
import { TableWorld } from "../worlds/table-world.ts";
import type { World } from "../worlds/types.ts";

/** Days to skip: the CityLearn data begin in August, so that this one is in January, with sun. */
const FROM_DAY = 180;
const HOMES = 12;
/** The quarter-hour of 11 o'clock; from then on, for seven hours, the most is sold. */
export const BRIGHT_FROM = 44;
const BRIGHT_SLOTS = 28;

/** @param data folder of the CityLearn data */
export function dayWorld(data: string): World {
  return quarterHours(loadWorld({ data, from: FROM_DAY, days: 1, nodes: HOMES, seed: 1 }));
}

/** Slots of `world` from `from` on; after its last one the same begin anew. */
export function partOf(
  world: World,
  from: number,
  slots: number,
  as: Partial<Repeated> = {},
): World {
  const { every = world.slots - from, homes = world.homes.length, slotSeconds } = as;
  const at = (slot: number) => from + (slot % every);
  return new TableWorld({
    name: world.name,
    homes: world.homes.slice(0, homes),
    slotSeconds: slotSeconds ?? world.slotSeconds,
    slots,
    startMs: world.startMs,
    feedInMicroPerKwh: world.feedInMicroPerKwh,
    load: (home, slot) => world.loadWh(home, at(slot)),
    generation: (home, slot) => world.generationWh(home, at(slot)),
    retail: (slot) => world.retailMicroPerKwh(at(slot)),
  });
}

interface Repeated {
  /** Slots after which the energies are the same again. */
  every: number;
  /** The first so many homes. */
  homes: number;
  /** Of another length, with the energy as it is. */
  slotSeconds: number;
}

export function brightPart(world: World): World {
  return partOf(world, BRIGHT_FROM, BRIGHT_SLOTS);
}

/** Slots after which a soak's energies repeat: 9 to 18 o'clock. */
export const SOAK_CYCLE = 36;
const SOAK_FROM = 36;
/** A seller and buyers are among them. */
const SOAK_HOMES = 3;

export function soakWorld(world: World, slots: number, slotSeconds: number): World {
  return partOf(world, SOAK_FROM, slots, { every: SOAK_CYCLE, homes: SOAK_HOMES, slotSeconds });
}
