// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { ClockKind, type Notice } from "#core/records/notice";
import { TimeQuality } from "#core/units/time";
import { ProtocolClock } from "#meter/clock";

function clockAt(realMs: number) {
  const time = { realMs, nowMs: () => time.realMs, wakeAfter: () => {} };
  return { time, clock: new ProtocolClock(time) };
}

const barrier = (nowMs: number) => ({ clock: ClockKind.barrier, nowMs }) as Notice;
const running = (nowMs: number, realMs: number, ratePermille: number) =>
  ({ clock: ClockKind.running, nowMs, realMs, ratePermille }) as Notice;

test("without a notice the time is unknown", () => {
  const { clock } = clockAt(5_000);
  assert.equal(clock.quality, TimeQuality.unknown);
  assert.equal(clock.nowMs(), 0);
  assert.equal(clock.realDelayMs(1_000), 0);
});

test("the barrier clock stands still but for signed messages, and never goes back", () => {
  const { time, clock } = clockAt(0);
  clock.follow(barrier(1_000));
  time.realMs = 1e9;
  assert.equal(clock.nowMs(), 1_000);
  assert.equal(clock.quality, TimeQuality.synced);
  clock.atLeast(2_000);
  clock.atLeast(1_500);
  clock.follow(barrier(1_200));
  assert.equal(clock.nowMs(), 2_000);
});

test("the running clock keeps its rate from the notice's anchor, rounded down", () => {
  const { time, clock } = clockAt(100);
  clock.follow(running(50_000, 100, 2_500));
  assert.equal(clock.nowMs(), 50_000);
  time.realMs = 101;
  assert.equal(clock.nowMs(), 50_002, "2.5 ms is not yet 3");
  time.realMs = 1_100;
  assert.equal(clock.nowMs(), 52_500);
});

test("real time that steps back does not turn protocol time back", () => {
  const { time, clock } = clockAt(1_000);
  clock.follow(running(0, 0, 1_000));
  assert.equal(clock.nowMs(), 1_000);
  time.realMs = 400;
  assert.equal(clock.nowMs(), 1_000);
  time.realMs = 1_001;
  assert.equal(clock.nowMs(), 1_001);
});

test("the real delay to an instant is never too short, and none where it has come", () => {
  const { time, clock } = clockAt(0);
  clock.follow(running(0, 0, 3_000));
  const delayMs = clock.realDelayMs(1_000);
  assert.equal(delayMs, 334);
  time.realMs = delayMs;
  assert.ok(clock.nowMs() >= 1_000);
  assert.equal(clock.realDelayMs(1_000), 0);
  assert.equal(clock.realDelayMs(10), 0);
});
