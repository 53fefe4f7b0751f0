// SPDX-License-Identifier: Apache-2.0
/** Statistics of an evaluation, against values worked out by hand and against chance itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  erlangAbove,
  hashCount,
  median,
  mostOf,
  quantile,
  slope,
  spread,
} from "#host-sim/evaluate/smartchain/stats";
import { mulberry32 } from "#host-sim/worlds/random";

test("quantiles lie between the two nearest values", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(quantile([10, 20, 30, 40, 50], 0.05), 12);
  assert.equal(quantile([10, 20, 30, 40, 50], 0.95), 48);
  assert.deepEqual(spread([7]), { median: 7, low: 7, high: 7, count: 1 });
  assert.throws(() => quantile([], 0.5), /EVALUATE_QUANTILE/);
  const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (all, q) => {
      const found = quantile(all, q);
      const below = all.filter((value) => value <= found + 1e-6).length;
      assert.ok(below >= q * (all.length - 1), `${found} is above its share`);
      assert.ok(found >= Math.min(...all) - 1e-6 && found <= Math.max(...all) + 1e-6);
    }),
  );
});

test("the slope compares the last fifth with the first", () => {
  assert.equal(slope([1, 1, 5, 5, 5, 5, 5, 5, 3, 3]), 3);
  assert.equal(slope(Array.from({ length: 50 }, () => 4)), 1);
  assert.throws(() => slope([1, 2, 3]), /EVALUATE_SLOPE/);
});

test("the chance of a sum of waits is that of a Poisson process", () => {
  assert.ok(Math.abs(erlangAbove(1, 2) - Math.exp(-2)) < 1e-12);
  assert.ok(Math.abs(erlangAbove(3, 2) - Math.exp(-2) * (1 + 2 + 2)) < 1e-12);
  // Large ones do not vanish: the median of an Erlang distribution is near its mean.
  assert.ok(Math.abs(erlangAbove(6000, 6000) - 0.5) < 0.01);
});

test("counts of hashes are judged by how far chance goes", () => {
  const right = hashCount(12, 100, 100 * 4096);
  assert.equal(right.expected, 409_600);
  assert.equal(right.sigmas, 0);
  assert.ok(right.chance > 0.4);
  const double = hashCount(12, 100, 2 * 100 * 4096);
  assert.ok(double.sigmas > 9 && double.chance < 1e-9, "twice as many is no chance");
  assert.ok(hashCount(12, 100, 50 * 4096).chance < 1e-6, "half as many is none either");
  assert.ok(hashCount(20, 1, 5 * 2 ** 20).chance > 1e-3, "one block may take five times the mean");
});

test("four standard deviations hold what chance does", () => {
  const random = mulberry32(5);
  for (let run = 0; run < 200; run++) {
    let lost = 0;
    for (let i = 0; i < 5000; i++) if (random.next() < 0.003) lost++;
    assert.ok(lost <= mostOf(5000, 0.003), `${lost} of 5000`);
  }
  assert.ok(mostOf(5000, 0.003) < 2.1 * 15, "and no more than that");
});
