// SPDX-License-Identifier: Apache-2.0
/** A street as a world: its homes with what their meters show, and the feeder meter as the last home. */
import { assert } from "#core/errors/assert";
import { DataError } from "../worlds/errors.ts";
import { fuseCapacityWh } from "../worlds/table-world.ts";
import type { Counters, Home, World } from "../worlds/types.ts";
import type { Street } from "./street.ts";

/** Name of the feeder meter's home. */
export const FEEDER_NAME = "feeder";

/**
 * @throws DataError for a world with batteries: what flows through them follows from the run, and the street
 * with its feeder is drawn before it
 */
export function streetWorld(world: World, { importWh, exportWh }: Street): World {
  const battery = world.homes.find((_, home) => world.battery(home));
  if (battery) {
    const cause = `${world.name} has a battery (${battery.name}), and a feeder is drawn before the run`;
    throw new DataError("option-invalid", {}, cause, "Take a world without: microgrid has none");
  }
  const { slots, slotSeconds } = world;
  const slotMs = slotSeconds * 1000;
  const flow = (registers: Float64Array[], home: number, slot: number) =>
    registers[home][slot + 1] - registers[home][slot];
  const counted = (register: Float64Array, slot: number, partMs: number): bigint => {
    const wholeMwh = BigInt(register[slot]) * 1000n;
    if (partMs === 0) return wholeMwh;
    const slotMwh = BigInt(register[slot + 1]) * 1000n - wholeMwh;
    return wholeMwh + (slotMwh * BigInt(partMs)) / BigInt(slotMs);
  };
  return {
    name: world.name,
    homes: [...importWh.keys()].map((home): Home => {
      let largestWh = 0;
      for (let slot = 0; slot < slots; slot++)
        largestWh = Math.max(largestWh, flow(importWh, home, slot), flow(exportWh, home, slot));
      const name = world.homes[home]?.name ?? FEEDER_NAME;
      return { name, capacityWh: fuseCapacityWh(largestWh, slotSeconds) };
    }),
    slotSeconds,
    slots,
    startMs: world.startMs,
    feedInMicroPerKwh: world.feedInMicroPerKwh,
    loadWh: (home, slot) => flow(importWh, home, slot),
    generationWh: (home, slot) => flow(exportWh, home, slot),
    netWh: (home, slot) => flow(importWh, home, slot) - flow(exportWh, home, slot),
    retailMicroPerKwh: (slot) => world.retailMicroPerKwh(slot),
    counters(home: number, atMs: number): Counters {
      assert(Number.isSafeInteger(atMs) && atMs >= 0, "street-time", `atMs is ${atMs}`);
      const slot = Math.min(Math.floor(atMs / slotMs), slots);
      const partMs = slot === slots ? 0 : atMs - slot * slotMs;
      return {
        importMwh: counted(importWh[home], slot, partMs),
        exportMwh: counted(exportWh[home], slot, partMs),
      };
    },
    battery: () => undefined,
  };
}
