// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { meteredWorld } from "#host-sim/battery/metered";
import { countersOf, Pack } from "#host-sim/battery/pack";
import { TableWorld } from "#host-sim/worlds/table-world";
import type { BatterySpec } from "#host-sim/worlds/types";
import { worldStats } from "#host-sim/worlds/world-stats";

const START_MS = 1_000_000;
const SLOT_MS = 900_000;
const SPEC: BatterySpec = {
  capacityWh: 10_000,
  reserveWh: 1000,
  startWh: 5000,
  chargeW: 8000,
  dischargeW: 8000,
  efficiencyPermille: 900,
  bidMicro: 0,
  offerMicro: 0,
  trips: [{ departSlot: 4, returnSlot: 6, needWh: 5000, usedWh: 3000 }],
};

const world = new TableWorld({
  name: "one",
  homes: [{ name: "car", capacityWh: 2000 }],
  slotSeconds: 900,
  slots: 10,
  startMs: START_MS,
  feedInMicroPerKwh: 80_000,
  load: () => 100,
  generation: () => 0,
  retail: () => 300_000,
  battery: () => SPEC,
});

const at = (slot: number): number => START_MS + slot * SLOT_MS;

test("it charges with losses, feeds back with losses, and counts both at the meter", () => {
  const pack = new Pack(0, SPEC, world, START_MS);
  pack.setPowerW(4000, at(0));
  assert.equal(pack.stateWh(at(1)), 5900);
  pack.setPowerW(-3600, at(1));
  assert.equal(pack.stateWh(at(2)), 4900);
  pack.setPowerW(0, at(2));
  assert.deepEqual(pack.counters(3 * SLOT_MS), { importMwh: 1_000_000n, exportMwh: 900_000n });
  assert.equal(countersOf(world, pack, 0, 3 * SLOT_MS).importMwh, 1_300_000n);
});

test("it stops when it is full, and when it is empty", () => {
  const full = new Pack(0, { ...SPEC, trips: [] }, world, START_MS);
  full.setPowerW(99_999, at(0));
  assert.equal(full.stateWh(at(5)), 10_000);
  assert.equal(full.counters(5 * SLOT_MS).importMwh, 5_555_555n, "5 kWh at 90 %");
  const empty = new Pack(0, { ...SPEC, trips: [] }, world, START_MS);
  empty.setPowerW(-99_999, at(0));
  assert.equal(empty.stateWh(at(5)), 0);
  assert.equal(empty.counters(5 * SLOT_MS).exportMwh, 4_500_000n);
});

test("a vehicle that is away draws nothing, whatever it is told, and comes back with less", () => {
  const pack = new Pack(0, SPEC, world, START_MS);
  assert.deepEqual(pack.planFor(3), { departSlot: 4, needWh: 5000 });
  assert.equal(pack.planFor(4), undefined);
  assert.equal(pack.planFor(5), undefined);
  assert.deepEqual(pack.planFor(6), { departSlot: 0, needWh: 0 });
  pack.setPowerW(0, at(0));
  pack.setPowerW(8000, at(4) + 1);
  assert.equal(pack.stateWh(at(6)), 2000);
  assert.equal(pack.counters(6 * SLOT_MS).importMwh, 0n);
  assert.deepEqual(pack.trace().departures, [{ slot: 4, needWh: 5000, stateWh: 5000 }]);
});

test("no energy is made or lost but in the charger, whatever is commanded when", () => {
  const commands = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 9 * SLOT_MS }), fc.integer({ min: -9000, max: 9000 })),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(commands, fc.integer({ min: 500, max: 1000 }), (times, efficiencyPermille) => {
      const pack = new Pack(0, { ...SPEC, efficiencyPermille }, world, START_MS);
      for (const [sinceMs, powerW] of times.sort((a, b) => a[0] - b[0]))
        pack.setPowerW(powerW, START_MS + sinceMs);
      pack.counters(10 * SLOT_MS);
      const { stateWh, drawnWh, fedWh, usedWh, lostWh } = pack.trace();
      const drawn = drawnWh.reduce((a, b) => a + b, 0);
      const fed = fedWh.reduce((a, b) => a + b, 0);
      assert.equal(stateWh.length, 11);
      const balance = SPEC.startWh + drawn - fed - usedWh - lostWh - stateWh[10];
      assert.ok(Math.abs(balance) <= 3, `${balance} Wh are missing`);
      assert.ok(lostWh >= 0 && stateWh.every((wh) => wh >= 0 && wh <= SPEC.capacityWh));
      if (efficiencyPermille === 1000) assert.equal(lostWh, 0);
      const metered = meteredWorld(world, [pack.trace()]);
      assert.equal(worldStats(metered).loadWh, 1000 + drawn);
    }),
    { numRuns: 500 },
  );
});
