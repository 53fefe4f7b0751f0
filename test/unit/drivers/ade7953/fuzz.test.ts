// SPDX-License-Identifier: Apache-2.0
/** 10 000 transfers of an ADE7953 that go wrong (fuzz.ts), and any mix of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ALL, fuzzAde7953 } from "./fuzz.ts";

test("10 000 disturbed transfers: none makes up energy, and no loss is silent", (t) => {
  const trial = { seed: 7953, share: 5, kinds: ALL, disturbances: 10_000 };
  const { wrong, stuck, disturbed, counted, lost, said } = fuzzAde7953(trial);
  t.diagnostic(`disturbed: ${JSON.stringify(disturbed)}`);
  t.diagnostic(`energies counted: ${counted}, lost: ${lost}, said: ${said}`);
  assert.deepEqual([wrong, stuck], [[], []]);
  assert.ok(lost > 0, "some are lost in this");
});

test("10 000 damaged answers: nothing is lost at all", (t) => {
  const trial = { seed: 1, share: 20, kinds: ["damaged"], disturbances: 10_000 } as const;
  const { wrong, stuck, counted, lost, said } = fuzzAde7953(trial);
  t.diagnostic(`energies counted: ${counted}, said to be lost: ${said}`);
  assert.deepEqual([wrong, stuck, lost], [[], [], 0]);
});

test("whatever fails, and however often", () => {
  const trials = fc.record({
    seed: fc.nat(),
    share: fc.integer({ min: 1, max: 400 }),
    kinds: fc.uniqueArray(fc.constantFrom(...ALL), { minLength: 1 }),
    disturbances: fc.integer({ min: 0, max: 300 }),
  });
  fc.assert(
    fc.property(trials, (trial) => {
      const { wrong, stuck } = fuzzAde7953(trial);
      assert.deepEqual([wrong, stuck], [[], []]);
    }),
    { numRuns: 150, seed: 7953 },
  );
});
