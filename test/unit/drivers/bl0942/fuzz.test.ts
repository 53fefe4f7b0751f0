// SPDX-License-Identifier: Apache-2.0
/** 10 000 damaged packets of a BL0942 (fuzz.ts), twice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzzBl0942 } from "./fuzz.ts";

test("10 000 damaged packets, the first of each poll: none is taken", (t) => {
  const { passed, faults, wrong, stuck, polls, silentMax } = fuzzBl0942(942, 10_000, 0);
  t.diagnostic(`pass the sum: ${JSON.stringify(passed)}; faults: ${JSON.stringify(faults)}`);
  t.diagnostic(`${polls} polls, at most ${silentMax} in a row without a sample`);
  const through = Object.values(passed).reduce((sum, some) => sum + some, 0);
  assert.ok(through > 500, "the sum alone would have let hundreds through");
  assert.deepEqual([wrong, stuck], [[], []]);
});

test("10 000 damaged packets, half of all: none is taken", (t) => {
  const { wrong, stuck, polls, silentMax } = fuzzBl0942(4242, 10_000, 50);
  t.diagnostic(`${polls} polls, at most ${silentMax} in a row without a sample`);
  assert.deepEqual([wrong, stuck], [[], []]);
});
