// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { GatewayOptions } from "#gateway/options";
import { World } from "#gateway/world";

const START_MS = 1_000_000;
const SLOT_MS = 900_000;

function worldAt(realMs: number, clock: GatewayOptions["clock"]) {
  const time = { realMs, nowMs: () => time.realMs, wakeAfter: () => {} };
  const options = {
    slotMs: SLOT_MS,
    tickMs: 30_000,
    ageMaxMs: 120_000,
    worldStartMs: START_MS,
    clock,
  } as GatewayOptions;
  return { time, world: new World(options, time) };
}

test("slots lie end to end from the world's start", () => {
  const { world } = worldAt(0, { kind: "barrier" });
  assert.equal(world.startMs(0), START_MS);
  assert.equal(world.endMs(0), world.startMs(1));
  assert.equal(world.slotAt(START_MS - 1), -1);
  assert.equal(world.slotAt(START_MS), 0);
  assert.equal(world.slotAt(world.endMs(7) - 1), 7);
});

test("the barrier clock starts half a slot early and moves forward only when it is told", () => {
  const { time, world } = worldAt(0, { kind: "barrier" });
  assert.equal(world.nowMs(), START_MS - SLOT_MS / 2);
  time.realMs = 1e9;
  assert.equal(world.nowMs(), START_MS - SLOT_MS / 2);
  world.atLeast(START_MS + 5);
  world.atLeast(START_MS + 3);
  assert.equal(world.nowMs(), START_MS + 5);
  assert.equal(world.latestMs(), START_MS + 5 + SLOT_MS, "nodes space their stamps ahead");
});

test("orders are taken until a slot is cleared, and never again once it is settled", () => {
  const { world } = worldAt(0, { kind: "barrier" });
  assert.ok(world.takesOrders(0) && world.takesOrders(1));
  world.closeOrders(1);
  assert.ok(world.takesOrders(0) && !world.takesOrders(1) && world.takesOrders(2));
  world.closeSlot(1);
  assert.ok(!world.takesOrders(0) && !world.takesOrders(1) && world.takesOrders(2));
});

test("the running clock stands still before it is anchored, and then keeps its rate", () => {
  const { time, world } = worldAt(5_000, { kind: "running", ratePermille: 60_000 });
  time.realMs = 9_000;
  assert.equal(world.nowMs(), world.epochStartMs);
  world.anchor(world.epochStartMs, 10_000);
  time.realMs = 11_000;
  assert.equal(world.nowMs(), world.epochStartMs + 60_000);
  assert.equal(world.latestMs(), world.nowMs() + 2 * world.tickMs);
});

test("anchored at a later instant, the running clock shows that instant", () => {
  const { time, world } = worldAt(0, { kind: "running", ratePermille: 60_000 });
  world.anchor(START_MS + 120_000, 50_000);
  time.realMs = 50_000;
  assert.equal(world.nowMs(), START_MS + 120_000);
  time.realMs = 50_500;
  assert.equal(world.nowMs(), START_MS + 150_000);
});

test("a real delay is rounded up, so that the instant has come when it is over", () => {
  const { time, world } = worldAt(0, { kind: "running", ratePermille: 7_000 });
  world.anchor(world.epochStartMs, 0);
  for (const aheadMs of [1, 6, 7, 8, 100_000]) {
    const dueMs = world.nowMs() + aheadMs;
    time.realMs += world.realDelayMs(dueMs);
    assert.ok(world.nowMs() >= dueMs, `${aheadMs} ms`);
    assert.equal(world.realDelayMs(dueMs), 0);
  }
});

test("on the wall clock protocol time is real time, whatever anchors it", () => {
  const { time, world } = worldAt(0, { kind: "running", ratePermille: 1000, wall: true });
  time.realMs = START_MS + 42;
  assert.equal(world.nowMs(), START_MS + 42);
  world.anchor(START_MS, 1);
  assert.equal(world.nowMs(), START_MS + 42);
});
