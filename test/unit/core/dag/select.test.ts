// SPDX-License-Identifier: Apache-2.0
/** Cap selection (ledger 4.3): who is eligible, how often each is chosen, and that nobody is left behind (I17). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { Draws } from "#core/dag/draws";
import type { Graph } from "#core/dag/graph";
import { NONE } from "#core/dag/handles";
import { Load } from "#core/dag/load";
import { CapSelector, type Parent, type Rule } from "#core/dag/select";
import { BiasedWalk, WALK_STEPS_MAX } from "#core/dag/walk";
import { totalVariation, walkChances } from "#host-sim/dag/chances";
import { Rng } from "../../../property/rng.ts";
import { checkSelections } from "../../../vectors/dag/check.ts";
import { named } from "../ledger/world.ts";
import { anyEdges, emptyGraph, GENESIS } from "./model.ts";

const WHENEVER: Rule = { nowMs: 2000, ageMaxMs: 1e6 };

function drawsOf(seed: number, numbers = 64): Draws {
  const rng = new Rng(seed);
  return new Draws({ bytes: (length) => rng.bytes(length) }, numbers);
}

function selectorOf(graph: Graph, seed = 1): CapSelector {
  return new CapSelector(graph, drawsOf(seed), new Load());
}

/** Adds `name` with the parents named, at `stampMs`. */
function put(graph: Graph, name: string, stampMs: number, ...parents: string[]): number {
  const ids = parents.length > 0 ? parents.map(idOf) : [GENESIS];
  return graph.add({ id: idOf(name), parents: ids, stampMs, author: 0, seq: 0 });
}
const idOf = (name: string): Uint8Array => named(`select ${name}`);

