// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { loadWorld } from "#host-sim/worlds/load";
import type { World } from "#host-sim/worlds/types";
import { windowWorld } from "#host-sim/worlds/window";
import { slotTotals, worldStats } from "#host-sim/worlds/world-stats";
import { requireData } from "../../../data.ts";

/** Registers against the sum of slots: exact at slot ends, linear and never back in between. */
function checkCounters(world: World, home: number, partsMs: readonly number[]): void {
  const slotMs = world.slotSeconds * 1000;
  let imported = 0n;
  let exported = 0n;
  for (let slot = 0; slot < world.slots; slot += 1) {
    const net = BigInt(world.netWh(home, slot)) * 1000n;
    let before = world.counters(home, slot * slotMs);
    assert.deepEqual(before, { importMwh: imported, exportMwh: exported }, `slot ${slot}`);
    for (const part of partsMs) {
      const now = world.counters(home, slot * slotMs + part);
      assert.ok(now.importMwh >= before.importMwh && now.exportMwh >= before.exportMwh);
      const moved = now.importMwh - imported - (now.exportMwh - exported);
      assert.equal(moved, (net * BigInt(part)) / BigInt(slotMs), `slot ${slot} at ${part} ms`);
      before = now;
    }
    if (net > 0n) imported += net;
    else exported -= net;
  }
  const end = { importMwh: imported, exportMwh: exported };
  assert.deepEqual(world.counters(home, world.slots * slotMs), end);
  assert.deepEqual(world.counters(home, world.slots * slotMs + 12_345), end);
}

test("counters follow the slots of data and of the synthetic model", (t) => {
  checkCounters(loadWorld({ seed: 3, days: 2 }), 1, [1, 333, 450_000, 899_999]);
  const data = requireData(t, "citylearn2022");
  if (data === undefined) return;
  const world = loadWorld({ data, seed: 1, from: 3, days: 7, nodes: 14 });
  for (const home of [0, 11, 13]) checkCounters(world, home, [1, 777, 1_800_000, 3_599_999]);
});

test("counters at any two times keep their order", () => {
  const world = loadWorld({ seed: 5, days: 3, nodes: 4 });
  const time = fc.nat({ max: 3 * 86_400_000 });
  fc.assert(
    fc.property(fc.nat({ max: 3 }), time, time, (home, a, b) => {
      const first = world.counters(home, Math.min(a, b));
      const second = world.counters(home, Math.max(a, b));
      assert.ok(first.importMwh <= second.importMwh && first.exportMwh <= second.exportMwh);
    }),
  );
});

test("300 nodes come from 12 homes, each copy a day ahead of the one before", (t) => {
  const data = requireData(t, "citylearn2022");
  if (data === undefined) return;
  const all = loadWorld({ data, seed: 1 });
  const world = loadWorld({ data, seed: 1, from: 360, days: 5, nodes: 300 });
  assert.equal(world.homes.length, 300);
  assert.equal(new Set(world.homes.map((home) => home.name)).size, 300);
  assert.equal(world.homes[12]!.name, "Building_1#2");
  assert.equal(world.homes[299]!.name, "Building_12#25");
  assert.equal(world.startMs, all.startMs + 360 * 86_400_000);
  for (let slot = 0; slot < world.slots; slot += 1) {
    const at = 360 * 24 + slot;
    assert.equal(world.loadWh(0, slot), all.loadWh(0, at));
    assert.equal(world.loadWh(12, slot), all.loadWh(0, (at + 24) % 8760), `slot ${slot}`);
    assert.equal(world.generationWh(299, slot), all.generationWh(11, (at + 24 * 24) % 8760));
  }
  assert.equal(loadWorld({ data, seed: 1, nodes: 5 }).homes.length, 5);
});

test("a window outside of the data, or one that makes no sense, is refused", () => {
  const world = loadWorld({ seed: 1, days: 4, nodes: 2 });
  assert.throws(() => windowWorld(world, { from: 4 }), { code: "window-outside" });
  assert.throws(() => windowWorld(world, { from: 2, days: 3 }), { code: "window-outside" });
  for (const bad of [{ days: 0 }, { nodes: 0 }, { from: -1 }, { days: 1.5 }, { nodes: NaN }]) {
    assert.throws(() => windowWorld(world, bad), { code: "option-invalid" }, JSON.stringify(bad));
  }
  assert.equal(windowWorld(world, { from: 1, days: 2 }).slots, 192);
});

test("folders without data say what is there", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "wattle-load-"));
  t.after(() => rmSync(dir, { recursive: true }));
  mkdirSync(join(dir, "inner"));
  writeFileSync(join(dir, "inner", "Building_1.csv"), "");
  writeFileSync(join(dir, "notes.txt"), "");
  assert.throws(() => loadWorld({ data: dir, seed: 1 }), {
    code: "layout-unknown",
    message: /found inner, notes\.txt; give .+inner/,
  });
  assert.throws(() => loadWorld({ data: join(dir, "no"), seed: 1 }), { code: "data-not-found" });
});

test("data keep their slot length", (t) => {
  const data = requireData(t, "citylearn2022");
  if (data === undefined) return;
  const ask = (slotSeconds: number): World => loadWorld({ data, seed: 1, slotSeconds });
  assert.throws(() => ask(900), { code: "slot-length" });
  assert.equal(ask(3600).slots, 8760);
});

test("the stats of a world are the sums of its slots", () => {
  const world = loadWorld({ seed: 9, days: 2 });
  const stats = worldStats(world);
  let tradable = 0;
  for (let slot = 0; slot < world.slots; slot += 1) tradable += slotTotals(world, slot).tradableWh;
  assert.equal(stats.tradableWh, tradable);
  assert.equal(stats.loadWh - stats.generationWh, stats.importBeforeWh - stats.exportBeforeWh);
  assert.ok(stats.slotsWithTrade > 0);
});
