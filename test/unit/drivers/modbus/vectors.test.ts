// SPDX-License-Identifier: Apache-2.0
/** The vectors of Modbus meters, and that a wrong expectation is seen. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MODBUS_VECTORS } from "#test/vectors/drivers/modbus";
import { checkModbus } from "#test/vectors/drivers/modbus-check";

test("every vector", () => {
  assert.ok(MODBUS_VECTORS.length >= 30, `${MODBUS_VECTORS.length} vectors`);
  assert.deepEqual(checkModbus(), []);
});

test("a wrong expectation is seen", () => {
  for (const vector of MODBUS_VECTORS) {
    const { sample } = vector;
    const turned = sample
      ? { ...vector, sample: { ...sample, counts: sample.counts.map((count) => count + 1n) } }
      : { ...vector, fault: "bus" };
    assert.equal(checkModbus([turned]).length, 1, vector.name);
  }
});
