// SPDX-License-Identifier: Apache-2.0
/** 10 000 damaged frames of a CSE7766 (fuzz.ts). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Rng } from "../../../property/rng.ts";
import { fuzzCse7766, Line } from "./fuzz.ts";

test("10 000 damaged frames: none says what its neighbours do not", (t) => {
  const { passed, caught, wrong, stuck, between, frames } = fuzzCse7766(7766, 10_000);
  t.diagnostic(`pass the sum: ${JSON.stringify(passed)}`);
  t.diagnostic(`first fault of those: ${JSON.stringify(caught)}`);
  t.diagnostic(
    `taken, with a counter between its neighbours': ${between}; sound frames until a sample: ${JSON.stringify(frames)}`,
  );
  const through = Object.values(passed).reduce((sum, some) => sum + some, 0);
  assert.ok(through > 500, "the sum alone would have let hundreds through");
  assert.deepEqual([wrong, stuck], [[], []]);
  assert.ok(between <= 1, "one in 8000 by a million frames");
});

test("the checks of this fuzzer see a wrong sample", () => {
  const line = new Line(new Rng(1));
  line.sendSound(14);
  const sample = line.samples.at(-1);
  assert.ok(sample);
  assert.equal(line.wrong(sample), undefined);
  assert.match(String(line.wrong({ ...sample, counts: [sample.counts[0] + 90n] })), /is not in/);
  const phases = [{ ...sample.phases?.[0], powerMw: 1 }];
  assert.match(String(line.wrong({ ...sample, phases })), /powerMw/);
});
