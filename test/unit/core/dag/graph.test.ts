// SPDX-License-Identifier: Apache-2.0
/** The graph (ledger 4.2; I11, I12, I18) against its definitions, through growth, turnover and forgetting. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import { BLOCK, GONE } from "#core/dag/columns";
import type { Graph } from "#core/dag/graph";
import { NONE } from "#core/dag/handles";
import { UnsolidPool } from "#core/dag/unsolid";
import { named } from "../ledger/world.ts";
import {
  anyEdges,
  capsByDefinition,
  capsOf,
  type Edges,
  emptyGraph,
  GENESIS,
  shuffled,
  weightsByDefinition,
  weightsOf,
} from "./model.ts";

test("I11, I12: caps and weights are what a recount says, after every insertion, and weights only grow", () => {
  fc.assert(
    fc.property(anyEdges(60, 8), (all) => {
      const graph = emptyGraph({ capacity: 32, window: 32 });
      let before = new Map<string, number>();
      all.forEach((one, i) => {
        const handle = graph.add(one);
        const so = all.slice(0, i + 1);
        assert.deepEqual(capsOf(graph), capsByDefinition(so), `caps after ${i}`);
        for (let which = 0; which < one.parents.length; which++) {
          const parent = graph.parent(handle, which);
          if (parent !== BLOCK) assert.ok(graph.timeMs(parent) < graph.timeMs(handle), "older");
        }
        const weights = weightsOf(graph, so);
        const expected = weightsByDefinition(so);
        assert.equal(weights.size, Math.min(32, i + 1), "the latest 32 have one");
        for (const [id, weight] of weights) {
          assert.equal(weight, expected.get(id), `a weight after ${i}`);
          assert.ok(weight >= (before.get(id) ?? 0), "it never falls");
        }
        before = weights;
      });
    }),
  );
});

/** Delivers in any order: what comes before its parents waits. */
function delivered(order: readonly Edges[]): Graph {
  const graph = emptyGraph();
  const pool = new UnsolidPool<Edges>({ countMax: 100, bytesMax: 1e6, timeoutMs: 1000 });
  const known = (id: Uint8Array) => graph.parentTime(id) !== undefined;
  for (const one of order) {
    if (!one.parents.every(known)) {
      assert.deepEqual(pool.add({ ...one, bytes: 1, item: one }, known, 0), []);
      continue;
    }
    const ready = [one];
    for (let next = ready.shift(); next; next = ready.shift()) {
      graph.add(next);
      ready.push(...pool.arrived(next.id));
    }
  }
  assert.equal(pool.count, 0, "nothing waits in the end");
  assert.equal(pool.bytes, 0);
  return graph;
}

test("I18: any permutation of deliveries gives the same caps, weights and T", () => {
  const draws = fc.array(fc.nat(), { minLength: 5, maxLength: 40 });
  fc.assert(
    fc.property(anyEdges(40, 6), draws, (all, numbers) => {
      const [one, other] = [delivered(all), delivered(shuffled(all, numbers))];
      assert.deepEqual(capsOf(other), capsOf(one));
      assert.deepEqual(weightsOf(other, all), weightsOf(one, all));
      for (const { id } of all)
        assert.equal(other.timeMs(other.find(id)), one.timeMs(one.find(id)), "T");
    }),
  );
});

test("who approves whom, directly or not, is known in the window", () => {
  fc.assert(
    fc.property(anyEdges(50, 6), (all) => {
      const graph = emptyGraph();
      for (const one of all) graph.add(one);
      for (const { id } of all) {
        const past = new Set<number>([graph.find(id)]);
        for (const one of past)
          for (const which of [0, 1])
            if (graph.parent(one, which) >= 0) past.add(graph.parent(one, which));
        for (const other of all) {
          const handle = graph.find(other.id);
          const expected = past.has(handle) && handle !== graph.find(id);
          assert.equal(graph.approves(graph.find(id), handle), expected);
        }
      }
      assert.equal(graph.approves(NONE, 0), undefined);
    }),
    { numRuns: 30 },
  );
});

/** That lists of approvers and parents say the same. */
function assertEdges(graph: Graph): void {
  const edges = (handle: number): number[] => {
    const found: number[] = [];
    for (let at = graph.firstChild(handle); at !== NONE; at = graph.nextChild(handle, at))
      found.push(at);
    return found.sort((a, b) => a - b);
  };
  let count = 0;
  for (let handle = 0; handle < graph.end; handle++) {
    if (!graph.has(handle)) continue;
    count++;
    assert.equal(graph.find(graph.idOf(handle)), handle, "found by its id");
    const approvers: number[] = [];
    for (let other = 0; other < graph.end; other++)
      if (graph.has(other) && [0, 1].some((which) => graph.parent(other, which) === handle))
        approvers.push(other);
    assert.deepEqual(edges(handle), approvers);
    if (graph.caps.has(handle)) assert.deepEqual(approvers, []);
    for (const which of [0, 1]) {
      const parent = graph.parent(handle, which);
      assert.ok(parent < 0 ? parent >= GONE : graph.has(parent), "no edge to what is forgotten");
    }
  }
  assert.equal(graph.count, count);
}

