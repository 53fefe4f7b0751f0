// SPDX-License-Identifier: Apache-2.0
/** Which gateways a node remembers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { GATEWAYS_KEPT } from "#core/limits";
import { firstState, receiptedBy, speakWith } from "#meter/state";

const id = (n: number): Uint8Array => new Uint8Array(16).fill(n);

test("a few gateways are remembered, the present one first, with what each has receipted", () => {
  const state = firstState();
  assert.equal(receiptedBy(state, id(1)), undefined);
  for (let n = 1; n <= GATEWAYS_KEPT; n++) speakWith(state, id(n), 10 * n);
  assert.equal(receiptedBy(state, id(1)), 10);
  speakWith(state, id(1), 99);
  assert.deepEqual([state.gateways[0].mark, receiptedBy(state, id(1))], [id(1).slice(0, 8), 99]);
  assert.equal(state.gateways.length, GATEWAYS_KEPT, "one that is known takes no second place");
  speakWith(state, id(77), 0);
  assert.equal(state.gateways.length, GATEWAYS_KEPT);
  assert.equal(receiptedBy(state, id(2)), undefined, "the one that was left first is forgotten");
  assert.equal(receiptedBy(state, id(1)), 99);
});
