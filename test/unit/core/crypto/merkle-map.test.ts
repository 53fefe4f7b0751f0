// SPDX-License-Identifier: Apache-2.0
/** The Merkle map against a model that knows nothing of tries: the root of a set of pairs, from scratch. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import { MAP_STEP_BYTES, mapHolds, mapLacks } from "#core/crypto/map-proof";
import { MerkleMap } from "#core/crypto/merkle-map";
import { sodiumCrypto } from "#node/crypto/sodium";

const crypto = sodiumCrypto();
type Pairs = Map<string, Uint8Array>;

const sha = (...parts: (Uint8Array | number)[]): Buffer => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(typeof part === "number" ? Uint8Array.of(part) : part);
  return hash.digest();
};
const bitsOf = (key: Buffer): string =>
  [...key].map((byte) => byte.toString(2).padStart(8, "0")).join("");

/** By the definition: the keys below a node differ first in its bit. */
function modelRoot(pairs: Pairs): string {
  const keys = [...pairs.keys()].sort();
  const hashOf = (some: readonly string[]): Buffer => {
    if (some.length === 1) return sha(2, Buffer.from(some[0], "hex"), sha(pairs.get(some[0])!));
    const bits = some.map((key) => bitsOf(Buffer.from(key, "hex")));
    let bit = 0;
    while (bits.every((text) => text[bit] === bits[0][bit])) bit++;
    const right = bits.findIndex((text) => text[bit] === "1");
    return sha(3, bit, hashOf(some.slice(0, right)), hashOf(some.slice(right)));
  };
  return (keys.length === 0 ? sha(4) : hashOf(keys)).toString("hex");
}

const put = (map: MerkleMap, key: Uint8Array, value: Uint8Array): MerkleMap =>
  map.with(key, crypto.sha256(value));

/** Keys with long common beginnings as well as keys like hashes. */
const key = fc
  .tuple(fc.constantFrom(0, 0xff, 0x80), fc.nat(255), fc.nat({ max: 31 }))
  .map(([fill, byte, at]) => {
    const bytes = new Uint8Array(32).fill(fill);
    bytes[at] = byte;
    return bytes;
  });
const anyKey = fc.oneof(key, fc.uint8Array({ minLength: 32, maxLength: 32 }));
const value = fc.uint8Array({ maxLength: 8 });
const step = fc.record({ key: anyKey, value, drop: fc.boolean() });

test("any sequence of changes gives the root of what is there, and leaves earlier maps alone", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.array(fc.boolean()), (steps, rooted) => {
      let map = MerkleMap.empty();
      const pairs: Pairs = new Map();
      const earlier: { map: MerkleMap; root: string }[] = [];
      steps.forEach(({ key, value, drop }, i) => {
        if (drop) {
          // What is there is dropped more often than what is not.
          const [known = toHex(key)] = i % 2 === 0 ? pairs.keys() : [];
          map = map.without(Buffer.from(known, "hex"));
          pairs.delete(known);
        } else {
          map = put(map, key, value);
          pairs.set(toHex(key), value);
        }
        assert.equal(map.size, pairs.size);
        if (!rooted[i]) return; // hashed later, with what follows
        const root = modelRoot(pairs);
        assert.equal(toHex(map.root(crypto)), root);
        earlier.push({ map, root });
      });
      assert.equal(toHex(map.root(crypto)), modelRoot(pairs));
      for (const { map, root } of earlier) assert.equal(toHex(map.root(crypto)), root);
      for (const [key, value] of pairs)
        assert.deepEqual(map.get(Buffer.from(key, "hex")), crypto.sha256(value));
    }),
    { numRuns: 300 },
  );
});

test("the same pairs in any order, with detours, give the same root", () => {
  const pairs = fc.uniqueArray(fc.tuple(anyKey, value), { selector: ([k]) => toHex(k) });
  fc.assert(
    fc.property(pairs, fc.infiniteStream(fc.nat()), anyKey, (list, order, detour) => {
      const shuffled = list.map((pair) => ({ pair, by: order.next().value as number }));
      shuffled.sort((a, b) => a.by - b.by);
      const straight = list.reduce((map, [k, v]) => put(map, k, v), MerkleMap.empty());
      let other = put(MerkleMap.empty(), detour, detour);
      for (const { pair } of shuffled) other = put(put(other, pair[0], detour), ...pair);
      if (!list.some(([k]) => toHex(k) === toHex(detour))) other = other.without(detour);
      assert.deepEqual(other.root(crypto), straight.root(crypto));
    }),
    { numRuns: 100 },
  );
});

function random(count: number): { map: MerkleMap; keys: Uint8Array[] } {
  const keys = Array.from({ length: count }, (_, i) => crypto.sha256(Uint8Array.of(i >> 8, i)));
  let map = MerkleMap.empty();
  for (const k of keys) map = put(map, k, k.subarray(0, 4));
  return { map, keys };
}

