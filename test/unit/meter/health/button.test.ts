// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  BUTTON_DEBOUNCE_MS,
  BUTTON_HELD_MS,
  BUTTON_RESET_MS,
  BUTTON_SAMPLE_MS,
  BUTTON_STUCK_MS,
  BUTTON_UNSEEN_MS,
} from "#core/limits-device";
import { DAY_MS, SECOND_MS } from "#core/units/time";
import { Button, type ButtonPhase } from "#meter/health/button";
import { ManualTimer } from "../../../helpers/driver-io.ts";

/** Time in which every change of the contact has been seen and believed. */
const SETTLED_MS = BUTTON_DEBOUNCE_MS + 2 * BUTTON_SAMPLE_MS;
const HOLD_MS = BUTTON_RESET_MS + SETTLED_MS;
/** Held for ten seconds but for a gap of 3 ms, told in two steps. */
const BOUNCE_IN_TWO_STEPS = [
  { closed: true, ms: 1517 },
  { closed: false, ms: 0 },
  { closed: false, ms: 3 },
  { closed: true, ms: 8480 },
];
/** The same with a gap that lasts, and with an edge before each of its parts is believed. */
const GAP_WITH_EDGES = [
  { closed: true, ms: 9439 },
  ...[93, 113, 91].map((ms) => ({ closed: false, ms })),
  { closed: true, ms: 264 },
];

/** A switch that a test closes and opens; the chip tells each edge. */
function node(closed = false) {
  const timer = new ManualTimer();
  const world = {
    timer,
    resets: 0,
    phases: [] as ButtonPhase[],
    looks: 0,
    set(next: boolean) {
      closed = next;
      button.changed();
    },
    /** Closes it for `ms`, and lets it go. */
    press(ms: number) {
      world.set(true);
      timer.advance(ms);
      world.set(false);
      timer.advance(SETTLED_MS);
    },
  };
  const button = new Button({
    timer,
    pressed() {
      world.looks++;
      return closed;
    },
    onPhase: (phase) => void world.phases.push(phase),
    onReset: () => void world.resets++,
  });
  return world;
}

test("held for ten seconds and let go it resets, once, and not before it is let go", () => {
  const world = node();
  world.set(true);
  world.timer.advance(HOLD_MS);
  assert.deepEqual(world.phases, ["held", "armed"]);
  assert.equal(world.resets, 0);
  world.set(false);
  world.timer.advance(DAY_MS);
  assert.equal(world.resets, 1);
  assert.deepEqual(world.phases, ["held", "armed", "idle"]);
  world.press(HOLD_MS);
  assert.equal(world.resets, 2, "the next press counts as the first did");
});

test("let go before, nothing happens", () => {
  const world = node();
  world.press(BUTTON_HELD_MS - SETTLED_MS);
  assert.deepEqual(world.phases, [], "a short press is not even shown");
  world.press(BUTTON_RESET_MS - SETTLED_MS);
  world.press(BUTTON_RESET_MS - SETTLED_MS);
  assert.equal(world.resets, 0, "two presses do not add up");
  assert.deepEqual(world.phases, ["held", "idle", "held", "idle"]);
});

test("down at the start it does nothing, until it was let go", () => {
  const world = node(true);
  world.timer.advance(HOLD_MS);
  world.set(false);
  world.timer.advance(SETTLED_MS);
  assert.deepEqual([world.resets, world.phases], [0, []]);
  world.press(HOLD_MS);
  assert.equal(world.resets, 1);
});

test("stuck it does nothing, not even when it comes loose", () => {
  const world = node();
  world.set(true);
  world.timer.advance(BUTTON_STUCK_MS + SETTLED_MS);
  assert.deepEqual(world.phases, ["held", "armed", "idle"], "the lamp says that it counts no more");
  const { looks } = world;
  world.timer.advance(DAY_MS);
  assert.equal(world.looks, looks, "and it costs nothing");
  world.set(false);
  world.timer.advance(SETTLED_MS);
  assert.equal(world.resets, 0);
  world.press(HOLD_MS);
  assert.equal(world.resets, 1, "a button that was mended works");
});

test("while nobody touches it nothing looks at it", () => {
  const world = node();
  world.press(SECOND_MS);
  const { looks } = world;
  assert.equal(world.timer.pending, 0);
  world.timer.advance(DAY_MS);
  assert.equal(world.looks, looks);
});

test("a contact that bounces is one press", () => {
  const bounce = fc.array(fc.integer({ min: 0, max: BUTTON_DEBOUNCE_MS / 4 }), { maxLength: 8 });
  const run = (world: ReturnType<typeof node>, gaps: number[], ends: boolean) => {
    for (const gap of gaps)
      for (const closed of [ends, !ends]) {
        world.set(closed);
        world.timer.advance(gap);
      }
    world.set(ends);
  };
  fc.assert(
    fc.property(bounce, bounce, bounce, (down, middle, up) => {
      const world = node();
      run(world, down, true);
      world.timer.advance(BUTTON_HELD_MS);
      run(world, middle, true);
      world.timer.advance(HOLD_MS);
      run(world, up, false);
      world.timer.advance(SETTLED_MS);
      assert.equal(world.resets, 1);
      assert.deepEqual(world.phases, ["held", "armed", "idle"]);
    }),
  );
});

test("it resets only where the contact was closed for ten seconds, whatever else happens", () => {
  const step = fc.record({
    closed: fc.boolean(),
    ms: fc.oneof(fc.integer({ max: 400, min: 0 }), fc.integer({ max: 20_000, min: 0 })),
  });
  fc.assert(
    fc.property(fc.boolean(), fc.array(step, { maxLength: 12 }), (atStart, steps) => {
      const world = node(atStart);
      let longestMs = 0;
      let runMs = 0;
      for (const next of steps) {
        // Each step tells an edge, with which the debouncing begins anew: it swallows all short gaps.
        const ends = !next.closed && next.ms >= SETTLED_MS;
        runMs = ends ? 0 : runMs + next.ms;
        longestMs = Math.max(longestMs, runMs);
        world.set(next.closed);
        world.timer.advance(next.ms);
      }
      world.set(false);
      world.timer.advance(SETTLED_MS);
      if (longestMs < BUTTON_RESET_MS - SETTLED_MS) assert.equal(world.resets, 0);
    }),
    {
      numRuns: 500,
      examples: [
        [false, BOUNCE_IN_TWO_STEPS],
        [false, GAP_WITH_EDGES],
      ],
    },
  );
});

test("what happened while the application was busy nobody saw: it counts anew from there", () => {
  const world = node();
  world.set(true);
  world.timer.advance(9 * SECOND_MS);
  world.timer.hold(BUTTON_UNSEEN_MS + BUTTON_SAMPLE_MS);
  world.timer.advance(2 * SECOND_MS);
  world.set(false);
  world.timer.advance(SETTLED_MS);
  assert.equal(world.resets, 0, "it may have been let go and pressed again");

  world.set(true);
  world.timer.advance(HOLD_MS);
  world.timer.hold(BUTTON_UNSEEN_MS + BUTTON_SAMPLE_MS, () => world.set(false));
  world.timer.advance(SETTLED_MS + BUTTON_SAMPLE_MS);
  assert.equal(world.resets, 1, "it was seen closed for long enough before");
});
