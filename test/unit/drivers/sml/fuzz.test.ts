// SPDX-License-Identifier: Apache-2.0
/** 10 000 damaged files (fuzz.ts), and as many whose transport is right. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzzSml } from "./fuzz.ts";

test("10 000 damaged files", (t) => {
  const { wrong, stuck, unchanged, chance, faults } = fuzzSml(62056, 10_000);
  t.diagnostic(`whole files among the damage: ${unchanged}; a right checksum by chance: ${chance}`);
  t.diagnostic(`faults: ${JSON.stringify(faults)}`);
  assert.deepEqual([wrong.slice(0, 5), stuck.slice(0, 5)], [[], []]);
  assert.ok(faults.checksum > 500 && faults.framing > 500);
});

test("10 000 damaged files in a transport that is right", (t) => {
  const { wrong, stuck, unchanged, faults } = fuzzSml(1041, 10_000, true);
  t.diagnostic(`taken, as they were sent: ${unchanged}`);
  t.diagnostic(`faults: ${JSON.stringify(faults)}`);
  assert.deepEqual([wrong.slice(0, 5), stuck.slice(0, 5)], [[], []]);
});
