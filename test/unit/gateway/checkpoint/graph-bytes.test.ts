// SPDX-License-Identifier: Apache-2.0
/** Graphs as bytes: one form for each, and nothing but a GraphFault for what is none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes } from "#core/codec/bytes";
import { flatten, GraphFault, restore } from "#gateway/checkpoint/graph";
import { packGraph, unpackGraph } from "#gateway/checkpoint/graph-bytes";
import { part, valueAt } from "#gateway/checkpoint/parts";

const none = new Map<string, unknown>();
/** What has one form whatever the order of its fields. */
const CANONICAL = {};

const leaf = fc.oneof(
  fc.constantFrom(undefined, null, true, false, -0, Number.NaN, Number.POSITIVE_INFINITY),
  fc.maxSafeInteger(),
  fc.double(),
  fc.bigInt({ min: -(2n ** 256n), max: 2n ** 256n }),
  fc.string({ unit: "binary" }),
  fc.constantFrom("00ff", "0", "AB", ""),
  fc.uint8Array(),
  fc
    .array(fc.tuple(fc.nat(300), fc.uint8Array({ maxLength: 40 })), { maxLength: 4 })
    .map((parts) =>
      concatBytes(...parts.flatMap(([zeros, some]) => [new Uint8Array(zeros), some])),
    ),
  fc.int32Array(),
  fc.float64Array(),
  fc.constantFrom(new Uint32Array([7, 7, 7]), new Int8Array([-1]), new Uint16Array(0)),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie("tree")),
    fc.dictionary(
      fc.string().filter((name) => name !== "__proto__"),
      tie("tree"),
    ),
    fc.array(fc.tuple(leaf, tie("tree"))).map((entries) => new Map(entries)),
    fc.array(leaf).map((items) => new Set(items)),
  ),
}));

test("what is packed comes back, and packs to the same bytes", () => {
  fc.assert(
    fc.property(tree, (value) => {
      const bytes = packGraph(flatten({ value }, none, CANONICAL));
      const root: { value: unknown } = { value: undefined };
      restore(unpackGraph(bytes), root, none, []);
      assert.deepEqual(packGraph(flatten(root, none, CANONICAL)), bytes);
    }),
  );
});

test("the order in which fields came does not show; shared objects stay one", () => {
  const shared = { x: 1 };
  const bytes = packGraph(flatten({ a: shared, b: [shared], c: undefined }, none, CANONICAL));
  const other = { ...{ b: [shared] }, ...{ a: shared } };
  assert.deepEqual(packGraph(flatten(other, none, CANONICAL)), bytes);
  const root: Record<string, unknown> = {};
  restore(unpackGraph(bytes), root, none, []);
  assert.equal((root.b as unknown[])[0], root.a);
});

test("an ordinary checkpoint keeps two that share bytes on one array", () => {
  const ids = new Uint8Array(8);
  const root: Record<string, Record<string, Uint8Array>> = {};
  restore(flatten({ index: { ids }, columns: { ids } }, none), root, none, []);
  assert.equal(root.index.ids, root.columns.ids);
  assert.notEqual(root.index.ids, ids);
});

test("what is mostly empty takes few bytes, and a few bytes do not stand for all memory", () => {
  const table = new Uint8Array(60_000);
  table.set([1, 2, 3], 40_000);
  const bytes = packGraph(flatten({ table, again: table.slice() }, none));
  assert.ok(bytes.length < 60, `${bytes.length} bytes`);
  const many = Array.from({ length: 5 }, () => new Uint8Array(1 << 24));
  assert.throws(() => unpackGraph(packGraph(flatten({ many }, none))), GraphFault);
  const long = { many: new Uint8Array((1 << 24) + 1) };
  assert.throws(() => unpackGraph(packGraph(flatten(long, none))), GraphFault);
});

test("any other bytes are a GraphFault, or a graph", () => {
  const sparse = new Uint8Array(300).fill(7, 100, 110);
  const values = { a: [1, "x", 5n, new Int32Array(3)], b: new Map(), sparse };
  const good = packGraph(flatten(values, none));
  const tried = (bytes: Uint8Array): void => {
    try {
      unpackGraph(bytes);
    } catch (error) {
      assert.ok(error instanceof GraphFault, String(error));
    }
  };
  for (let cut = 0; cut < good.length; cut++)
    assert.throws(() => unpackGraph(good.slice(0, cut)), GraphFault);
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => tried(good.with(at, byte))),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), tried));
});

test("a part of a graph is a graph, and what it does not reach is gone", () => {
  const shared = { id: new Uint8Array([1, 2]) };
  const graph = flatten({ a: { shared, n: 3 }, b: [shared], c: { big: [1, 2, 3] } }, none);
  const cut = part(graph, ["a", "b"]);
  assert.ok(cut.length < graph.length);
  const root: Record<string, unknown> = {};
  restore(cut, root, none, []);
  assert.deepEqual(root, { a: { shared, n: 3 }, b: [shared] });
  assert.deepEqual(valueAt(graph, ["a", "shared", "id"]), shared.id);
  assert.equal(valueAt(graph, ["a", "n"]), 3);
  assert.equal(valueAt(graph, ["a", "x", "y"]), undefined);
  assert.equal(valueAt(graph, ["b"]), undefined);
});
