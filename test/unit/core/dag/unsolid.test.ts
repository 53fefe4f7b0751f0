// SPDX-License-Identifier: Apache-2.0
/** The pool of those that came before their parents (ledger S13): bounds, timeouts, what to ask for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type UnsolidOptions, UnsolidPool } from "#core/dag/unsolid";
import { named } from "../ledger/world.ts";

const id = (name: string): Uint8Array => named(`unsolid ${name}`);

/** A pool, and how to put in `name` with parents by name, of which those in `known` are here. */
function pool(options: Partial<UnsolidOptions> = {}, ...known: string[]) {
  const here = new UnsolidPool<string>({
    ...{ countMax: 4, bytesMax: 100, timeoutMs: 50 },
    ...options,
  });
  const has = (one: Uint8Array) => known.some((name) => Buffer.from(one).equals(id(name)));
  const put = (name: string, parents: string[], nowMs = 0, bytes = 10): string[] =>
    here.add({ id: id(name), parents: parents.map(id), bytes, item: name }, has, nowMs);
  return { here, put };
}

test("one comes out when its last parent is there, others in the order of arrival", () => {
  const { here, put } = pool({}, "root");
  assert.deepEqual(put("c", ["a", "b"]), []);
  put("d", ["root", "a"]);
  put("e", ["a"]);
  assert.deepEqual(here.arrived(id("a")), ["d", "e"]);
  assert.deepEqual(here.arrived(id("x")), []);
  assert.deepEqual([here.count, here.bytes], [1, 10]);
  assert.deepEqual(here.arrived(id("b")), ["c"]);
  assert.deepEqual([here.count, here.bytes, here.dueMs], [0, 0, undefined]);
});

test("what is asked for is missing and not waiting itself, each once, at most so many", () => {
  const { here, put } = pool({}, "root");
  put("b", ["a", "root"]);
  put("c", ["b", "a"]);
  put("d", ["z"]);
  assert.deepEqual(here.missing(9), [id("a"), id("z")]);
  assert.deepEqual(here.missing(1), [id("a")]);
});

test("count and bytes are bounded: what waited longest makes room", () => {
  const { here, put } = pool();
  for (const name of ["a", "b", "c", "d"]) assert.deepEqual(put(name, ["x"]), []);
  assert.deepEqual(put("e", ["x"]), ["a"]);
  assert.deepEqual(put("f", ["x"], 0, 70), ["b"]);
  assert.deepEqual([here.count, here.bytes], [4, 100]);
  assert.deepEqual(put("g", ["x"], 0, 95), ["c", "d", "e", "f"]);
  assert.deepEqual(put("h", ["x"], 0, 101), ["h"], "too large");
  assert.deepEqual(put("g", ["x"], 0, 1), ["g"], "already here");
  assert.deepEqual([here.count, here.bytes], [1, 95]);
});

test("each waits for so long, by the caller's clock", () => {
  const { here, put } = pool();
  put("a", ["x"], 0);
  put("b", ["x"], 20);
  assert.deepEqual([here.dueMs, here.expire(49)], [50, []]);
  assert.deepEqual([here.expire(50), here.dueMs], [["a"], 70]);
  assert.deepEqual(here.expire(1000), ["b"]);
  assert.equal(here.bytes, 0);
});

test("those that approve an invalid one go with it, directly or not", () => {
  const { here, put } = pool({ countMax: 9 }, "root");
  put("b", ["a", "root"]);
  put("c", ["b"]);
  put("d", ["c", "x"]);
  put("e", ["x"]);
  assert.deepEqual(here.refused(id("a")).sort(), ["b", "c", "d"]);
  assert.deepEqual([here.count, here.bytes], [1, 10]);
  assert.throws(() => put("f", ["root"]), { code: "UNSOLID_SOLID" });
});
