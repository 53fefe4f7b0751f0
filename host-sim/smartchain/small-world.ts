// SPDX-License-Identifier: Apache-2.0
/**
 * A few homes and short slots by seed: every other home has a surplus, so that there is something to
 * trade.
 */
import { HOUR_MS } from "#core/units/time";
import { randomStream } from "../worlds/random.ts";
import type { World } from "../worlds/types.ts";

/** Of a home in a slot, Wh. */
const CAPACITY_WH = 400;
const START_MS = 1_750_000_000_000 - (1_750_000_000_000 % HOUR_MS);

export function smallWorld(seed: number, homes: number, slots: number, slotSeconds: number): World {
  const random = randomStream(seed, 1);
  const net: number[][] = [];
  for (let home = 0; home < homes; home++) {
    const row: number[] = [];
    for (let slot = 0; slot < slots; slot++)
      row.push((home % 2 === 0 ? 1 : -1) * (20 + random.below(200)));
    net.push(row);
  }
  const netWh = (home: number, slot: number): number => net[home][Math.min(slot, slots - 1)];
  return {
    name: "small",
    homes: net.map((_, home) => ({ name: `H${home}`, capacityWh: CAPACITY_WH })),
    slotSeconds,
    slots,
    startMs: START_MS,
    loadWh: (home, slot) => Math.max(0, netWh(home, slot)),
    generationWh: (home, slot) => Math.max(0, -netWh(home, slot)),
    netWh,
    battery: () => undefined,
    retailMicroPerKwh: () => 300_000,
    feedInMicroPerKwh: 80_000,
    counters(home, atMs) {
      let [importMwh, exportMwh] = [0n, 0n];
      for (let slot = 0; slot < slots; slot++) {
        const ranMs = Math.max(0, Math.min(slotSeconds * 1000, atMs - slot * slotSeconds * 1000));
        const mwh =
          (BigInt(netWh(home, slot)) * 1000n * BigInt(Math.floor(ranMs))) /
          BigInt(slotSeconds * 1000);
        if (mwh > 0n) importMwh += mwh;
        else exportMwh -= mwh;
      }
      return { importMwh, exportMwh };
    },
  };
}
