// SPDX-License-Identifier: Apache-2.0
/**
 * The whole firmware on 32-bit XS within its budgets: some slots of what `npm run accept -- 2 --only budgets`
 * runs for a day, and a short look at whether anything grows.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { deviceCreation } from "#host-sim/fleet/device-creation";
import { Event } from "#host-sim/xs-device/abi";
import {
  COSTS,
  GROWTH,
  judge,
  judgeAll,
  judgePot,
  PEAKS,
  SMALLEST,
} from "#host-sim/xs-device/budgets";
import { DeviceDay } from "#host-sim/xs-device/day";
import { potFigures } from "#host-sim/xs-device/pot-costs";
import { smallestArenaKb } from "#host-sim/xs-device/smallest";
import { growthOf, soakReadings } from "#host-sim/xs-device/soak";
import { brightPart, dayWorld } from "#host-sim/xs-device/worlds";
import { requireData } from "../data.ts";
import { xsOrSkip } from "./xs-or-skip.ts";

const KB = 1024;

test("no limit is above the goals, and the arenas are within the device's", () => {
  for (const [crypto, goalKb] of [
    ["native", 96],
    ["noble", 160],
  ] as const) {
    const { staticBytes } = deviceCreation(crypto);
    assert.ok(staticBytes! <= goalKb * KB, crypto);
    assert.ok(SMALLEST[crypto].most < staticBytes! / KB, crypto);
    assert.ok(PEAKS[crypto].arenaBytes.most < staticBytes!, crypto);
    assert.ok(PEAKS[crypto].stackSlots.most < deviceCreation(crypto).stackSlots, crypto);
  }
  assert.ok(SMALLEST.node.most <= SMALLEST.native.most);
});

test("some slots by day in the device's own creation: set up, trading, an update, a lost connection", async (t) => {
  if (!(await xsOrSkip(t, { bits: 32 }))) return;
  const data = requireData(t, "citylearn2022");
  if (!data) return;
  const slots = 10;
  const { failure, missed, said, starts, version, peaks, costs, ...rest } = await DeviceDay.run({
    world: brightPart(dayWorld(data)),
    slots,
    crypto: "native",
    creation: deviceCreation(),
    updateSlot: 4,
    dropSlot: 7,
  });
  assert.equal(failure, undefined);
  assert.deepEqual([rest.slots, missed, starts, version], [slots, 0, 3, "1.0.1"]);
  assert.ok(said.readings >= slots && said.trades > 0, JSON.stringify(said));
  t.diagnostic(JSON.stringify({ peaks, costs }));
  for (const { what, required, measured, pass } of [
    ...judgeAll("peak", peaks, PEAKS.native),
    judge("bytecodes of a start", costs.boot.bytecodes, COSTS.native.boot.bytecodes),
    judge("bytecodes of an hour", costs.hour.bytecodes, COSTS.native.hour.bytecodes),
  ])
    assert.ok(pass, `${what}: ${measured}, ${required}`);
});

test("what lives after a collection does not grow with the readings", async (t) => {
  if (!(await xsOrSkip(t, { bits: 32 }))) return;
  const data = requireData(t, "citylearn2022");
  if (!data) return;
  const world = dayWorld(data);
  const { failure, points } = await soakReadings({
    world,
    creation: deviceCreation(),
    count: 480, // what is kept of the DAG is full after 290
    points: 5,
  });
  assert.equal(failure, undefined);
  assert.equal(points.length, 5);
  for (const { what, required, measured, pass } of judgeAll("growth", growthOf(points), GROWTH))
    assert.ok(pass, `${what}: ${measured}, ${required}: ${JSON.stringify(points)}`);
});

for (const crypto of ["native", "noble"] as const)
  test(`one transaction with five tokens: issued, witnessed, validated; ${crypto}`, async (t) => {
    if (!(await xsOrSkip(t, { bits: 32 }))) return;
    const figures = await potFigures(crypto);
    t.diagnostic(JSON.stringify(figures));
    for (const { what, required, measured, pass } of judgePot(crypto, figures))
      assert.ok(pass, `${what}: ${measured}, ${required}`);
  });

/** Keeps a list more for about every reading, and never gives it back. */
const LEAK = `const kept = { first: undefined };
let turns = 0;
const inner = host.onEvent;
host.onEvent = (kind, payload) => {
  if (kind === ${Event.run} && ++turns % 32 === 0) kept.first = [kept.first];
  inner(kind, payload);
};`;

test("a leak is found", async (t) => {
  if (!(await xsOrSkip(t, { bits: 32 }))) return;
  const data = requireData(t, "citylearn2022");
  if (!data) return;
  const world = dayWorld(data);
  const { points } = await soakReadings({
    world,
    creation: deviceCreation(),
    count: 120,
    points: 5,
    plant: LEAK,
  });
  const found = judgeAll("growth", growthOf(points), GROWTH).filter(({ pass }) => !pass);
  assert.ok(
    found.some(({ what }) => what === "growth, slots"),
    JSON.stringify(points),
  );
  t.diagnostic(JSON.stringify(points));
});

test("the smallest arena is found, and what a part hides the whole shows", async () => {
  const creation = {
    staticBytes: 96 * KB,
    chunkInitial: 8 * KB,
    chunkIncremental: 1,
    heapInitial: 512,
    heapIncremental: 1,
    stackSlots: 512,
  };
  const needs =
    (kb: number) =>
    async ({ staticBytes = 0 }) => ({
      failure: staticBytes < kb * KB ? "memory full" : undefined,
      arenaBytes: 90 * KB,
    });
  assert.equal(await smallestArenaKb(creation, needs(71)), 71);
  assert.equal(await smallestArenaKb(creation, needs(71), needs(69)), 71);
  assert.equal(await smallestArenaKb(creation, needs(97)), undefined);
});
