// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { NOTICE_DELAY_MAX_MS } from "#core/limits";
import {
  TIME_DRIFT_PPM,
  TIME_HOLDOVER_MAX_MS,
  TIME_SLEW_PPM,
  TIME_STEP_MS,
  TIME_SYNCED_MAX_MS,
} from "#core/limits-device";
import { DAY_MS, HOUR_MS, MINUTE_MS, TimeQuality } from "#core/units/time";
import { TimeKeeper, type TimeSource } from "#meter/time/keeper";

const TRUE_MS = 1_800_000_000_000;

/** A device that started at TRUE_MS, by the true time; its crystal is exact unless a test says otherwise. */
function device() {
  const world = {
    uptimeMs: 0,
    steps: [] as [number, number][],
    events: [] as string[],
    keeper: undefined as unknown as TimeKeeper,
    trueMs: () => TRUE_MS + world.uptimeMs,
    /** `source` answers now, `offMs` from the truth. */
    say(source: TimeSource, offMs = 0, errorMs = 100) {
      const { uptimeMs } = world;
      world.keeper.offer(source, { utcMs: world.trueMs() + offMs, uptimeMs, errorMs });
    },
    offMs: () => world.keeper.utc().utcMs - world.trueMs(),
  };
  world.keeper = new TimeKeeper({
    uptimeMs: () => world.uptimeMs,
    onStep: (beforeMs, afterMs) => void world.steps.push([beforeMs, afterMs]),
    log: (_level, event) => void world.events.push(event),
  });
  return world;
}

test("after a start the time is unknown, and a first answer is believed", () => {
  const world = device();
  assert.deepEqual(world.keeper.utc(), {
    utcMs: 0,
    quality: TimeQuality.unknown,
    errorMs: Number.MAX_SAFE_INTEGER,
  });
  world.uptimeMs = 5_000;
  world.say("sntp");
  assert.deepEqual(world.keeper.utc(), {
    utcMs: TRUE_MS + 5_000,
    quality: TimeQuality.synced,
    errorMs: 100,
  });
  assert.deepEqual(world.steps, [], "there was nothing to step from");
});

test("the error grows by the drift: synced, holdover, unknown", () => {
  const world = device();
  world.say("sntp", 0, 500);
  const lasts = (maxMs: number) => ((maxMs - 500) * 1e6) / TIME_DRIFT_PPM;
  world.uptimeMs = HOUR_MS;
  assert.equal(world.keeper.utc().errorMs, 500 + 180, "50 ppm of an hour");
  world.uptimeMs = lasts(TIME_SYNCED_MAX_MS);
  assert.equal(world.keeper.utc().quality, TimeQuality.synced);
  world.uptimeMs += 1;
  assert.equal(world.keeper.utc().quality, TimeQuality.holdover);
  assert.equal(world.offMs(), 0);
  world.uptimeMs = lasts(TIME_HOLDOVER_MAX_MS);
  assert.equal(world.keeper.utc().quality, TimeQuality.holdover);
  world.uptimeMs += 1;
  assert.equal(world.keeper.utc().quality, TimeQuality.unknown);
});

test("a live notice is a source: its delay is its error", () => {
  const world = device();
  world.keeper.gatewayTime(TRUE_MS);
  const { errorMs, quality } = world.keeper.utc();
  assert.equal(errorMs, NOTICE_DELAY_MAX_MS / 2);
  assert.equal(quality, TimeQuality.synced);
  assert.equal(world.offMs(), NOTICE_DELAY_MAX_MS / 2, "in the middle of what is possible");
});

test("sources that overlap narrow the time to what they have in common", () => {
  const world = device();
  world.say("sntp", 600, 1_000);
  world.say("gateway", -500, 700);
  assert.equal(world.offMs(), 600, "what is shown is on its way and does not jump");
  assert.equal(world.keeper.utc().errorMs, 300 + 700, "between -400 and +200, and the way there");
  world.uptimeMs = HOUR_MS;
  assert.equal(world.offMs(), -100);
  assert.equal(world.keeper.utc().errorMs, 300 + 180);
});

