// SPDX-License-Identifier: Apache-2.0
/**
 * The process that store.test.ts kills: appends one batch, says so, then appends a second one and
 * stops for ever at the stage named, in the middle of the commit.
 */
import { writeSync } from "node:fs";
import { openStore } from "#node/store/sqlite";

const [path, stage] = process.argv.slice(2);
let armed = false;
const store = openStore(path, {
  probe: (at) => {
    if (!armed || at !== stage) return;
    writeSync(1, "here\n");
    // Blocks the thread for good: only SIGKILL ends it, and nothing is flushed on the way out.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
});
store.append([1, 2, 3].map((i) => ({ kind: 1, bytes: new Uint8Array(100).fill(i) })));
armed = true;
const second = Array.from({ length: 50 }, (_, i) => ({
  kind: 2,
  bytes: new Uint8Array(500).fill(i),
}));
store.append(second);
