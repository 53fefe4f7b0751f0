// SPDX-License-Identifier: Apache-2.0
/** 10 000 damaged telegrams (fuzz.ts), with and without a checksum. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzzDsmr, fuzzOldDsmr } from "./fuzz.ts";

test("10 000 damaged telegrams with a checksum", (t) => {
  const { wrong, stuck, unchanged, chance, faults } = fuzzDsmr(5050, 10_000);
  t.diagnostic(`whole telegrams among the damage: ${unchanged}; a right CRC by chance: ${chance}`);
  t.diagnostic(`faults: ${JSON.stringify(faults)}`);
  assert.deepEqual([wrong.slice(0, 5), stuck.slice(0, 5)], [[], []]);
  assert.ok(faults.checksum > 500 && faults.framing > 500);
});

test("10 000 damaged telegrams without a checksum", (t) => {
  const { wrong, stuck, taken, between } = fuzzOldDsmr(2200, 10_000);
  t.diagnostic(
    `samples: ${taken}, of these with a wrong count between its neighbours': ${between}`,
  );
  assert.deepEqual([wrong.slice(0, 5), stuck.slice(0, 5)], [[], []]);
});
