// SPDX-License-Identifier: Apache-2.0
/** The vectors of P1 telegrams, and that a wrong expectation is seen. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DSMR_VECTORS } from "#test/vectors/drivers/dsmr";
import { checkDsmr } from "#test/vectors/drivers/dsmr-check";

test("every vector", () => {
  assert.ok(DSMR_VECTORS.length >= 50, `${DSMR_VECTORS.length} vectors`);
  assert.deepEqual(checkDsmr(), []);
});

test("a wrong expectation is seen", () => {
  for (const vector of DSMR_VECTORS) {
    const turned = { ...vector, faults: [...(vector.faults ?? []), "bus"] };
    assert.equal(checkDsmr([turned]).length, 1, vector.name);
    if (!vector.samples) continue;
    const counts = vector.samples[0].counts.map((count) => count + 1n);
    const other = { ...vector, samples: [{ ...vector.samples[0], counts }] };
    assert.equal(checkDsmr([other]).length, 1, vector.name);
  }
});