test("a small difference is slewed, and time never stands still or goes back meanwhile", () => {
  const world = device();
  world.say("sntp", 1_000, 1_000);
  world.say("gateway", 0, 100);
  const targetMs = 50; // 0 to 100 is what they have in common
  let lastMs = world.keeper.utc().utcMs;
  const needMs = ((1_000 - targetMs) * 1e6) / TIME_SLEW_PPM;
  for (let i = 0; i < 1_000; i++) {
    world.uptimeMs += needMs / 1_000;
    const { utcMs, errorMs } = world.keeper.utc();
    assert.ok(utcMs > lastMs);
    assert.ok(errorMs >= Math.abs(utcMs - world.trueMs() - targetMs), "the way to go is error too");
    lastMs = utcMs;
  }
  assert.equal(world.offMs(), targetMs);
  assert.deepEqual(world.steps, []);
});

test("sources that speak every second do not hold the slew up", () => {
  const world = device();
  world.say("sntp", 1_500, 1_500);
  for (let second = 0; second < 3_600; second++) {
    world.say("meter", 0, 500);
    world.uptimeMs += 1_000;
  }
  assert.ok(Math.abs(world.offMs()) < 500, `${world.offMs()} ms`);
});

test("one lying source does not set a clock that two have agreed on", () => {
  for (const liar of ["sntp", "gateway", "meter"] as const) {
    const world = device();
    world.say("sntp");
    world.say("gateway");
    world.uptimeMs = MINUTE_MS;
    for (const lieMs of [-86_400_000, 3_600_000, 20_000, -2_500]) {
      for (let i = 0; i < 100; i++) {
        world.uptimeMs += MINUTE_MS;
        world.say(liar, lieMs);
      }
      assert.equal(world.offMs(), 0, `${liar} says ${lieMs}`);
      assert.equal(world.keeper.utc().quality, TimeQuality.synced, `${liar} says ${lieMs}`);
    }
    assert.deepEqual(world.steps, []);
  }
});

test("a single source that changes its mind does not set the clock, but takes its quality away", () => {
  const world = device();
  world.say("sntp");
  world.uptimeMs = HOUR_MS;
  world.say("sntp", 10_000);
  const { quality, errorMs, utcMs } = world.keeper.utc();
  assert.equal(quality, TimeQuality.holdover);
  assert.ok(errorMs >= 10_000, "the error covers what it says");
  assert.equal(utcMs, world.trueMs());
  world.say("sntp", 3_600_000);
  assert.equal(world.keeper.utc().quality, TimeQuality.unknown);
  world.say("sntp");
  assert.equal(world.keeper.utc().quality, TimeQuality.synced);
  assert.equal(world.offMs(), 0);
  assert.deepEqual(world.steps, []);
});

test("a first answer that was a lie is put right by the two others, in one step", () => {
  const world = device();
  world.say("sntp", -7_200_000);
  assert.equal(world.keeper.utc().quality, TimeQuality.synced, "there is nobody to say otherwise");
  world.say("gateway");
  assert.equal(world.keeper.utc().quality, TimeQuality.unknown, "one against one");
  assert.deepEqual(world.steps, []);
  world.say("meter");
  assert.deepEqual(world.steps, [[TRUE_MS - 7_200_000, TRUE_MS]]);
  assert.equal(world.keeper.utc().quality, TimeQuality.synced);
  assert.equal(world.offMs(), 0);
});

test("the same source that lied may put it right together with another", () => {
  const world = device();
  world.say("sntp", 86_400_000);
  world.say("gateway");
  world.uptimeMs = HOUR_MS;
  world.say("sntp");
  assert.equal(world.steps.length, 1);
  assert.equal(world.offMs(), 0);
});

test("answers that have drifted away do not count", () => {
  const world = device();
  world.say("sntp", 0, 5_000);
  world.uptimeMs = 6 * DAY_MS;
  assert.equal(world.keeper.utc().quality, TimeQuality.unknown);
  world.say("gateway", 100_000);
  assert.equal(world.offMs(), 100_000);
  assert.equal(world.steps.length, 1, "what was shown before may have been used");
});

test("where there is no clock any more, two that contradict each other set none", () => {
  const world = device();
  world.say("sntp", 0, 5_000);
  world.uptimeMs = 5 * DAY_MS;
  world.say("gateway", 100_000);
  world.uptimeMs = 6 * DAY_MS;
  world.say("sntp");
  assert.equal(world.keeper.utc().quality, TimeQuality.unknown);
  assert.deepEqual(world.steps, []);
  world.say("meter", 100_000);
  assert.equal(world.offMs(), 100_000, "two of three");
  assert.equal(world.keeper.utc().quality, TimeQuality.synced);
});

