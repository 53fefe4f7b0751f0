// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  WATCHDOG_FEED_MS,
  WATCHDOG_LINK_MS,
  WATCHDOG_SAMPLING_MS,
  WATCHDOG_STORAGE_MS,
} from "#core/limits-device";
import { DAY_MS, SECOND_MS } from "#core/units/time";
import { WATCHED, Watchdog, type WatchedPart } from "#meter/health/watchdog";
import { ManualTimer } from "../../../helpers/driver-io.ts";

const DEADLINES_MS = {
  sampling: WATCHDOG_SAMPLING_MS,
  storage: WATCHDOG_STORAGE_MS,
  link: WATCHDOG_LINK_MS,
};

/** Every part takes a step each second, unless it hangs, or has nothing to do. */
function board() {
  const timer = new ManualTimer();
  const world = {
    timer,
    fedMs: [] as number[],
    hanging: new Set<WatchedPart>(),
    idle: new Set<WatchedPart>(),
    steps: { sampling: 0, storage: 0, link: 0 },
    events: [] as string[],
    dog: undefined as unknown as Watchdog,
    run(ms: number) {
      for (let done = 0; done < ms; done += SECOND_MS) {
        for (const part of WATCHED)
          if (!world.hanging.has(part) && !world.idle.has(part)) world.steps[part]++;
        timer.advance(SECOND_MS);
      }
    },
    /** For how long it was not fed, up to now. */
    starvedMs: () => timer.uptimeMs() - (world.fedMs.at(-1) ?? 0),
  };
  const steps = (part: WatchedPart) => ({
    progress: () => world.steps[part],
    idle: () => world.idle.has(part),
  });
  world.dog = new Watchdog(
    { sampling: steps("sampling"), storage: steps("storage"), link: steps("link") },
    {
      timer,
      feed: () => void world.fedMs.push(timer.uptimeMs()),
      log: (_level, event, facts) => void world.events.push(`${event} ${facts?.part}`),
    },
  );
  world.dog.start();
  return world;
}

test("while all go on it is fed every few seconds", () => {
  const world = board();
  world.run(3_600_000);
  assert.equal(world.fedMs[0], 0);
  for (let i = 1; i < world.fedMs.length; i++)
    assert.equal(world.fedMs[i] - world.fedMs[i - 1], WATCHDOG_FEED_MS);
  assert.ok(world.starvedMs() <= WATCHDOG_FEED_MS);
  assert.equal(world.dog.starvedBy, undefined);
});

for (const part of WATCHED)
  test(`it starves where ${part} hangs for its deadline, and not before`, () => {
    const world = board();
    world.run(60_000);
    world.hanging.add(part);
    world.run(DEADLINES_MS[part]);
    assert.ok(world.starvedMs() <= WATCHDOG_FEED_MS);
    world.run(60_000);
    assert.ok(world.starvedMs() >= 45_000, `${world.starvedMs()} ms`);
    assert.equal(world.dog.starvedBy, part);
    assert.deepEqual(world.events, [`watchdog-starves ${part}`]);
    world.hanging.delete(part);
    world.run(60_000);
    assert.ok(world.starvedMs() <= WATCHDOG_FEED_MS, "a hang that ends in time harms nobody");
    assert.equal(world.dog.starvedBy, undefined);
  });

test("a part that has nothing to do does not hang, for however long", () => {
  const world = board();
  world.run(60_000);
  world.idle.add("link"); // no network for a week
  world.idle.add("storage"); // nothing flows
  world.run(7 * DAY_MS);
  assert.ok(world.starvedMs() <= WATCHDOG_FEED_MS);
  assert.deepEqual(world.events, []);
  // What it was idle for does not count once there is something to do.
  world.idle.delete("link");
  world.hanging.add("link");
  world.run(WATCHDOG_LINK_MS);
  assert.ok(world.starvedMs() <= WATCHDOG_FEED_MS);
  world.run(60_000);
  assert.equal(world.dog.starvedBy, "link");
});

test("a start in which a part never takes a step starves too", () => {
  const world = board();
  world.hanging.add("sampling");
  world.run(WATCHDOG_SAMPLING_MS + 60_000);
  assert.equal(world.dog.starvedBy, "sampling");
});

test("starting it twice feeds no faster", () => {
  const world = board();
  world.dog.start();
  world.run(60_000);
  assert.equal(world.timer.pending, 1);
  assert.equal(world.fedMs.length, 2 + 60_000 / WATCHDOG_FEED_MS);
});

test("it is fed exactly while every part has gone on or been idle within its deadline", () => {
  const part = fc.constantFrom(...WATCHED);
  const change = fc.record({
    part,
    idle: fc.boolean(),
    hang: fc.boolean(),
    s: fc.nat({ max: 2_500 }),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      const world = board();
      const lastMs = { sampling: 0, storage: 0, link: 0 };
      const seen = { ...world.steps };
      for (const { part: changed, idle, hang, s } of changes) {
        if (idle) world.idle.add(changed);
        else world.idle.delete(changed);
        if (hang) world.hanging.add(changed);
        else world.hanging.delete(changed);
        for (let i = 0; i < s; i++) {
          world.run(SECOND_MS);
          const nowMs = world.timer.uptimeMs();
          if (nowMs % WATCHDOG_FEED_MS !== 0) continue;
          for (const each of WATCHED) {
            if (world.idle.has(each) || world.steps[each] !== seen[each]) lastMs[each] = nowMs;
            seen[each] = world.steps[each];
          }
          const alive = WATCHED.every((each) => nowMs - lastMs[each] <= DEADLINES_MS[each]);
          assert.equal(world.fedMs.at(-1) === nowMs, alive, `at ${nowMs}`);
        }
      }
    }),
    { seed: 5, numRuns: 60 },
  );
});
