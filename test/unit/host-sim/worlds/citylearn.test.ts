// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { DataError } from "#host-sim/worlds/errors";
import { loadWorld } from "#host-sim/worlds/load";
import { worldStats } from "#host-sim/worlds/world-stats";
import { requireData } from "../../../data.ts";

test("the first week has the energy that was measured in it", (t) => {
  const data = requireData(t, "citylearn2022");
  if (data === undefined) return;
  const world = loadWorld({ data, days: 7, seed: 1 });
  assert.equal(world.homes.length, 12);
  assert.equal(world.slots, 168);
  assert.deepEqual(worldStats(world), {
    loadWh: 2784296,
    generationWh: 1665089,
    importBeforeWh: 1602141,
    exportBeforeWh: 482934,
    tradableWh: 254288,
    slotsWithTrade: 98,
  });
});

test("the year has the energy that was measured in it", (t) => {
  const data = requireData(t, "citylearn2022");
  if (data === undefined) return;
  const stats = worldStats(loadWorld({ data, days: 365, seed: 1 }));
  assert.equal(stats.tradableWh, 9886295);
  assert.equal(stats.importBeforeWh, 72754750);
  assert.equal(stats.exportBeforeWh, 33368531);
});

test("homes are sorted by number, prices and the clock come from the data", (t) => {
  const data = requireData(t, "citylearn2022");
  if (data === undefined) return;
  const world = loadWorld({ data, seed: 1 });
  const expected = Array.from({ length: 12 }, (_, i) => `Building_${i + 1}`);
  assert.deepEqual(
    world.homes.map((home) => home.name),
    expected,
  );
  assert.equal(world.slotSeconds, 3600);
  assert.equal(new Date(world.startMs).toISOString(), "2016-07-31T23:00:00.000Z");
  assert.equal(world.loadWh(0, 0), 2276);
  assert.equal(world.retailMicroPerKwh(0), 220_000);
  assert.equal(world.feedInMicroPerKwh, 80_000);
  for (const [home, { capacityWh }] of world.homes.entries()) {
    for (let slot = 0; slot < world.slots; slot += 1) {
      assert.ok(world.netWh(home, slot) <= capacityWh, `home ${home}, slot ${slot}`);
    }
  }
});

/** A folder of one building with two rows; `change` makes it wrong. */
function folder(t: TestContext, change: Record<string, string | undefined>): string {
  const dir = mkdtempSync(join(tmpdir(), "wattle-citylearn-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const building = { pv: { attributes: { nominal_power: 4.5 } } };
  const schema = { seconds_per_time_step: 1800, buildings: { Building_7: building } };
  const files: Record<string, string | undefined> = {
    "schema.json": JSON.stringify(schema),
    "pricing.csv": "electricity_pricing\n0.2\n0.25\n",
    "Building_7.csv":
      "month,hour,non_shiftable_load,solar_generation\n3,1,0.0005,1\n3,1,0.0015,0.2\n",
    ...change,
  };
  for (const [name, text] of Object.entries(files)) {
    if (text !== undefined) writeFileSync(join(dir, name), text);
  }
  return dir;
}

test("values are rounded once, half to even, for slots of any length", (t) => {
  const world = loadWorld({ data: folder(t, {}), seed: 1 });
  assert.deepEqual([world.loadWh(0, 0), world.loadWh(0, 1)], [0, 2]);
  // 1 W/kW · 4.5 kW for half an hour is 2.25 Wh; 0.2 · 4.5 / 2 is 0.45 Wh.
  assert.deepEqual([world.generationWh(0, 0), world.generationWh(0, 1)], [2, 0]);
  assert.deepEqual([world.retailMicroPerKwh(0), world.retailMicroPerKwh(1)], [200_000, 250_000]);
  assert.equal(new Date(world.startMs).toISOString(), "2016-03-01T00:00:00.000Z");
});

test("a broken folder gives coded errors", (t) => {
  const head = "non_shiftable_load,solar_generation\n";
  const cases: [string, Record<string, string | undefined>, number][] = [
    ["file-missing", { "schema.json": undefined }, 0],
    ["file-missing", { "pricing.csv": undefined }, 0],
    ["schema-invalid", { "schema.json": "{" }, 0],
    ["schema-invalid", { "schema.json": '{"seconds_per_time_step":0}' }, 0],
    ["schema-invalid", { "schema.json": '{"seconds_per_time_step":60,"buildings":{}}' }, 0],
    ["rows-uneven", { "pricing.csv": "electricity_pricing\n0.2\n" }, 0],
    ["rows-none", { "pricing.csv": "electricity_pricing\n" }, 0],
    ["column-missing", { "pricing.csv": "price\n0.2\n0.2\n" }, 1],
    ["value-missing", { "Building_7.csv": `${head}1,\n1,1\n` }, 2],
    ["value-negative", { "Building_7.csv": `${head}1,1\n-1,1\n` }, 3],
    ["value-invalid", { "Building_7.csv": `${head}1,1\nx,1\n` }, 3],
    ["value-too-large", { "Building_7.csv": `${head}1,1\n1e9,1\n` }, 3],
  ];
  for (const [code, change, line] of cases) {
    assert.throws(
      () => loadWorld({ data: folder(t, change), seed: 1 }),
      (error) => {
        assert.ok(error instanceof DataError, String(error));
        assert.deepEqual([error.code, error.line], [code, line], error.message);
        return true;
      },
    );
  }
});
