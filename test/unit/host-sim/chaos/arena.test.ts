// SPDX-License-Identifier: Apache-2.0
/** Consortiums under faults: nothing is violated, a planted bug is found, and the paper's own mode stops as it must. */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { runPlan } from "#host-sim/chaos/consensus/arena";
import { mutations, runMutations } from "#host-sim/chaos/mutations";
import { type Plan, planOf } from "#host-sim/chaos/plan";
import { replay, runSeeds } from "#host-sim/chaos/runs";
import { shrink, sizeOf } from "#host-sim/chaos/shrink";
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

test("a crash at every boundary of a gateway's outputs", () => {
  const plan = calm({ troubleMs: 300 });
  for (const loss of ["nothing", "unsynced"] as const)
    for (let afterOutputs = 0; afterOutputs < 24; afterOutputs++) {
      const crash = { kind: "crash" as const, atMs: 20, host: 2, afterOutputs, downMs: 30, loss };
      const { violation } = runPlan({ ...plan, faults: [crash] });
      assert.equal(violation, undefined, `after ${afterOutputs} outputs, ${loss}`);
    }
});

test("a disk that is lost at any moment", () => {
  for (let atMs = 0; atMs < 400; atMs += 40)
    for (const loss of ["state", "disk"] as const) {
      const crash = { kind: "crash" as const, atMs, host: 1, afterOutputs: 2, downMs: 5, loss };
      const deaf = {
        kind: "deaf" as const,
        atMs,
        forMs: 300,
        hosts: [0, 1, 2, 3],
        to: "precommit" as const,
      };
      const { violation } = runPlan(calm({ troubleMs: 800, faults: [deaf, crash] }));
      assert.equal(violation, undefined, `${loss} at ${atMs} ms`);
    }
});

test("a planted bug is found, and a run that fails is shrunk", async () => {
  const chosen = mutations().filter(({ name }) => name === "send-before-durable");
  const { rows, unmutated } = await runMutations(chosen, 1, 5, () => {});
  assert.equal(rows[0].checker, "durable");
  assert.equal(unmutated.seed, undefined);
  const byzantine = [0, 1].map((host) => ({
    host,
    tactics: ["two-proposals" as const, "vote-all" as const],
  }));
  const judge = (candidate: Plan): string | undefined => runPlan(candidate).violation?.checker;
  const choices = { gateways: 4, rule: "quorum", leader: "round-robin" } as const;
  const plans = Array.from({ length: 20 }, (_, seed) => ({ ...planOf(seed, choices), byzantine }));
  const plan = plans.find((candidate) => judge(candidate) !== undefined);
  assert.ok(plan, "two liars of four break something");
  const { plan: least } = shrink(plan, judge, 25);
  assert.equal(judge(least), judge(plan));
  assert.ok(sizeOf(least) < sizeOf(plan), `${sizeOf(least)} of ${sizeOf(plan)}`);
});

test("wattle chaos ends with one line that sums up, and knows bad options", async () => {
  const ran = async (...args: string[]): Promise<{ code: number; out: string }> => {
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [
        "bin/wattle.js",
        "chaos",
        ...args,
      ]);
      return { code: 0, out: stdout };
    } catch (error) {
      return { code: (error as { code: number }).code, out: "" };
    }
  };
  const { code, out } = await ran("--machines", "--seed", "5", "--runs", "2", "--gateways", "4");
  assert.equal(code, 0);
  assert.match(out, /^chaos: 2 runs from seed 5, \d+ blocks, .*: no violation\n$/);
  const towns = await ran("--seed", "5", "--runs", "2", "--gateways", "4", "--threads", "1");
  assert.equal(towns.code, 0);
  assert.match(towns.out, /^chaos: 2 runs from seed 5, \d+ events, .*: no violation\n$/);
  assert.equal((await ran("--runs", "0")).code, 1);
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

test("every planted bug says what it is, and fits the code", () => {
  const all = [...mutations(), ...mutations("towns"), ...mutations("states")];
  assert.ok(mutations().length >= 27 && mutations("towns").length >= 42);
  assert.ok(mutations("states").length >= 8);
  for (const { path, bug } of all) {
    assert.match(bug, /^[a-z].{20,}/);
    execFileSync("git", ["apply", "--check", path], { stdio: "pipe" });
  }
});
