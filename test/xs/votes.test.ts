// SPDX-License-Identifier: Apache-2.0
/** A node's ballot on XS with 32 bits: it counts as on V8, and takes no more memory than it is given. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { NODE_BALLOT } from "#core/votes/ballot";
import { TxState } from "#core/votes/tally";
import { answerCrypto } from "#host-sim/fleet/xs-driver";
import { bundleForXs } from "#host-sim/xs-host/bundle";
import { XsHost } from "#host-sim/xs-host/host";
import { sodiumCrypto } from "#node/crypto/sodium";
import { xsOrSkip } from "./xs-or-skip.ts";

const MEMBERS = 100;
const KB = 1024;
const SLOT_BYTES = 16;
const CREATION = {
  chunkInitial: 16 * KB,
  chunkIncremental: 4 * KB,
  heapInitial: 1024,
  heapIncremental: 256,
  stackSlots: 512,
  meterLimit: 1e13,
};

test("a node's ballot for 100 members: counts and memory", async (t) => {
  if (!(await xsOrSkip(t, { bits: 32 }))) return;
  const file = fileURLToPath(new URL("./votes-node.ts", import.meta.url));
  const bundle = await bundleForXs(file, { name: "votes" });
  const source = 'import { runVotes } from "votes"; runVotes();';
  const modules = [bundle, { name: "main", source }];
  const answers: string[] = [];
  const failures: string[] = [];
  const sodium = sodiumCrypto();
  const xs = await XsHost.start(
    { modules, entry: "main", preload: ["votes"], bits: 32 },
    {
      call: (_, fn, data) => answerCrypto(sodium, fn, data ?? new Uint8Array(0)),
      post: (_, __, data) => void answers.push(Buffer.from(data).toString()),
      failed: (_, reason) => void failures.push(reason),
    },
  );
  try {
    await xs.create(0, CREATION);
    await xs.deliver(0, 1, Buffer.of(MEMBERS));
    const before = await xs.stats(0, { collect: true });
    await xs.deliver(0, 2, Buffer.alloc(0));
    const empty = await xs.stats(0, { collect: true });
    await xs.deliver(0, 3, Buffer.alloc(0));
    const full = await xs.stats(0, { collect: true });
    assert.deepEqual(failures, []);
    const rival = NODE_BALLOT.capacity - 1;
    const [own, counts] = JSON.parse(answers[0]) as [number, [number, number][]];
    assert.ok(own > 0);
    counts.forEach(([count, state], i) => {
      // The author of the last two made both, and all the others voted for the one before.
      const expected = i === rival ? 0 : i === rival - 1 ? MEMBERS - 1 : MEMBERS;
      assert.equal(count, expected, `transaction ${i}`);
      assert.equal(state, i === rival ? TxState.valid : TxState.accepted, `transaction ${i}`);
    });
    const bytesOf = ({ slots, chunkBytes }: typeof full): number => slots * SLOT_BYTES + chunkBytes;
    const [taken, used] = [bytesOf(empty) - bytesOf(before), bytesOf(full) - bytesOf(empty)];
    t.diagnostic(
      `${taken} bytes when made (${empty.slots - before.slots} slots), ${used} more in use`,
    );
    assert.ok(taken < 7.5 * KB, `${taken} bytes`);
    assert.ok(used < 2 * KB, `${used} bytes`);
  } finally {
    await xs.close();
  }
});
