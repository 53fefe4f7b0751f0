// SPDX-License-Identifier: Apache-2.0
/** Quorums, sets of gateways, turns and bit maps. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import { faultsOf, quorumOf, ValidatorSet } from "#core/consensus/validators";
import { countVoters, hasVoter, votersOf } from "#core/consensus/voters";

const one = (first: number) => ({
  id: new Uint8Array(16).fill(first),
  publicKey: new Uint8Array(32).fill(first),
});

test("two quorums share more than the faulty, and those that are not faulty are a quorum", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6, 7, 31, 51].map(faultsOf), [0, 0, 0, 1, 1, 1, 2, 10, 16]);
  const quorums = [1, 2, 3, 4, 5, 6, 7, 31, 51].map((m) => quorumOf(m));
  assert.deepEqual(quorums, [1, 2, 3, 3, 4, 5, 5, 21, 35]);
  for (let m = 1; m <= 64; m++) {
    const [f, quorum] = [faultsOf(m), quorumOf(m)];
    assert.ok(2 * quorum - m > f, `${m}: the intersection has an honest one`);
    assert.ok(m - f >= quorum, `${m}: the honest decide alone`);
    assert.equal(quorumOf(m, "unanimous"), m);
  }
});

test("a set is in the order of ids, and a key counts beside the id", () => {
  const set = new ValidatorSet([one(9), one(3), one(5), one(7)]);
  assert.deepEqual(
    set.list.map(({ id }) => id[0]),
    [3, 5, 7, 9],
  );
  assert.equal(set.quorum, 3);
  assert.equal(set.some, 2);
  assert.equal(set.indexOf(toHex(one(7).id)), 2);
  assert.equal(set.idHexAt(2), toHex(one(7).id));
  assert.equal(set.indexOf(toHex(one(4).id)), -1);
  assert.equal(set.indexOfKey(toHex(one(7).id), one(7).publicKey), 2);
  assert.equal(set.indexOfKey(toHex(one(7).id), one(9).publicKey), -1);
  assert.throws(() => new ValidatorSet([one(1), one(1)]), /VALIDATORS/);
  assert.throws(() => new ValidatorSet([]), /VALIDATORS/);
});

test("each gateway leads once in as many rounds, and the next height begins with the next one", () => {
  const set = new ValidatorSet([one(9), one(3), one(5), one(7)]);
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((round) => set.leader(6, round)),
    [2, 3, 0, 1, 2],
  );
  assert.equal(set.leader(7, 0), 3);
  const seven = new ValidatorSet([1, 2, 3, 4, 5, 6, 7].map(one));
  const orders = new Set<string>();
  for (let height = 0; height < 200; height++) {
    const order = [0, 1, 2, 3, 4, 5, 6].map((round) => seven.leader(height, round));
    assert.equal(order[0], height % 7);
    assert.deepEqual([...order].sort(), [0, 1, 2, 3, 4, 5, 6]);
    assert.equal(seven.leader(height, 9), order[2]);
    orders.add(order.join());
  }
  assert.ok(orders.size > 100, String(orders.size));
});

test("gateways that are neighbours do not lead one after the other at every height", () => {
  const set = new ValidatorSet(Array.from({ length: 51 }, (_, i) => one(i + 1)));
  const failed = Array.from({ length: 510 }, (_, height) => {
    let round = 0;
    while (set.leader(height, round) < 16) round++;
    return round;
  });
  // A third of the rounds fail, as of any other 16: with the order of ids alone it would be up to 16 in series.
  assert.ok(Math.max(...failed) <= 7, String(Math.max(...failed)));
  const mean = failed.reduce((sum, rounds) => sum + rounds) / failed.length;
  assert.ok(mean < 0.55, String(mean));
});

test("bit maps have one form", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(63)), (places) => {
      const map = votersOf(64, (place) => places.includes(place));
      for (let i = 0; i < 70; i++) assert.equal(hasVoter(map, i), places.includes(i));
      assert.equal(countVoters(map), places.length);
      assert.ok(map.length === 0 || map[map.length - 1] !== 0, "no zero byte at the end");
    }),
  );
});
