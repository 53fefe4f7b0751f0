// SPDX-License-Identifier: Apache-2.0
/** What waits for its parents in a node: the same as in a gateway's pool, in rows of one buffer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { UnsolidPool } from "#core/dag/unsolid";
import { type Waiting, WaitingPool } from "#meter/waiting";

const OPTIONS = Object.freeze({ countMax: 4, bytesMax: 100, timeoutMs: 50 });

function idOf(number: number): Uint8Array {
  return new Uint8Array(32).fill(number);
}

function waiting(number: number, parents: readonly number[], payload?: Uint8Array): Waiting {
  const arrival = {
    id: idOf(number),
    parents: parents.map(idOf),
    stampMs: 1_700_000_000_000 + number,
    author: 40_000 + number,
    seq: 2 ** 40 + number,
  };
  return { arrival, payload };
}

test("it comes out as it went in, when its last parent is there", () => {
  const pool = new WaitingPool(OPTIONS);
  const one = waiting(1, [10, 11], new Uint8Array(60).fill(3));
  const two = waiting(2, [10]);
  pool.add(one, 0);
  pool.add(two, 0);
  pool.add(waiting(2, [10]), 0);
  assert.equal(pool.count, 2, "once");
  const here = new Set<number>([10]);
  const known = (id: Uint8Array) => here.has(id[0]);
  assert.deepEqual(pool.arrived(idOf(12), known), []);
  assert.deepEqual(pool.arrived(idOf(10), known), [two]);
  here.add(11);
  assert.deepEqual(pool.arrived(idOf(11), known), [one]);
  assert.equal(pool.count, 0);
});

test("a payload that is too much is left out, and what it belongs to is kept", () => {
  const pool = new WaitingPool(OPTIONS);
  pool.add(waiting(1, [9], new Uint8Array(60)), 0);
  pool.add(waiting(2, [9], new Uint8Array(41)), 0);
  pool.add(waiting(3, [9], new Uint8Array(40)), 0);
  const out = pool.arrived(idOf(9), () => true);
  assert.deepEqual(
    out.map(({ payload }) => payload?.length),
    [60, undefined, 40],
  );
});

test("bounds, time and order are those of the gateway's pool", () => {
  const step = fc.record({
    id: fc.integer({ min: 1, max: 12 }),
    parents: fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 2 }),
    ms: fc.nat({ max: 30 }),
    arrives: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const pool = new WaitingPool(OPTIONS);
      const model = new UnsolidPool<number>({ ...OPTIONS, bytesMax: 1000 });
      const here = new Set<number>();
      const known = (id: Uint8Array) => here.has(id[0]);
      let nowMs = 0;
      for (const { id, parents, ms, arrives } of steps) {
        nowMs += ms;
        pool.expire(nowMs);
        model.expire(nowMs);
        if (arrives) {
          here.add(id);
          const out = pool.arrived(idOf(id), known).map(({ arrival }) => arrival.id[0]);
          assert.deepEqual(out, model.arrived(idOf(id)));
        } else if (!here.has(id) && parents.some((parent) => !here.has(parent))) {
          pool.add(waiting(id, parents), nowMs);
          model.add({ id: idOf(id), parents: parents.map(idOf), bytes: 1, item: id }, known, nowMs);
        }
        assert.equal(pool.count, model.count);
      }
    }),
  );
});
