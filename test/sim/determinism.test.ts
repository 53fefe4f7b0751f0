// SPDX-License-Identifier: Apache-2.0
/** One seed, one chain: again on V8, on XS, and with the node's own JavaScript crypto. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { lastJson, wattle } from "../accept/harness.ts";

async function head(...args: string[]): Promise<unknown> {
  const ran = await wattle(["sim", "--nodes", "3", "--json", ...args], () => {});
  assert.equal(ran.code, 0, ran.err);
  const { headBlock, tradedWh, tradableWh } = lastJson(ran.out);
  assert.equal(tradedWh, tradableWh);
  return headBlock;
}

test("the same seed gives the same blocks twice, on V8 and on XS; another seed gives others", async () => {
  const first = await head("--slots", "50");
  assert.equal(await head("--slots", "50"), first, "V8 again");
  assert.equal(await head("--slots", "50", "--engine", "xs"), first, "XS");
  assert.notEqual(await head("--slots", "50", "--seed", "2"), first, "seed 2");
});

test("noble on XS gives the same blocks as native crypto on V8", async () => {
  const native = await head("--slots", "3");
  assert.equal(await head("--slots", "3", "--engine", "xs", "--crypto", "noble"), native);
});
