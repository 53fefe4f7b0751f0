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
