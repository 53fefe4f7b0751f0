// SPDX-License-Identifier: Apache-2.0
/** Each attack of test/attack once; `npm run accept -- 3 --only attacks` has them all. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { attackAll } from "../../attack/suite.ts";

const SEED = 3;

test(`attacks on a live gateway come to nothing and are counted (seed ${SEED})`, async (t) => {
  const lines: string[] = [];
  const scale = { full: false, seed: SEED, fuzzed: 500 };
  const { rows, faults } = await attackAll(scale, (line) => lines.push(line));
  t.diagnostic(`${rows.length} attacks, ${rows.reduce((sum, { tries }) => sum + tries, 0)} tries`);
  assert.deepEqual(faults, [], lines.join("\n"));
  assert.ok(rows.length > 88, "all of them");
});
