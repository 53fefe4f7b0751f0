// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadWorld } from "#host-sim/worlds/load";
import { isWeekend, quarterWeight } from "#host-sim/worlds/profiles";
import { mulberry32, randomStream } from "#host-sim/worlds/random";
import {
  clearSkyWattsPerM2,
  declinationDegrees,
  equationOfTimeMinutes,
  sineOfElevation,
} from "#host-sim/worlds/solar";
import { drawHome, syntheticWorld } from "#host-sim/worlds/synthetic";
import type { World } from "#host-sim/worlds/types";
import { worldStats } from "#host-sim/worlds/world-stats";

test("the generator gives the published sequence and keeps to its bounds", () => {
  const words = mulberry32(0);
  const first = [words.uint32(), words.uint32(), words.uint32()];
  assert.deepEqual(first, [1144304738, 1416247, 958946056]);
  assert.equal(mulberry32(0).next(), 1144304738 / 2 ** 32);
  const random = mulberry32(42);
  const seen = new Set(Array.from({ length: 2000 }, () => random.below(7)));
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4, 5, 6]);
  assert.throws(() => random.below(0), RangeError);
  const streams = [[1], [2], [1, 0], [1, 1]].map((labels) => randomStream(7, ...labels).uint32());
  assert.equal(new Set(streams).size, 4);
});

test("the sun stands where almanacs put it", () => {
  // Solstices, equinox and the extremes of the equation of time, to the accuracy of the formulas.
  assert.ok(Math.abs(declinationDegrees(172) - 23.45) < 0.05);
  assert.ok(Math.abs(declinationDegrees(355) + 23.45) < 0.05);
  assert.ok(Math.abs(declinationDegrees(81)) < 0.5);
  assert.ok(Math.abs(equationOfTimeMinutes(42) + 14.2) < 0.5);
  assert.ok(Math.abs(equationOfTimeMinutes(307) - 16.4) < 0.5);
  const site = { latitude: 48, longitude: 15, zoneHours: 1 };
  const noon = 720 - equationOfTimeMinutes(172);
  assert.ok(Math.abs(sineOfElevation(site, 172, noon) - Math.cos((24.55 * Math.PI) / 180)) < 1e-3);
  assert.ok(sineOfElevation(site, 172, 0) < 0);
});

test("clear-sky irradiance peaks at noon and is nothing at night", () => {
  const site = { latitude: 48, longitude: 15, zoneHours: 1 };
  const noon = clearSkyWattsPerM2(site, 172, 720);
  assert.ok(noon > 900 && noon < 1037, `${noon} W/m²`);
  assert.equal(clearSkyWattsPerM2(site, 172, 0), 0);
  assert.ok(clearSkyWattsPerM2(site, 355, 720) < 350);
  assert.equal(clearSkyWattsPerM2({ ...site, latitude: 80 }, 355, 720), 0);
});

function energies(world: World, homes: number, slots: number): number[] {
  const list: number[] = [];
  for (let home = 0; home < homes; home += 1) {
    for (let slot = 0; slot < slots; slot += 1) {
      list.push(world.loadWh(home, slot), world.generationWh(home, slot));
    }
  }
  return list;
}

test("one seed gives one world, whatever else is asked for", () => {
  const world = loadWorld({ seed: 11, days: 2, nodes: 3 });
  const larger = loadWorld({ seed: 11, days: 5, nodes: 8 });
  assert.deepEqual(energies(world, 3, 192), energies(larger, 3, 192));
  const later = loadWorld({ seed: 11, from: 1, days: 1, nodes: 3 });
  assert.equal(later.loadWh(2, 5), world.loadWh(2, 96 + 5));
  assert.equal(later.startMs, world.startMs + 86_400_000);
  assert.notDeepEqual(energies(loadWorld({ seed: 12, days: 2 }), 3, 192), energies(world, 3, 192));
});

test("slots of any length hold the same energy", () => {
  const hourly = loadWorld({ seed: 4, days: 3, slotSeconds: 3600 });
  for (const slotSeconds of [900, 300, 480, 1800]) {
    const world = loadWorld({ seed: 4, days: 3, slotSeconds });
    if (3600 % slotSeconds !== 0) {
      assert.equal(worldStats(world).loadWh, worldStats(hourly).loadWh);
      continue;
    }
    for (let hour = 0; hour < 72; hour += 1) {
      let load = 0;
      const per = 3600 / slotSeconds;
      for (let i = 0; i < per; i += 1) load += world.loadWh(5, hour * per + i);
      assert.equal(load, hourly.loadWh(5, hour), `${slotSeconds} s, hour ${hour}`);
    }
  }
});

test("a year is what such homes use and such panels give", () => {
  const nodes = 60;
  const world = loadWorld({ seed: 1, days: 365, nodes, slotSeconds: 3600 });
  let panelKw = 0;
  for (let home = 0; home < nodes; home += 1) {
    const drawn = drawHome(1, home);
    panelKw += drawn.panelWp / 1000;
    let load = 0;
    for (let slot = 0; slot < world.slots; slot += 1) load += world.loadWh(home, slot);
    assert.ok(Math.abs(load / drawn.annualWh - 1) < 0.03, `home ${home}: ${load} Wh`);
  }
  const kwhPerKw = worldStats(world).generationWh / 1000 / panelKw;
  assert.ok(kwhPerKw > 850 && kwhPerKw < 1200, `${kwhPerKw} kWh per kWp and year`);
});

test("demand peaks in the evening and panels around noon", () => {
  const world = syntheticWorld({ seed: 2, homes: 40, days: 28, slotSeconds: 3600 });
  const load: number[] = new Array(24).fill(0);
  const sun: number[] = new Array(24).fill(0);
  for (let slot = 0; slot < world.slots; slot += 1) {
    for (let home = 0; home < 40; home += 1) {
      load[slot % 24]! += world.loadWh(home, slot);
      sun[slot % 24]! += world.generationWh(home, slot);
    }
  }
  const peak = (hours: number[]): number => hours.indexOf(Math.max(...hours));
  assert.ok(peak(load) >= 18 && peak(load) <= 20, `load peaks at ${peak(load)}`);
  assert.ok(peak(sun) >= 11 && peak(sun) <= 13, `sun peaks at ${peak(sun)}`);
  assert.equal(sun[0]! + sun[23]!, 0);
  assert.equal(world.retailMicroPerKwh(12), 240_000);
  assert.equal(world.retailMicroPerKwh(18), 380_000);
  assert.equal(isWeekend(world.startMs), false);
  assert.equal(quarterWeight(-1, false), quarterWeight(95, false));
});

test("options out of range are refused by name", () => {
  assert.throws(() => loadWorld({ seed: 1, slotSeconds: 700 }), { code: "option-invalid" });
  assert.throws(() => loadWorld({ seed: 1, latitude: 91 }), /latitude 91/);
  assert.throws(() => loadWorld({ seed: -1 }), /seed is -1/);
  assert.throws(() => loadWorld({ seed: 1, nodes: 0 }), /nodes is 0/);
  assert.throws(() => loadWorld({ seed: 1, slotSeconds: 1, days: 3650 }), /fewer nodes or days/);
});
