// SPDX-License-Identifier: Apache-2.0
/** Lists of revoked certificates: the newest of a subject holds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Revocations, Revoked, Subject } from "#core/records/authority";
import { RevocationList } from "#core/trust/revocations";
import { ANCHOR, NET, NOW_MS } from "./world.ts";

function listOf(
  number: number,
  serials: readonly number[],
  subject: number = Subject.node,
): Revocations {
  const revoked = serials.map((serial) => ({ serial, reason: Revoked.retired, atMs: NOW_MS }));
  return { net: NET, authority: ANCHOR.id, subject, number, atMs: NOW_MS, revoked };
}

test("before the first list nothing is revoked", () => {
  const list = new RevocationList(Subject.node);
  assert.equal(list.number, 0);
  assert.equal(list.has(0), false);
  assert.equal(list.get(1), undefined);
});

test("a list says which, why and since when", () => {
  const list = new RevocationList(Subject.node);
  assert.ok(list.take(listOf(1, [7, 9])));
  assert.deepEqual(
    [6, 7, 8, 9].map((serial) => list.has(serial)),
    [false, true, false, true],
  );
  assert.deepEqual(list.get(9), { reason: Revoked.retired, atMs: NOW_MS });
  assert.equal(list.get(8), undefined);
});

test("a newer list takes the place of the whole one before", () => {
  const list = new RevocationList(Subject.node);
  assert.ok(list.take(listOf(1, [7, 9])));
  assert.ok(list.take(listOf(5, [9, 11])), "numbers may be left out");
  assert.equal(list.number, 5);
  assert.deepEqual(
    [7, 9, 11].map((serial) => list.has(serial)),
    [false, true, true],
  );
});

test("an older list, the same again and one without a number change nothing", () => {
  const list = new RevocationList(Subject.node);
  assert.equal(list.take(listOf(0, [7])), false, "numbers begin at 1");
  assert.ok(list.take(listOf(4, [7])));
  for (const number of [4, 3, 1, 0]) assert.equal(list.take(listOf(number, [8])), false);
  assert.equal(list.number, 4);
  assert.deepEqual(
    [7, 8].map((serial) => list.has(serial)),
    [true, false],
  );
});

test("a list of the other subject is not taken, however new", () => {
  const list = new RevocationList(Subject.gateway);
  assert.equal(list.take(listOf(9, [7], Subject.node)), false);
  assert.equal(list.take(listOf(9, [7], 0)), false);
  assert.equal(list.number, 0);
  assert.ok(list.take(listOf(1, [7], Subject.gateway)));
});

test("in whatever order lists come, that with the highest number holds", () => {
  const lists = fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(lists, (numbers) => {
      const list = new RevocationList(Subject.node);
      for (const number of numbers) list.take(listOf(number, [number]));
      const highest = Math.max(...numbers);
      assert.equal(list.number, highest);
      for (const number of numbers) assert.equal(list.has(number), number === highest);
    }),
  );
});
