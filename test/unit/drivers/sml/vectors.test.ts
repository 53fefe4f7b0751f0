// SPDX-License-Identifier: Apache-2.0
/** The vectors of SML files, and that a wrong expectation is seen. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkSml, SML_VECTORS } from "#test/vectors/drivers/sml";

test("every vector", () => {
  assert.ok(SML_VECTORS.length >= 50, `${SML_VECTORS.length} vectors`);
  assert.deepEqual(checkSml(), []);
});

test("a wrong expectation is seen", () => {
  for (const vector of SML_VECTORS) {
    const turned = { ...vector, faults: [...(vector.faults ?? []), "bus"] };
    assert.equal(checkSml([turned]).length, 1, vector.name);
    if (!vector.samples) continue;
    const counts = vector.samples[0].counts.map((count) => count + 1n);
    const other = { ...vector, samples: [{ ...vector.samples[0], counts }] };
    assert.equal(checkSml([other]).length, 1, vector.name);
  }
});
