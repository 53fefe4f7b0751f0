// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Place, Places } from "#gateway/consortium/places";

const idOf = (n: number) => new Uint8Array(32).fill(n % 251);

test("they are a map from numbers to places, of which the first are forgotten", () => {
  const act = fc.oneof(
    { weight: 8, arbitrary: fc.record({ seq: fc.integer({ min: 1, max: 300 }) }) },
    { weight: 1, arbitrary: fc.record({ forget: fc.integer({ min: 1, max: 300 }) }) },
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
      const places = new Places();
      const expected = new Map<number, Place>();
      let index = 0;
      for (const one of acts) {
        index += 2;
        if ("seq" in one) {
          places.set(one.seq, { id: idOf(index), index });
          expected.set(one.seq, { id: idOf(index), index });
        } else {
          places.forget(one.forget);
          // In the order of numbers, up to the first that stays.
          const kept = [...expected].filter(([, place]) => place.index >= one.forget);
          const first = Math.min(...kept.map(([seq]) => seq));
          for (const seq of expected.keys()) if (seq < first) expected.delete(seq);
        }
        for (let seq = 0; seq <= 301; seq++) {
          const place = expected.get(seq);
          assert.equal(places.indexOf(seq), place?.index ?? 0);
        }
        for (const [seq, { id }] of expected) assert.ok(places.has(seq, id));
      }
      for (const [seq, place] of expected) assert.deepEqual(places.get(seq), place);
      assert.equal(places.get(400), undefined);
      assert.equal(places.has(400, idOf(1)), false);
    }),
  );
});
