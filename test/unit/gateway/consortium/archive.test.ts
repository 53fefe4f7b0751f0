// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { Archive } from "#gateway/consortium/archive";
import { openMemoryStore } from "#node/store/memory";

test("of two segments of one number both are known, and others get the one that a turn took in", () => {
  const store = openMemoryStore();
  const [first, second, third] = [1, 2, 3].map((n) => new Uint8Array(32).fill(n));
  store.append([first, second].map((bytes) => ({ kind: 1, bytes })));
  const archive = new Archive(store);
  archive.addSegment("a", 5, first, 1);
  assert.deepEqual(archive.segment("a", 5), first);
  archive.addSegment("a", 5, second, 2);
  for (const id of [first, second]) assert.equal(archive.hasSegment("a", 5, id), true);
  assert.equal(archive.hasSegment("a", 5, third), false);
  assert.equal(archive.hasSegment("b", 5, first), false);
  assert.deepEqual(archive.segment("a", 5), second);
  // By their names both can be had.
  assert.deepEqual(archive.segment("a", 5, first), first);
  assert.deepEqual(archive.segment("a", 5, second), second);
  assert.equal(archive.segment("a", 5, third), undefined);
  archive.chose("a", 5, first);
  assert.deepEqual(archive.segment("a", 5), first);
  assert.equal(archive.hasSegment("a", 5, second), true);
  archive.chose("a", 5, third);
  assert.deepEqual(archive.segment("a", 5), first);
});
