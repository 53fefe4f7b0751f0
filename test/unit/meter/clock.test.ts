// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { ClockKind, type Notice } from "#core/records/notice";
import { TimeQuality } from "#core/units/time";
import { ProtocolClock } from "#meter/clock";
import { UNKNOWN_TIME } from "#meter/time/quality";

/** A device whose uptime and UTC are moved by hand; `utcMs` undefined: it does not know. */
function clockAt(utcMs: number | undefined, uptimeMs = 0) {
  const time = {
    at: { utcMs, uptimeMs, errorMs: 0, quality: TimeQuality.synced as number },
    heard: [] as number[],
    uptimeMs: () => time.at.uptimeMs,
    utc: () => {
      const { utcMs: now, quality, errorMs } = time.at;
      return now === undefined ? UNKNOWN_TIME : { utcMs: now, quality, errorMs };
    },
    gatewayTime: (realMs: number) => void time.heard.push(realMs),
    wakeAfter: () => {},
  };
  return { time, at: time.at, clock: new ProtocolClock(time) };
}

const barrier = (nowMs: number) => ({ clock: ClockKind.barrier, nowMs }) as Notice;
const running = (nowMs: number, realMs: number, ratePermille = 1_000, endMs = 1e9) =>
  ({ clock: ClockKind.running, nowMs, realMs, ratePermille, endMs, tickMs: 30_000 }) as Notice;

test("without a notice the time is unknown", () => {
  const { clock } = clockAt(5_000);
  assert.equal(clock.quality, TimeQuality.unknown);
  assert.equal(clock.nowMs(), 0);
  assert.equal(clock.realDelayMs(1_000), 0);
});

test("the barrier clock stands still but for signed messages, and never goes back", () => {
  const { at, clock } = clockAt(undefined);
  clock.follow(barrier(1_000));
  at.uptimeMs = 1e9;
  assert.equal(clock.nowMs(), 1_000);
  assert.equal(clock.quality, TimeQuality.synced, "it is what the gateway signs");
  clock.atLeast(2_000);
  clock.atLeast(1_500);
  clock.follow(barrier(1_200));
  assert.equal(clock.nowMs(), 2_000);
});

test("the running clock keeps its rate from the notice's anchor, rounded down", () => {
  const { at, clock } = clockAt(100);
  clock.follow(running(50_000, 100, 2_500));
  assert.equal(clock.nowMs(), 50_000);
  at.utcMs = 101;
  assert.equal(clock.nowMs(), 50_002, "2.5 ms is not yet 3");
  at.utcMs = 1_100;
  assert.equal(clock.nowMs(), 52_500);
});

test("an old notice is caught up with by UTC", () => {
  const { clock } = clockAt(600_000);
  clock.follow(running(50_000, 0));
  assert.equal(clock.nowMs(), 650_000);
});

test("a time of day that steps back does not turn protocol time back", () => {
  const { at, clock } = clockAt(1_000);
  clock.follow(running(0, 0));
  assert.equal(clock.nowMs(), 1_000);
  at.utcMs = 400;
  assert.equal(clock.nowMs(), 1_000);
  at.utcMs = 1_001;
  assert.equal(clock.nowMs(), 1_001);
});

test("without UTC, time runs by uptime since the newest notice was first heard", () => {
  const { at, clock } = clockAt(undefined, 7_000);
  clock.follow(running(50_000, 1_700_000_000_000, 2_000));
  assert.equal(clock.nowMs(), 50_000);
  at.uptimeMs = 8_000;
  assert.equal(clock.nowMs(), 52_000);
  clock.follow(running(50_000, 1_700_000_000_000, 2_000));
  at.uptimeMs = 9_000;
  assert.equal(clock.nowMs(), 54_000, "the same notice again is no new anchor");
  clock.follow(running(60_000, 1_700_000_005_000, 2_000));
  at.uptimeMs = 9_500;
  assert.equal(clock.nowMs(), 61_000);
  assert.equal(clock.quality, TimeQuality.unknown);
});

test("a node whose UTC is behind the gateway's follows the gateway", () => {
  const { at, clock } = clockAt(1_000);
  clock.follow(running(50_000, 3_600_000));
  at.uptimeMs = 250;
  at.utcMs = 1_250;
  assert.equal(clock.nowMs(), 50_250);
});

test("a wrong time of day leads no further than two ticks past the slot", () => {
  const { clock } = clockAt(86_400_000);
  clock.follow(running(50_000, 0, 1_000, 900_000));
  assert.equal(clock.nowMs(), 960_000);
  assert.equal(clock.realDelayMs(900_000), 0);
});

test("only a notice that comes while the connection stands is a source of time", () => {
  const { time, clock } = clockAt(1_000);
  clock.follow(running(1_000, 11));
  assert.deepEqual(time.heard, [], "the first may be retained");
  clock.follow(running(1_000, 11));
  assert.deepEqual(time.heard, [], "the same again is old");
  clock.follow(running(2_000, 12));
  assert.deepEqual(time.heard, [12]);
  clock.reconnected();
  clock.follow(running(3_000, 13));
  clock.follow(running(4_000, 14));
  clock.follow(barrier(5_000));
  assert.deepEqual(time.heard, [12, 14]);
});

test("the quality is that of UTC, and less where a fast clock multiplies its error", () => {
  const { at, clock } = clockAt(1_000);
  at.errorMs = 500;
  clock.follow(running(0, 0));
  assert.equal(clock.quality, TimeQuality.synced);
  clock.follow(running(1, 0, 10_000));
  assert.equal(clock.quality, TimeQuality.holdover);
  clock.follow(running(2, 0, 100_000));
  assert.equal(clock.quality, TimeQuality.unknown);
  clock.follow(running(3, 0, 100));
  assert.equal(clock.quality, TimeQuality.synced);
  at.quality = TimeQuality.holdover;
  assert.equal(clock.quality, TimeQuality.holdover);
});

test("the real delay to an instant is never too short, and none where it has come", () => {
  const { at, clock } = clockAt(0);
  clock.follow(running(0, 0, 3_000));
  const delayMs = clock.realDelayMs(1_000);
  assert.equal(delayMs, 334);
  at.utcMs = delayMs;
  assert.ok(clock.nowMs() >= 1_000);
  assert.equal(clock.realDelayMs(1_000), 0);
  assert.equal(clock.realDelayMs(10), 0);
});
