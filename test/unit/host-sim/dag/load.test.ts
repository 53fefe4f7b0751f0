// SPDX-License-Identifier: Apache-2.0
/** Rows of the table in ledger 4.3: what each rule leaves behind, and what lazy issuers gain (I17). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type LoadSetup, runLoad } from "#host-sim/dag/load";

const run = (setup: Partial<LoadSetup>) =>
  runLoad({ seed: 1, inFlight: 10, latencies: 400, rule: "hybrid", ...setup });

function within(value: number, least: number, most: number, what: string): void {
  assert.ok(value >= least && value <= most, `${what}: ${value}, ${least} to ${most}`);
}

test("uniform leaves none behind, walks do, the more the stronger their bias", () => {
  const uniform = run({ rule: "uniform" });
  within(uniform.caps, 18, 23, "2λh caps");
  within(uniform.mean, 2.8, 3.3, "latencies to the first approval");
  within(uniform.never, 0, 0.001, "uniform");
  const [weak, strong] = [0.1, 0.5].map((alpha) => run({ rule: "walk", alpha }).never);
  within(weak, 0.003, 0.02, "α = 0.1");
  within(strong, 0.025, 0.1, "α = 0.5");
});

test("the chosen rule leaves none behind; with a short A_max promotion does the rest", () => {
  const chosen = run({ ageMax: 60 });
  assert.equal(chosen.never, 0);
  within(chosen.caps, 18, 25, "2λh caps");
  within(chosen.p99, 5, 9, "latencies to the first approval, 99 %");
  within(chosen.steps, 1, 200, "steps");
  assert.ok(run({ ageMax: 10, promotes: true }).never <= 0.003);
});

test("laziness pays until the age rule stops it, at no cost to the honest", () => {
  const lazy = { rule: "uniform", lazy: 0.2, latencies: 250 } as const;
  assert.ok(run(lazy).lazyApproved > 0.99);
  const ruled = run({ ...lazy, ageMax: 10 });
  within(ruled.lazyApproved, 0, 0.06, "lazy ones");
  within(ruled.mean, 2.8, 3.3, "latencies of the honest");
  within(run({ lazy: 0.2, latencies: 250, ageMax: 10 }).lazyApproved, 0, 0.06, "as chosen");
});

test("a seed replays", () => {
  assert.deepEqual(run({ latencies: 100 }), run({ latencies: 100 }));
  assert.notDeepEqual(run({ latencies: 100 }), run({ latencies: 100, seed: 2 }));
});
