// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { SNTP_FIRST_MS, SNTP_POLL_MS, SNTP_RETRY_MS, SNTP_TIMEOUT_MS } from "#core/limits-device";
import { MINUTE_MS } from "#core/units/time";
import type { TimeFix } from "#meter/time/keeper";
import { TimeSync } from "#meter/time/sync";
import { ManualTimer } from "../../../helpers/driver-io.ts";
import { Rng } from "../../../property/rng.ts";

const FIX: TimeFix = { utcMs: 1_800_000_000_000, uptimeMs: 0, errorMs: 10 };
type Answer = TimeFix | "failed" | "denied";

function started(seed = 1) {
  const timer = new ManualTimer();
  const rng = new Rng(seed);
  const world = {
    timer,
    askedMs: [] as number[],
    answer: undefined as ((answer: Answer) => void) | undefined,
    /** What the server says at once; undefined: nothing. */
    atOnce: undefined as Answer | undefined,
    ended: 0,
    offered: [] as TimeFix[],
    sync: undefined as unknown as TimeSync,
  };
  world.sync = new TimeSync({
    timer,
    entropy: { bytes: (n) => rng.bytes(n) },
    server: {
      ask(done) {
        world.askedMs.push(timer.uptimeMs());
        world.answer = done;
        if (world.atOnce) done(world.atOnce);
        return () => void world.ended++;
      },
    },
    offer: (_source, fix) => void world.offered.push(fix),
    log: () => {},
  });
  world.sync.start();
  return world;
}

const pauses = (times: number[]) => times.slice(1).map((ms, i) => ms - times[i]);

test("the first question comes soon, at a time of its own in every meter", () => {
  const firsts = Array.from({ length: 200 }, (_, seed) => {
    const world = started(seed);
    world.timer.advance(SNTP_FIRST_MS);
    assert.equal(world.askedMs.length, 1);
    return world.askedMs[0];
  });
  const early = firsts.filter((ms) => ms < SNTP_FIRST_MS / 2).length;
  assert.ok(early > 70 && early < 130, `${early} of 200 in the first half`);
});

test("with answers it asks about every hour, never in step", () => {
  const world = started();
  world.atOnce = FIX;
  world.timer.advance(50 * SNTP_POLL_MS);
  const gaps = pauses(world.askedMs);
  assert.ok(gaps.length > 40 && gaps.length < 60, `${gaps.length} questions in 50 hours`);
  for (const gap of gaps) assert.ok(gap > SNTP_POLL_MS / 2 && gap <= 1.5 * SNTP_POLL_MS);
  assert.ok(new Set(gaps).size > 40);
  assert.equal(world.offered.length, world.askedMs.length);
});

test("a silent server is asked less and less, and never sooner than 15 s", () => {
  const world = started();
  world.timer.advance(200 * SNTP_POLL_MS);
  const gaps = pauses(world.askedMs);
  for (const gap of gaps) assert.ok(gap >= SNTP_TIMEOUT_MS + SNTP_RETRY_MS, `${gap} ms`);
  assert.ok(
    gaps.slice(0, 3).every((gap) => gap < 3 * MINUTE_MS),
    "quick at first",
  );
  const late = gaps.slice(20);
  const mean = late.reduce((sum, gap) => sum + gap, 0) / late.length;
  assert.ok(mean > SNTP_POLL_MS / 3 && mean < SNTP_POLL_MS, `${mean} ms between late questions`);
  world.answer!(FIX);
  assert.equal(world.offered.length, 0, "a question that was given up takes no answer");
});

test("an answer after failures begins anew", () => {
  const world = started();
  world.timer.advance(20 * SNTP_POLL_MS);
  world.atOnce = FIX;
  world.timer.advance(3 * SNTP_POLL_MS);
  world.atOnce = undefined;
  const before = world.askedMs.length;
  world.timer.advance(2 * SNTP_POLL_MS);
  const gaps = pauses(world.askedMs.slice(before));
  assert.ok(gaps[0] < 2 * MINUTE_MS, `${gaps[0]} ms`);
});

test("a server that says it is asked too often is left alone", () => {
  const world = started();
  world.atOnce = "denied";
  world.timer.advance(20 * SNTP_POLL_MS);
  for (const gap of pauses(world.askedMs)) assert.ok(gap > SNTP_POLL_MS / 2);
  assert.equal(world.offered.length, 0);
});

test("a network that comes and goes brings no more questions than the server may be asked", () => {
  const world = started();
  for (let i = 0; i < 1_000; i++) {
    world.timer.advance(1_000);
    world.sync.stop();
    world.sync.stop();
    assert.equal(world.timer.pending, 0, "a stopped one leaves no timer");
    world.sync.start();
    world.sync.start();
    assert.equal(world.timer.pending, 1);
  }
  for (const gap of pauses(world.askedMs)) assert.ok(gap >= SNTP_RETRY_MS, `${gap} ms`);
  world.timer.advance(SNTP_RETRY_MS + SNTP_FIRST_MS);
  assert.ok(world.askedMs.length > 1);
});

test("after an answer a network that comes back waits for its hour", () => {
  const world = started();
  world.atOnce = FIX;
  world.timer.advance(SNTP_FIRST_MS);
  for (let i = 0; i < 100; i++) {
    world.sync.stop();
    world.timer.advance(1_000);
    world.sync.start();
    world.timer.advance(14_000);
  }
  assert.equal(world.askedMs.length, 1, "25 minutes later");
});

test("stopping ends the open question", () => {
  const world = started();
  world.timer.advance(SNTP_FIRST_MS);
  assert.equal(world.ended, 0);
  world.sync.stop();
  assert.equal(world.ended, 1);
  world.answer!(FIX);
  assert.deepEqual(world.offered, []);
  assert.equal(world.sync.started, false);
  assert.equal(world.timer.pending, 0);
});
