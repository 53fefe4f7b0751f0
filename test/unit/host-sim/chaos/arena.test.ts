// SPDX-License-Identifier: Apache-2.0
/** Consortiums under faults: nothing is violated, a planted bug is found, and the paper's own mode stops as it must. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runPlan } from "#host-sim/chaos/consensus/arena";
import { mutations } from "#host-sim/chaos/mutations";
import { type Plan, planOf } from "#host-sim/chaos/plan";
import { replay, runSeeds } from "#host-sim/chaos/runs";
import { sodiumCrypto } from "#node/crypto/sodium";

const SEED = Number(process.env.WATTLE_SEED ?? 1) >>> 0;

/** A calm run of four, without anything that goes wrong. */
function calm(more: Partial<Plan> = {}): Plan {
  const plan = planOf(1, { gateways: 4, rule: "quorum", leader: "round-robin" });
  const weather = {
    dropPermille: 0,
    duplicatePermille: 0,
    delayMs: 20,
    stragglerPermille: 0,
    stragglerMs: 1,
  };
  const sets = plan.sets.slice(0, 1);
  return {
    ...plan,
    troubleMs: 2000,
    weather,
    byzantine: [],
    faults: [],
    sets,
    healedDelayMs: 20,
    ...more,
  };
}

test("120 seeds of consortiums under faults", () => {
  const from = SEED % 1_000_000;
  const sums = runSeeds({ from, count: 120 });
  const failed = sums.failed.map(
    ({ seed, outcome }) => `seed ${seed}: ${outcome.violation?.message}`,
  );
  assert.deepEqual(failed, [], "wattle chaos --replay <seed>");
  assert.ok(
    sums.heights > 1000 && sums.crashes > 50 && sums.highestRound > 2,
    JSON.stringify(sums),
  );
});

test("the same seed is the same run", () => {
  const [first, again] = [runPlan(planOf(7)), runPlan(planOf(7))];
  assert.deepEqual(first, again);
  const lines = replay(7).lines;
  assert.ok(
    lines.some((line) => /decides 0:/.test(line)) && lines.some((line) => /prevote of/.test(line)),
  );
});

test("with Ed25519", () => {
  const plan = { ...planOf(11, { gateways: 4 }), troubleMs: 300 };
  assert.equal(runPlan(plan, { crypto: sodiumCrypto() }).violation, undefined);
});

test("fifteen gateways more", () => {
  assert.equal(runPlan({ ...planOf(5, { gateways: 16 }), troubleMs: 300 }).violation, undefined);
});

test("all agree, and work finds the leader, as the paper prints it", () => {
  const sums = runSeeds({
    from: SEED % 1000,
    count: 5,
    rule: "unanimous",
    leader: "proof-of-work",
  });
  assert.deepEqual(
    sums.failed.map(({ seed }) => seed),
    [],
  );
  assert.ok(sums.heights > 30, `${sums.heights} blocks`);
});

test("one silent gateway stops those who have to agree all, and not a quorum", () => {
  const silent: Plan["byzantine"] = [{ host: 2, tactics: ["silent"] }];
  for (const leader of ["round-robin", "proof-of-work"] as const) {
    const stopped = runPlan(calm({ rule: "unanimous", leader, byzantine: silent }));
    assert.equal(stopped.violation?.checker, "liveness");
    assert.equal(stopped.heights, 0);
    const goesOn = runPlan(calm({ leader, byzantine: silent }));
    assert.equal(goesOn.violation, undefined);
    assert.ok(goesOn.heights > 3);
  }
});

test("a gateway that is down for a while stops unanimity for as long", () => {
  const crash = {
    kind: "crash" as const,
    atMs: 500,
    host: 1,
    afterOutputs: 0,
    downMs: 1200,
    loss: "nothing" as const,
  };
  const with1 = runPlan(calm({ rule: "unanimous", faults: [crash] }));
  const without = runPlan(calm({ rule: "unanimous" }));
  assert.equal(with1.violation, undefined);
  assert.ok(with1.heights < 0.8 * without.heights, `${with1.heights} of ${without.heights}`);
});

test("more liars than f can make two blocks of one height, and are seen", () => {
  const tactics = ["two-proposals", "vote-all"] as const;
  const byzantine = [0, 1].map((host) => ({ host, tactics: [...tactics] }));
  const plan = calm({ byzantine, troubleMs: 1000 });
  const found = Array.from(
    { length: 10 },
    (_, seed) => runPlan({ ...plan, seed }).violation?.checker,
  );
  assert.ok(found.includes("I19"), `${[...new Set(found)]}`);
});

test("every planted bug says what it is, and fits the code", async () => {
  const { execFileSync } = await import("node:child_process");
  const all = mutations();
  assert.ok(all.length >= 12);
  for (const { path, bug } of all) {
    assert.match(bug, /^[a-z].{20,}/);
    execFileSync("git", ["apply", "--check", path], { stdio: "pipe" });
  }
});
