// SPDX-License-Identifier: Apache-2.0
/** What a node's part of the DAG takes on XS with 32 bits, as on the device: memory, and bytecodes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { NODE_DAG_CAPACITY } from "#core/limits";
import { bundleForXs } from "#host-sim/xs-host/bundle";
import { XsHost, type XsStats } from "#host-sim/xs-host/host";
import { SMALL_CREATION } from "./small-creation.ts";
import { xsOrSkip } from "./xs-or-skip.ts";

const KB = 1024;
/** 8128 bytes of columns; the rest are the slots of their views and of the objects that select from them. */
const BYTES_MAX = 11 * KB;
/** Bytecodes of choosing two parents and adding a transaction to a full graph. */
const BYTECODES_MAX = 70_000;

const bytesOf = ({ chunkBytes, slots, slotBytes }: XsStats): number =>
  chunkBytes + slots * slotBytes;

test("a graph takes its columns and little more, and does not grow", async (t) => {
  if (!(await xsOrSkip(t, { bits: 32 }))) return;
  const file = fileURLToPath(new URL("./dag-node.ts", import.meta.url));
  const bundle = await bundleForXs(file, { name: "dag" });
  const modules = [bundle, { name: "main", source: 'import { runDag } from "dag"; runDag();' }];
  const failures: string[] = [];
  const xs = await XsHost.start(
    { modules, entry: "main", preload: ["dag"], bits: 32 },
    { call: () => undefined, post: () => {}, failed: (_, reason) => void failures.push(reason) },
  );
  try {
    await xs.create(0, SMALL_CREATION);
    const look = async () => bytesOf(await xs.stats(0, { collect: true }));
    const say = (kind: number) => xs.deliver(0, kind, Buffer.alloc(0));
    const before = await look();
    await say(1);
    const made = (await look()) - before;
    const costs: number[] = [];
    for (let i = 0; i < 3 * NODE_DAG_CAPACITY; i++) costs.push((await say(2)).meter);
    const full = (await look()) - before;
    const choice = (await say(3)).meter;
    assert.deepEqual(failures, []);
    const dearest = Math.max(...costs);
    t.diagnostic(JSON.stringify({ made, full, dearest, choice }));
    assert.ok(full <= BYTES_MAX, `${full} bytes`);
    assert.ok(full <= made + 256, `${made} bytes when made, then ${full}`);
    assert.ok(dearest <= BYTECODES_MAX, `${dearest} bytecodes`);
  } finally {
    await xs.close();
  }
});
