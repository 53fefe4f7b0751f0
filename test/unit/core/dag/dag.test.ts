// SPDX-License-Identifier: Apache-2.0
/** The DAG (ledger 4.2, I11, I18): parents are older, caps are what nobody approves, order never matters. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import { Dag, type Vertex } from "#core/dag/dag";
import { antichain } from "#core/ledger/execute";
import { PARENT_BLOCKS_MAX } from "#core/limits";
import type { Tx } from "#core/records/tx";
import { named, txOf } from "../ledger/world.ts";

const GENESIS = named("genesis block");
const idOf = (tx: Tx): string => toHex(tx.txid);
const ids = (vertices: readonly Vertex[]): string[] => vertices.map((vertex) => vertex.id);

/** A DAG with a sealed block at 1000 ms, which the first transactions approve. */
function dagWithBlock(): Dag {
  const dag = new Dag();
  dag.seal(GENESIS, 1000, [], 0);
  return dag;
}

function tx(name: string, tsMs: number, ...parents: Uint8Array[]): Tx {
  return txOf(name, "a", { tsMs, parents });
}

/** Random DAGs: each transaction approves one or two of those before it, or the genesis block. */
const anyDag: fc.Arbitrary<Tx[]> = fc
  .array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 990, max: 1020 })), {
    minLength: 1,
    maxLength: 25,
  })
  .map((draws) => {
    const txs: Tx[] = [];
    const pick = (draw: number): Uint8Array => {
      const at = draw % (txs.length + 1);
      return at === txs.length ? GENESIS : txs[at].txid;
    };
    draws.forEach(([first, second, tsMs], i) => {
      const parents = [...new Set([pick(first), pick(second)])];
      txs.push(tx(`random ${i}`, tsMs, ...parents));
    });
    return txs;
  });

/** `txs` in another order in which parents still come first. */
function reordered(txs: readonly Tx[], draws: readonly number[]): Tx[] {
  const left = [...txs];
  const known = new Set([toHex(GENESIS)]);
  const order: Tx[] = [];
  while (left.length > 0) {
    const ready = left.filter((one) => one.body.parents.every((hash) => known.has(toHex(hash))));
    const next = ready[draws[order.length % draws.length] % ready.length];
    left.splice(left.indexOf(next), 1);
    known.add(idOf(next));
    order.push(next);
  }
  return order;
}

function built(txs: readonly Tx[]): Dag {
  const dag = dagWithBlock();
  for (const one of txs) dag.add(one);
  return dag;
}

/** Those that no other approves, from the transactions alone. */
function capsOf(txs: readonly Tx[]): string[] {
  const approved = new Set(txs.flatMap((one) => one.body.parents.map(toHex)));
  return txs.map(idOf).filter((id) => !approved.has(id));
}

test("effective time: the stamp, or one more than the latest parent", () => {
  const dag = dagWithBlock();
  const a = tx("a", 1500, GENESIS);
  const b = tx("b", 900, GENESIS); // stamped before the block that it approves
  const c = tx("c", 1200, a.txid, b.txid);
  const d = tx("d", 5000, c.txid);
  for (const one of [a, b, c, d]) dag.add(one);
  const times = [a, b, c, d].map((one) => dag.get(one.txid)?.tMs);
  assert.deepEqual(times, [1500, 1001, 1501, 5000]);
  assert.deepEqual(ids(dag.caps()), [idOf(d)], "d is the only cap");
  assert.deepEqual(ids(dag.unsealed()), [b, a, c, d].map(idOf), "by effective time");
  assert.equal(dag.open, 4);
});

test("a repeat and an unknown parent are our own bug", () => {
  const dag = dagWithBlock();
  const a = tx("a", 1500, GENESIS);
  dag.add(a);
  assert.throws(() => dag.add(a), { code: "DAG_TWICE" });
  assert.throws(() => dag.add(tx("b", 1500, named("unknown"))), { code: "DAG_PARENT" });
  assert.deepEqual(ids(dag.caps()), [idOf(a)], "nothing of b is left behind");
  assert.equal(dag.open, 1, "one is open");
});

