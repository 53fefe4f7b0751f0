// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DAY_MS } from "#core/units/time";
import { LAMP_PATTERNS, Lamp, type LampState } from "#meter/health/lamp";
import { ManualTimer } from "../../../helpers/driver-io.ts";

function lamp(state: LampState) {
  const timer = new ManualTimer();
  const world = {
    timer,
    state,
    /** [uptime, on] at each change. */
    changes: [] as [number, boolean][],
    lamp: undefined as unknown as Lamp,
  };
  world.lamp = new Lamp({
    timer,
    light(on) {
      if (world.changes.at(-1)?.[1] !== on) world.changes.push([timer.uptimeMs(), on]);
    },
    state: () => world.state,
  });
  world.lamp.start();
  return world;
}

/** Flashes that begin within two seconds. */
function flashes(state: LampState): number {
  const world = lamp(state);
  world.timer.advance(1999);
  return world.changes.filter(([, on]) => on).length;
}

test("each thing that is missing has its own number of flashes", () => {
  const counts = (["no-network", "no-time", "no-broker", "no-meter"] as const).map(flashes);
  assert.deepEqual(counts, [1, 2, 3, 4]);
});

test("online it is on and stays on; in safe mode it has gaps", () => {
  const online = lamp("online");
  online.timer.advance(DAY_MS);
  assert.deepEqual(online.changes, [[0, true]]);
  const safe = lamp("safe");
  safe.timer.advance(1999);
  assert.deepEqual(safe.changes, [
    [0, true],
    [1400, false],
    [1600, true],
    [1800, false],
  ]);
});

test("a pattern is played to its end, and then the present state's begins", () => {
  const world = lamp("no-broker");
  world.timer.advance(150);
  world.state = "online";
  world.timer.advance(5000);
  assert.deepEqual(world.changes, [
    [0, true],
    [100, false],
    [300, true],
    [400, false],
    [600, true],
    [700, false],
    [2000, true],
  ]);
});

test("a button is answered at once, and leaves one timer", () => {
  const world = lamp("online");
  world.timer.advance(300);
  world.state = "held";
  world.lamp.start();
  world.timer.advance(250);
  assert.deepEqual(world.changes, [
    [0, true],
    [400, false],
    [500, true],
  ]);
  assert.equal(world.timer.pending, 1);
});

test("no two states of a node look alike, and none takes longer than two seconds to say", () => {
  const { armed: _, held: __, ...patterns } = LAMP_PATTERNS;
  const texts = Object.values(patterns).map(String);
  assert.equal(new Set(texts).size, texts.length);
  for (const [state, pattern] of Object.entries(patterns)) {
    assert.equal(
      pattern.reduce((sum, ms) => sum + ms, 0),
      2000,
      state,
    );
    // Shorter ones are not seen.
    assert.ok(Math.min(...pattern) >= 100, state);
  }
});

test("the boards' page has a line for each state", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../../devices/README.md"), "utf8");
  const section = page.slice(page.indexOf("## Lamp and button"));
  const rows = section.slice(0, section.indexOf("\n\nThe button")).match(/^\| .*\|$/gm) ?? [];
  assert.equal(rows.length - 1, Object.keys(LAMP_PATTERNS).length);
});