test("a witness whose error has grown wide does not help a lie past a clock that it agrees with", () => {
  const world = device();
  world.say("gateway", 0, 5_000);
  world.uptimeMs = 4 * DAY_MS; // ± 22 s now
  world.say("meter", 0, 100);
  assert.ok(Math.abs(world.offMs()) <= 100);
  world.say("sntp", 20_000, 100);
  assert.ok(Math.abs(world.offMs()) <= 100);
  assert.deepEqual(world.steps, []);
});

test("after long holdover one source slews, and a second one lets it step", () => {
  const world = device();
  world.say("sntp");
  world.uptimeMs = 5 * DAY_MS; // ± 21.7 s now
  world.say("sntp", 10_000, 100);
  assert.equal(world.offMs(), 0);
  assert.equal(world.keeper.utc().quality, TimeQuality.holdover);
  world.say("gateway", 10_000, 100);
  assert.equal(world.offMs(), 10_000);
  assert.equal(world.keeper.utc().quality, TimeQuality.synced);
  assert.equal(world.steps.length, 1);
});

test("nonsense is refused", () => {
  const world = device();
  const fix = { utcMs: TRUE_MS, uptimeMs: 0, errorMs: 0 };
  for (const wrong of [
    { utcMs: 0 },
    { utcMs: -1 },
    { utcMs: Number.NaN },
    { utcMs: 1e300 },
    { utcMs: TRUE_MS + 0.5 },
    { uptimeMs: 1 },
    { uptimeMs: -1 },
    { uptimeMs: Number.NaN },
    { errorMs: -1 },
    { errorMs: TIME_HOLDOVER_MAX_MS + 1 },
    { errorMs: Number.NaN },
  ])
    world.keeper.offer("sntp", { ...fix, ...wrong });
  assert.equal(world.keeper.utc().quality, TimeQuality.unknown);
  assert.deepEqual(world.events, Array(11).fill("time-refused"));
});

const SOURCES: readonly TimeSource[] = ["sntp", "gateway", "meter"];
const history = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 1, max: 2 * HOUR_MS }),
    source: fc.constantFrom(...SOURCES),
    share: fc.double({ min: -1, max: 1, noNaN: true }),
    errorMs: fc.integer({ min: 1, max: 2_000 }),
    lieMs: fc.integer({ min: -1e9, max: 1e9 }),
  }),
  { minLength: 1, maxLength: 60 },
);

test("honest sources and any crystal within the budget: the truth is within the error, always", () => {
  fc.assert(
    fc.property(history, fc.integer({ min: -49, max: 49 }), (says, ppm) => {
      const world = device();
      let realMs = 0;
      world.trueMs = () => TRUE_MS + realMs;
      for (const { afterMs, source, share, errorMs } of says) {
        let before = world.keeper.utc();
        for (let i = 1; i <= 4; i++) {
          realMs += afterMs / 4;
          world.uptimeMs = Math.floor(realMs * (1 + ppm / 1e6));
          const now = world.keeper.utc();
          if (now.quality === TimeQuality.unknown) continue;
          const offMs = Math.abs(now.utcMs - world.trueMs());
          assert.ok(offMs <= now.errorMs + 1.5, `${offMs} > ${now.errorMs}`); // whole ms
          if (before.quality !== TimeQuality.unknown) assert.ok(now.utcMs >= before.utcMs);
          before = now;
        }
        const utcMs = Math.round(world.trueMs() + share * (errorMs - 1));
        world.keeper.offer(source, { utcMs, uptimeMs: world.uptimeMs, errorMs });
      }
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("two honest sources that speak in turn: no lie of the third ever steps the clock from the truth", () => {
  fc.assert(
    fc.property(history, fc.constantFrom(...SOURCES), (says, liar) => {
      const world = device();
      const honest = SOURCES.filter((source) => source !== liar);
      for (const source of honest) world.say(source);
      for (const { afterMs, lieMs, errorMs } of says) {
        world.uptimeMs += afterMs;
        world.say(liar, lieMs, errorMs);
        for (const source of honest) world.say(source);
        const limitMs = 100 + errorMs + TIME_STEP_MS;
        assert.ok(Math.abs(world.offMs()) <= limitMs, `${world.offMs()} ms off`);
      }
      assert.deepEqual(world.steps, []);
    }),
    { seed: 2, numRuns: 300 },
  );
});