test("I11: parents are older, and caps and openness are what a recount says, after every step", () => {
  fc.assert(
    fc.property(anyDag, (txs) => {
      const dag = dagWithBlock();
      txs.forEach((one, i) => {
        const vertex = dag.add(one);
        for (const parent of one.body.parents) {
          const time = dag.parentTime(parent)?.tMs ?? Number.POSITIVE_INFINITY;
          assert.ok(vertex.tMs > time, `tx ${i} is later than its parents`);
        }
        const so = txs.slice(0, i + 1);
        assert.deepEqual(ids(dag.caps()).sort(), capsOf(so).sort(), `caps after tx ${i}`);
        assert.equal(dag.open, so.length, `open after tx ${i}`);
      });
    }),
  );
});

test("unsealed transactions come in a topological order, ties by id", () => {
  fc.assert(
    fc.property(anyDag, (txs) => {
      const order = built(txs).unsealed();
      assert.equal(order.length, txs.length, "all of them");
      const place = new Map(order.map((vertex, i) => [vertex.id, i]));
      for (const { id, tx } of order)
        for (const parent of tx.body.parents)
          assert.ok((place.get(toHex(parent)) ?? -1) < (place.get(id) ?? 0), "parents first");
      for (let i = 1; i < order.length; i++) {
        const [a, b] = [order[i - 1], order[i]];
        assert.ok(a.tMs < b.tMs || (a.tMs === b.tMs && a.id < b.id), `${i}: by time, then id`);
      }
    }),
  );
});

test("I18: any order of arrival that respects parents gives the same caps, times and order", () => {
  fc.assert(
    fc.property(anyDag, fc.array(fc.nat(), { minLength: 5, maxLength: 25 }), (txs, draws) => {
      const [one, other] = [built(txs), built(reordered(txs, draws))];
      assert.deepEqual(ids(other.caps()), ids(one.caps()), "the same caps in the same order");
      assert.deepEqual(ids(other.unsealed()), ids(one.unsealed()), "the same order");
      for (const { txid } of txs) {
        assert.equal(other.get(txid)?.tMs, one.get(txid)?.tMs, "the same effective time");
      }
    }),
  );
});

test("the antichain of a set is its tips, and no tip is another's parent", () => {
  fc.assert(
    fc.property(anyDag, (txs) => {
      assert.deepEqual(antichain(txs).map(toHex).sort(), capsOf(txs).sort());
    }),
  );
  assert.deepEqual(antichain([]), [], "of nothing nothing");
});

test("sealing: what is sealed and old goes, what is open stays however old, blocks are parents", () => {
  fc.assert(
    fc.property(anyDag, fc.nat(), fc.integer({ min: 990, max: 1050 }), (txs, cut, forgetMs) => {
      const dag = built(txs);
      const order = dag.unsealed();
      const sealed = order.slice(0, cut % (order.length + 1)); // the past of a block
      const header = named("block 1");
      dag.seal(header, 1040, sealed, forgetMs);
      assert.equal(dag.open, order.length - sealed.length, "open ones");
      assert.deepEqual(ids(dag.unsealed()), ids(order.slice(sealed.length)), "the rest is open");
      for (const vertex of sealed) {
        const kept = dag.get(vertex.tx.txid) !== undefined;
        assert.equal(kept, vertex.tMs >= forgetMs, "a sealed one stays while it is young");
      }
      const live = new Set(order.filter(({ tx }) => dag.get(tx.txid)).map(({ id }) => id));
      const caps = capsOf(txs).filter((id) => live.has(id));
      assert.deepEqual(ids(dag.caps()).sort(), caps.sort(), "caps are those that are still here");
      assert.deepEqual(dag.parentTime(header), { tMs: 1040, block: true }, "a parent");
      const next = dag.add(tx("next", 0, named("block 1")));
      assert.equal(next.tMs, 1041, "later than the block");
      assert.throws(() => dag.seal(named("x"), 0, [...sealed, next, next], 0), /DAG_SEALED_TWICE/);
    }),
  );
});

test("the two latest blocks are offered as parents, so that a quiet area never runs out", () => {
  const dag = dagWithBlock();
  for (const n of [1, 2, 3]) dag.seal(named(`block ${n}`), 1000 * n, [], 0);
  const latest = dag.sealedBlocks().map(({ idBytes, tMs }) => [idBytes, tMs]);
  assert.deepEqual(latest, [
    [named("block 2"), 2000],
    [named("block 3"), 3000],
  ]);
  assert.ok(dag.parentTime(GENESIS), "what is on its way may have attached to earlier ones");
  for (let n = 4; n <= PARENT_BLOCKS_MAX; n++) dag.seal(named(`block ${n}`), 1000 * n, [], 0);
  assert.equal(dag.parentTime(GENESIS), undefined, "the genesis block is too old");
});
