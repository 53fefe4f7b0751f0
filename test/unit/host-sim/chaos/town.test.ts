// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { runTown } from "#host-sim/chaos/town/arena";
import { type TownPlan, townPlan } from "#host-sim/chaos/town/plan";
import { runTowns } from "#host-sim/chaos/town/runs";
import { shrinkTown, sizeOf } from "#host-sim/chaos/town/shrink";
import { sodiumCrypto } from "#node/crypto/sodium";

const WEATHER = { dropPermille: 0, duplicatePermille: 0, delayMs: 1, jitterMs: 5 };

/** Four gateways of which nothing is asked but to trade. */
function calm(more: Partial<TownPlan> = {}): TownPlan {
  const plan = townPlan(1, { gateways: 4 });
  return {
    ...plan,
    homes: 4,
    running: false,
    direct: false,
    verifyMs: 0,
    troubleMs: 600,
    peers: WEATHER,
    area: {
      dropPermille: 0,
      duplicatePermille: 0,
      delayMs: 1,
      stragglerPermille: 0,
      stragglerMs: 1,
    },
    clocks: plan.clocks.map(() => ({ skewMs: 0, driftPpm: 0 })),
    nodeSkewMs: [0, 0, 0, 0],
    liars: [],
    rogues: [],
    faults: [],
    ...more,
  };
}

test("a town in which nothing goes wrong trades, and the same seed gives the same run", async () => {
  const [one, two] = [await runTown(calm()), await runTown(calm())];
  assert.equal(one.violation, undefined);
  assert.ok(one.trades > 0);
  assert.deepEqual(one, two);
});

test("towns of many seeds keep all invariants, in threads or one after the other", async () => {
  const choices = { from: 1, count: 6 };
  const together = await runTowns({ ...choices, threads: 2 });
  const alone = await runTowns({ ...choices, threads: 1 });
  assert.deepEqual(together.failed, []);
  const { cpuMs: _, faults, ...sums } = together;
  const { cpuMs: __, faults: same, ...others } = alone;
  assert.deepEqual(sums, others);
  assert.deepEqual(Object.entries(faults).sort(), Object.entries(same).sort());
});

test("a town with Ed25519", async () => {
  const { violation, trades } = await runTown(calm(), { crypto: sodiumCrypto() });
  assert.equal(violation, undefined);
  assert.ok(trades > 0);
});

test("a gateway falls at any step of its commits and words, and nobody loses anything", async () => {
  for (let steps = 1; steps < 60; steps += 7) {
    const crash = {
      kind: "crash" as const,
      atMs: 20,
      gateway: 1,
      steps,
      downMs: 100,
      loss: "nothing" as const,
    };
    const { violation, faults } = await runTown(calm({ faults: [crash] }));
    assert.equal(violation, undefined, `after ${steps}`);
    assert.ok(Object.keys(faults).some((fault) => fault.startsWith("fell at")));
  }
});

test("a gateway that loses its disk learns how far its feed had come before it says more", async () => {
  for (const atMs of [5, 30, 120]) {
    const lost = {
      kind: "crash" as const,
      gateway: 2,
      steps: 5,
      downMs: 50,
      loss: "disk" as const,
    };
    const { violation } = await runTown(calm({ faults: [{ ...lost, atMs }] }));
    assert.equal(violation, undefined);
  }
});

test("two liars of four break something, which is seen and shrunk", async () => {
  const tactics = ["false-ledger" as const, "false-terms" as const, "two-votes" as const];
  const liars = [0, 1].map((gateway) => ({ gateway, tactics: ["silent" as const, ...tactics] }));
  const plan = calm({ liars, homes: 4, nodeSkewMs: [100, 0, 0, 0] });
  const judge = async (candidate: TownPlan) => (await runTown(candidate)).violation?.checker;
  assert.equal(await judge(plan), "liveness");
  const { plan: least } = await shrinkTown(plan, judge, 12);
  assert.equal(await judge(least), "liveness");
  assert.ok(sizeOf(least) < sizeOf(plan));
});