test("what is sealed and old is forgotten, and edges, index and weights stay right", () => {
  fc.assert(
    fc.property(anyEdges(60, 8), fc.integer({ min: 990, max: 1060 }), (all, beforeMs) => {
      const graph = emptyGraph();
      const half = all.slice(0, all.length >> 1);
      for (const one of half) graph.add(one);
      for (const one of half) if (one.seq % 4 > 0) graph.seal(graph.find(one.id));
      const kept = half.filter(
        ({ id, seq }) => seq % 4 === 0 || graph.timeMs(graph.find(id)) >= beforeMs,
      );
      graph.prune(beforeMs);
      assert.equal(graph.count, kept.length);
      for (let since = 0; since < half.length; since++) {
        const handle = graph.weights.back(since);
        assert.ok(handle === NONE || graph.has(handle), "no walk starts from what is forgotten");
      }
      assertEdges(graph);
      const rest = all
        .slice(half.length)
        .filter(({ parents }) => parents.every((id) => graph.parentTime(id)));
      const expected = weightsByDefinition(half);
      for (const { id } of kept)
        assert.equal(graph.weight(graph.find(id)), expected.get(toHex(id)));
      for (const one of rest) if (one.parents.every((id) => graph.parentTime(id))) graph.add(one);
      assertEdges(graph);
    }),
  );
});

test("a node's graph has a fixed size: sealed ones make room before approved ones, and caps come last", () => {
  const told: number[] = [];
  const options = { capacity: 32, window: 32, grows: false };
  const graph = emptyGraph({ ...options, forgotten: (handle: number) => told.push(handle) });
  const bytes = graph.bytes;
  const id = (n: number) => named(`fixed ${n}`);
  const add = (n: number, parent: Uint8Array) =>
    graph.add({ id: id(n), parents: [parent], stampMs: 2000 + n, author: 0, seq: n });
  add(0, GENESIS);
  add(1, id(0));
  add(2, GENESIS); // a cap, and stays one
  for (let n = 3; n < 32; n++) add(n, id(n === 3 ? 1 : n - 1));
  graph.seal(graph.find(id(1)));
  add(32, id(31));
  assert.equal(graph.find(id(1)), NONE, "the sealed one");
  add(33, id(32));
  assert.equal(graph.find(id(0)), NONE, "then the oldest that is approved");
  for (let n = 34; n < 200; n++) add(n, id(n - 1));
  assert.notEqual(graph.find(id(2)), NONE, "the cap stays");
  assert.deepEqual([graph.count, graph.bytes, told.length], [32, bytes, 168]);
  assertEdges(graph);
});

test("it grows, and whatever was there is found", () => {
  const graph = emptyGraph({ capacity: 32, window: 32 });
  const ids = Array.from({ length: 1000 }, (_, n) => named(`many ${n}`));
  ids.forEach((id, seq) => {
    const parents = [seq === 0 ? GENESIS : ids[seq - 1]];
    graph.add({ id, parents, stampMs: seq, author: seq % 256, seq });
  });
  ids.forEach((id, n) => {
    const handle = graph.find(id);
    assert.deepEqual([graph.seq(handle), graph.author(handle)], [n, n % 256]);
  });
  assert.equal(graph.find(named("none")), NONE);
  assert.equal(graph.find(new Uint8Array(3)), NONE);
  assertEdges(graph);
});

test("what a caller gets wrong is an assertion, and leaves nothing behind", () => {
  const graph = emptyGraph();
  const base = { id: named("a"), stampMs: 1, author: 0, seq: 1 };
  assert.throws(() => graph.add({ ...base, parents: [] }), { code: "DAG_PARENTS" });
  assert.throws(() => graph.add({ ...base, parents: [named("b")] }), { code: "DAG_PARENT" });
  graph.add({ ...base, parents: [GENESIS] });
  assert.throws(() => graph.add({ ...base, parents: [GENESIS] }), { code: "DAG_TWICE" });
  const twice = { ...base, id: named("c"), parents: [base.id, base.id] };
  assert.throws(() => graph.add(twice), { code: "DAG_PARENTS" });
  assert.equal(graph.count, 1);
  assert.throws(() => emptyGraph({ capacity: 100 }), { code: "DAG_CAPACITY" });
  assert.throws(() => emptyGraph({ window: 128 }), { code: "DAG_WINDOW" });
});
