// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { flatten, restore } from "#gateway/checkpoint/graph";

const NONE = new Map<string, unknown>();

test("a list whose members are others, and in another order elsewhere, comes back with each of them once", () => {
  const make = (names: string[]) => {
    const list = names.map((name) => ({ name }));
    return { list, sorted: [...list].sort((a, b) => (a.name < b.name ? -1 : 1)) };
  };
  const before = make(["d", "b", "a", "c"]);
  const kept = make(["d", "b", "a", "c"]);
  // One has joined, and those behind it moved on.
  kept.list.push({ name: "aa" });
  const [d, b, a, c, aa] = kept.list;
  kept.sorted = [a, aa, b, c, d];
  restore(flatten(kept, NONE), before, NONE, []);
  assert.deepEqual(before, kept);
  assert.equal(before.list[4], before.sorted[1]);
});

test("objects of the present root stay the same ones where the graph has them in their place", () => {
  const [inner, other] = [{ n: 1 }, { n: 2 }];
  const root = { inner, map: new Map([["a", other]]) };
  const graph = flatten({ inner: { n: 3 }, map: new Map([["a", { n: 4 }]]) }, NONE);
  restore(graph, root, NONE, []);
  assert.equal(root.inner, inner);
  assert.deepEqual([inner.n, root.map.get("a"), other.n], [3, { n: 4 }, 4]);
});
