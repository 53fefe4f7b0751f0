// SPDX-License-Identifier: Apache-2.0
/** The vectors of the pulse filter and of the S0 driver, and that a wrong expectation is seen. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkS0, S0_VECTORS } from "#test/vectors/drivers/s0";
import { PULSE_VECTORS } from "#test/vectors/drivers/s0-pulses";

test("every vector", () => {
  assert.ok(PULSE_VECTORS.length >= 20 && S0_VECTORS.length >= 9);
  assert.deepEqual(checkS0(), []);
});

test("a wrong expectation is seen", () => {
  for (const vector of PULSE_VECTORS) {
    const turned = { ...vector, countedUs: [...vector.countedUs, 1e9] };
    assert.equal(checkS0([turned], []).length, 1, vector.name);
  }
  for (const vector of S0_VECTORS) {
    const turned = { ...vector, counts: vector.counts.map((count) => count + 1n) };
    assert.equal(checkS0([], [turned]).length, 1, vector.name);
  }
});
