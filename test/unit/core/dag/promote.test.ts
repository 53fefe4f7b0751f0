// SPDX-License-Identifier: Apache-2.0
/** What an author does about its own unapproved transaction, by age (ledger 4.3). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { remedyDueMs, remedyFor } from "#core/dag/promote";

const own = { tMs: 1000, approved: false, sealed: false, quorate: false };

test("promoted beyond half of A_max, then re-issued, or left to the block where it was quorate", () => {
  const at = (nowMs: number, quorate = false) => remedyFor({ ...own, quorate }, nowMs, 100);
  assert.deepEqual(
    [at(1050), at(1051), at(1100), at(1101)],
    ["wait", "promote", "promote", "reissue"],
  );
  assert.deepEqual([at(1051, true), at(1101, true)], ["promote", "block"]);
  for (const done of [{ approved: true }, { sealed: true }])
    assert.equal(remedyFor({ ...own, ...done }, 5000, 100), "wait");
});

test("the remedy changes just when it says", () => {
  const ages = fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 101 }), fc.boolean());
  fc.assert(
    fc.property(ages, ([ageMs, ageMaxMs, quorate]) => {
      const one = { ...own, quorate };
      const nowMs = one.tMs + ageMs;
      const dueMs = remedyDueMs(one, nowMs, ageMaxMs);
      const now = remedyFor(one, nowMs, ageMaxMs);
      if (dueMs === undefined) {
        assert.equal(remedyFor(one, nowMs + 1e6, ageMaxMs), now);
        return;
      }
      assert.equal(remedyFor(one, dueMs - 1, ageMaxMs), now, "not before");
      assert.notEqual(remedyFor(one, dueMs, ageMaxMs), now, "then");
    }),
  );
  assert.equal(remedyDueMs({ ...own, approved: true }, 0, 100), undefined);
});
