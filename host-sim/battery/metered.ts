// SPDX-License-Identifier: Apache-2.0
/** A world with what its batteries did in a run: what the meters saw, for the report. */
import { TableWorld } from "../worlds/table-world.ts";
import type { World } from "../worlds/types.ts";
import type { BatteryTrace } from "./pack.ts";

/** Charging counts as load, and what was fed back as generation. */
export function meteredWorld(world: World, traces: readonly BatteryTrace[]): World {
  if (traces.length === 0) return world;
  const byHome = new Map(traces.map((trace) => [trace.home, trace]));
  return new TableWorld({
    name: world.name,
    homes: world.homes,
    slotSeconds: world.slotSeconds,
    slots: world.slots,
    startMs: world.startMs,
    feedInMicroPerKwh: world.feedInMicroPerKwh,
    load: (home, slot) => world.loadWh(home, slot) + (byHome.get(home)?.drawnWh[slot] ?? 0),
    generation: (home, slot) =>
      world.generationWh(home, slot) + (byHome.get(home)?.fedWh[slot] ?? 0),
    retail: (slot) => world.retailMicroPerKwh(slot),
    battery: (home) => world.battery(home),
  });
}