test("what is there has a proof, which fails when any byte of anything in it changes", () => {
  for (const count of [1, 2, 3, 100]) {
    const { map, keys } = random(count);
    const root = map.root(crypto);
    for (const key of keys.slice(0, 5)) {
      const value = key.subarray(0, 4);
      const { found, path, other } = map.prove(crypto, key);
      assert.deepEqual([found, other], [true, undefined]);
      assert.equal(mapHolds(crypto, root, key, value, path), true);
      assert.equal(mapLacks(crypto, root, key, undefined, path), false);
      const self = { key, valueHash: crypto.sha256(value) };
      assert.equal(mapLacks(crypto, root, key, self, path), false, "itself is no neighbour");
      for (const part of [root, key, value, path])
        for (let i = 0; i < part.length; i++) {
          part[i] ^= 1 << (i % 8);
          assert.equal(mapHolds(crypto, root, key, value, path), false, `${count}: byte ${i}`);
          part[i] ^= 1 << (i % 8);
        }
      for (let cut = 0; cut < path.length; cut++)
        assert.equal(mapHolds(crypto, root, key, value, path.subarray(0, cut)), false);
      const longer = new Uint8Array(path.length + MAP_STEP_BYTES);
      longer.set(path);
      assert.equal(mapHolds(crypto, root, key, value, longer), false);
      assert.equal(mapHolds(crypto, root, key.subarray(1), value, path), false, "no key");
    }
  }
});

test("what is absent has a proof, which fails when any byte of it changes", () => {
  for (const count of [1, 2, 100]) {
    const { map } = random(count);
    const root = map.root(crypto);
    for (let n = 0; n < 5; n++) {
      const key = crypto.sha256(Uint8Array.of(9, 9, n));
      const { found, path, other } = map.prove(crypto, key);
      assert.equal(found, false);
      assert.equal(mapLacks(crypto, root, key, other!, path), true);
      assert.equal(mapLacks(crypto, root, key, undefined, path), false);
      for (const part of [root, other!.key, other!.valueHash, path])
        for (let i = 0; i < part.length; i++) {
          part[i] ^= 1 << (i % 8);
          assert.equal(mapLacks(crypto, root, key, other!, path), false, `byte ${i}`);
          part[i] ^= 1 << (i % 8);
        }
    }
  }
  const none = MerkleMap.empty();
  const { path, other } = none.prove(crypto, new Uint8Array(32));
  assert.equal(mapLacks(crypto, none.root(crypto), new Uint8Array(32), other, path), true);
});

test("no absence is shown of a key that is there, with whatever neighbour", () => {
  const { map, keys } = random(60);
  const root = map.root(crypto);
  for (const key of keys)
    for (const at of keys) {
      const { path } = map.prove(crypto, at);
      const other = { key: at, valueHash: map.get(at)! };
      assert.equal(mapLacks(crypto, root, key, other, path), false);
    }
});

test("paths have 256 steps at most, and of random keys few more than the logarithm", () => {
  let map = MerkleMap.empty();
  const zero = new Uint8Array(32);
  map = put(map, zero, zero);
  for (let bit = 0; bit < 256; bit++) {
    const key = zero.slice();
    key[bit >> 3] |= 0x80 >> (bit & 7);
    map = put(map, key, key);
  }
  const { path } = map.prove(crypto, zero);
  assert.equal(path.length, 256 * MAP_STEP_BYTES, "keys that were made for it");
  assert.equal(mapHolds(crypto, map.root(crypto), zero, zero, path), true);
  const { map: usual, keys } = random(4096);
  const longest = Math.max(...keys.map((k) => usual.prove(crypto, k).path.length));
  assert.ok(longest <= 24 * MAP_STEP_BYTES, `${longest / MAP_STEP_BYTES} steps`);
});

test("only what changed is hashed again", () => {
  let hashes = 0;
  const sha256 = (data: Uint8Array): Uint8Array => {
    hashes++;
    return crypto.sha256(data);
  };
  const counting = { ...crypto, sha256 };
  const { map, keys } = random(1024);
  map.root(counting);
  assert.equal(hashes, 2 * 1024 - 1, "each node once");
  hashes = 0;
  const changed = map.with(keys[7], keys[8]);
  changed.root(counting);
  const steps = changed.prove(counting, keys[7]).path.length / MAP_STEP_BYTES;
  assert.equal(hashes, steps + 1, "a leaf and the way to it");
  map.root(counting);
  assert.equal(hashes, steps + 1, "nothing twice");
  assert.equal(map.with(keys[1], map.get(keys[1])!), map, "no change is the same map");
});