/** How often each comes out in `count` selections: names sorted, "block" for a block. */
function tally(graph: Graph, rule: Rule, count: number, names: string[]): Map<string, number> {
  const selector = selectorOf(graph);
  const found = new Map<string, number>();
  const nameOf = ({ id, block }: Parent) =>
    block ? "block" : names.find((name) => Buffer.from(id).equals(idOf(name)))!;
  for (let i = 0; i < count; i++) {
    const key = selector.parents(rule).map(nameOf).sort().join(" ");
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  return found;
}

test("an empty DAG has the blocks, latest first; one cap is filled up by the latest block", () => {
  const graph = emptyGraph();
  const parents = () => selectorOf(graph).parents(WHENEVER);
  assert.deepEqual(parents(), [{ id: GENESIS, tMs: 1000, block: true }]);
  graph.blocks.add(named("block 1"), 1100);
  graph.blocks.add(named("block 2"), 1200);
  assert.deepEqual(
    parents().map(({ tMs }) => tMs),
    [1200, 1100],
  );
  put(graph, "a", 1300);
  assert.deepEqual(
    parents().map(({ tMs, block }) => [tMs, block]),
    [
      [1300, false],
      [1200, true],
    ],
  );
});

test("two caps are always two, even where draws keep coming out equal", () => {
  const graph = emptyGraph();
  put(graph, "a", 1300);
  put(graph, "b", 1310);
  assert.deepEqual([...tally(graph, WHENEVER, 500, ["a", "b"]).keys()], ["a b"]);
});

test("too old, or a parent too old, or against the caller's votes: not eligible", () => {
  const graph = emptyGraph();
  put(graph, "root", 1010);
  put(graph, "old", 1020);
  put(graph, "lazy", 1900, "root");
  const own = put(graph, "own", 1950);
  put(graph, "other", 1960);
  const names = ["old", "lazy", "own", "other"];
  const rule = { nowMs: 2000, ageMaxMs: 960 };
  assert.deepEqual([...tally(graph, rule, 200, names).keys()], ["other own"]);
  const accepts = (handle: number) => handle !== own;
  const kept = emptyGraph();
  for (const name of ["own", "other", "third"]) put(kept, name, 1950);
  const third = [...names, "third"];
  assert.deepEqual(
    [...tally(kept, { ...rule, accepts: (h) => h !== 0 }, 200, third).keys()],
    ["other third"],
  );
  assert.deepEqual([...tally(graph, { ...rule, accepts }, 50, names).keys()], ["block other"]);
  assert.deepEqual([...tally(graph, { nowMs: 9000, ageMaxMs: 960 }, 5, names).keys()], ["block"]);
  assert.equal(graph.caps.count, 4, "they stay caps");
  assert.equal(graph.caps.live, 0, "and are not looked at any more");
  put(graph, "new", 8990, "old", "own");
  assert.equal(graph.caps.count, 3, "until they are approved");
});

test("the second cap is the oldest in one of four, else any of them", () => {
  const graph = emptyGraph();
  const caps = Array.from({ length: 10 }, (_, i) => put(graph, `cap ${i}`, 1500 - 10 * i));
  const oldest = caps[9];
  const selector = selectorOf(graph);
  const counts = new Map<number, number>();
  const total = 4000;
  for (let i = 0; i < total; i++) {
    const second = selector.second(WHENEVER, NONE);
    counts.set(second, (counts.get(second) ?? 0) + 1 / total);
  }
  for (const cap of caps) {
    const expected = 0.75 / 10 + (cap === oldest ? 0.25 : 0);
    assert.ok(Math.abs((counts.get(cap) ?? 0) - expected) < 0.03, `${cap}: ${counts.get(cap)}`);
  }
  assert.equal(selector.second(WHENEVER, oldest) === oldest, false);
});

test("in random DAGs parents are distinct, eligible and caps, walks are short, and none exists unused", () => {
  const anyAge = fc.integer({ min: 0, max: 60 });
  fc.assert(
    fc.property(anyEdges(60, 8), anyAge, fc.nat(), (all, ageMaxMs, seed) => {
      const graph = emptyGraph();
      for (const one of all) graph.add(one);
      const latest = Math.max(...all.map(({ id }) => graph.timeMs(graph.find(id))));
      const rule = { nowMs: latest, ageMaxMs };
      const selector = selectorOf(graph, seed);
      const eligible: number[] = [];
      for (let place = 0; place < graph.caps.count; place++) {
        const cap = graph.caps.at(place);
        const parents = [0, 1].map((which) => graph.parent(cap, which));
        const times = [cap, ...parents.filter((one) => one >= 0)].map((one) => graph.timeMs(one));
        if (Math.min(...times) >= latest - ageMaxMs) eligible.push(cap);
      }
      const chosen = selector.parents(rule).filter(({ block }) => !block);
      const handles = chosen.map(({ id }) => graph.find(id));
      assert.equal(new Set(handles).size, Math.min(2, eligible.length), "as many as there are");
      for (const handle of handles) assert.ok(eligible.includes(handle));
      assert.ok(selector.steps <= WALK_STEPS_MAX);
    }),
  );
});

/** Issuers that see each transaction `inFlight` later. */
function grown(count: number, inFlight: number, window = 256): Graph {
  const graph = emptyGraph({ capacity: 256, window });
  const selector = selectorOf(graph, 5);
  const way: Parameters<Graph["add"]>[0][] = [];
  for (let n = 0; n < count; n++) {
    const rule = { nowMs: 2000 + 100 * n, ageMaxMs: 1e9 };
    const parents = selector.parents(rule).map(({ id }) => id);
    way.push({ id: named(`grown ${n}`), parents, stampMs: rule.nowMs, author: 0, seq: n });
    if (way.length > inFlight) graph.add(way.shift()!);
  }
  return graph;
}

test("a walk ends where its chances by the definition say: total variation at most 0.02", () => {
  const graph = grown(600, 10);
  const count = 40_000;
  for (const alpha of [0.01, 0.1, 0.5]) {
    const walk = new BiasedWalk(graph, drawsOf(7));
    const start = walk.start(10);
    const ends = new Map<number, number>();
    for (let i = 0; i < count; i++) {
      const end = walk.from(start, alpha);
      ends.set(end, (ends.get(end) ?? 0) + 1 / count);
    }
    const chances = walkChances(graph, start, alpha);
    const variation = totalVariation(ends, chances);
    assert.ok(variation <= 0.02, `α = ${alpha}: ${variation}`);
    const flat = totalVariation(chances, walkChances(graph, start, 0));
    assert.ok(flat > 0.04 || alpha < 0.1, `the bias would be seen: ${flat}`);
  }
});

test("a walk starts 50 to 100 back, deeper in proportion where more is under way, and never has many steps", () => {
  const graph = grown(400, 0);
  const walk = new BiasedWalk(graph, drawsOf(3));
  const backs = (inFlight: number) =>
    Array.from(
      { length: 300 },
      () => graph.weights.count + 144 - 1 - graph.seq(walk.start(inFlight)),
    );
  const shallow = backs(1);
  assert.deepEqual([Math.min(...shallow), Math.max(...shallow)], [50, 100]);
  const deep = backs(20);
  assert.deepEqual([Math.min(...deep), Math.max(...deep)], [100, 200]);
  for (let i = 0; i < 100; i++) {
    walk.end(new Load());
    assert.ok(walk.steps >= 50 && walk.steps <= 100, `${walk.steps} in a chain`);
  }
  const chain = grown(600, 0, 256);
  const far = new BiasedWalk(chain, drawsOf(4));
  assert.equal(far.from(chain.weights.back(201), 0.1), NONE, "201 steps are too many");
  assert.notEqual(far.from(chain.weights.back(200), 0.1), NONE);
});

test("the load: 2λh caps, α = 0.1 / max(1, λh) within its bounds, λ from times, h by Little's law", () => {
  const load = new Load();
  assert.deepEqual([load.inFlight, load.alpha], [0, 0.1]);
  for (let i = 0; i < 500; i++) load.note(20);
  assert.ok(Math.abs(load.inFlight - 10) < 1e-6 && Math.abs(load.alpha - 0.01) < 1e-6);
  for (let i = 0; i < 500; i++) load.note(2000);
  assert.equal(load.alpha, 0.001);
  const graph = emptyGraph();
  assert.deepEqual([load.ratePerSecond(graph), load.latencyMs(graph)], [0, 0]);
  const chain = grown(200, 0);
  assert.ok(Math.abs(load.ratePerSecond(chain) - 10) < 0.01, "one each 100 ms");
  assert.ok(Math.abs(load.latencyMs(chain) - 100_000) < 100, "1000 under way, 10 a second");
});

test("draws are even, and each byte is used once", () => {
  let fetched = 0;
  const rng = new Rng(2);
  const entropy = {
    bytes: (length: number) => {
      fetched += length;
      return rng.bytes(length);
    },
  };
  const draws = new Draws(entropy, 16);
  const counts = [0, 0, 0];
  for (let i = 0; i < 3000; i++) counts[draws.below(3)]++;
  for (const count of counts) assert.ok(Math.abs(count - 1000) < 120, String(counts));
  assert.ok(fetched >= 12_000 && fetched < 12_100, "four bytes a number");
  assert.equal(draws.below(1), 0);
  const top = new Draws({ bytes: (length) => new Uint8Array(length).fill(255) }, 4);
  assert.equal(top.next(), 2 ** 32 - 1);
  assert.ok(top.unit() < 1);
});

test("the vectors of selections", () => {
  const file = new URL("../../../vectors/dag/selection.json", import.meta.url);
  const vectors = JSON.parse(readFileSync(file, "utf8"));
  assert.equal(vectors.length, 3);
  assert.deepEqual(checkSelections(vectors), []);
  const [, , busy] = vectors;
  assert.deepEqual(checkSelections([{ ...busy, seed: 9 }]), [busy.name], "another seed is seen");
});
