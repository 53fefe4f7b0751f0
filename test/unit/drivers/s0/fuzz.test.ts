// SPDX-License-Identifier: Apache-2.0
/** 10 000 disturbed lines of pulses (fuzz.ts). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzzS0 } from "./fuzz.ts";

test("10 000 disturbed lines: no pulse is made up or lost, and the next clean one counts", (t) => {
  const { wrong, stuck, pulses, disturbed } = fuzzS0(62053, 10_000);
  t.diagnostic(`${pulses} pulses; disturbances: ${JSON.stringify(disturbed)}`);
  assert.deepEqual([wrong.slice(0, 5), stuck.slice(0, 5)], [[], []]);
  assert.ok(pulses > 20_000);
});
