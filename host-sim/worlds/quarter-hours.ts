// SPDX-License-Identifier: Apache-2.0
/** Hourly data as quarter-hours, the slot of electricity markets: each hour's energy in four even parts. */
import { TableWorld } from "./table-world.ts";
import type { World } from "./types.ts";

const PARTS = 4;

/** Energy, prices and times stay as they are; what four does not divide goes to the later quarters. */
export function quarterHours(world: World): World {
  const hour = (slot: number) => Math.floor(slot / PARTS);
  const part = (wh: number, slot: number) => {
    const before = slot % PARTS;
    return Math.floor((wh * (before + 1)) / PARTS) - Math.floor((wh * before) / PARTS);
  };
  return new TableWorld({
    name: world.name,
    homes: world.homes.map((home) => ({ ...home, capacityWh: Math.ceil(home.capacityWh / PARTS) })),
    slotSeconds: world.slotSeconds / PARTS,
    slots: world.slots * PARTS,
    startMs: world.startMs,
    feedInMicroPerKwh: world.feedInMicroPerKwh,
    load: (home, slot) => part(world.loadWh(home, hour(slot)), slot),
    generation: (home, slot) => part(world.generationWh(home, hour(slot)), slot),
    retail: (slot) => world.retailMicroPerKwh(hour(slot)),
  });
}
