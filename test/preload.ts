// SPDX-License-Identifier: Apache-2.0
/**
 * What test/run.ts has node load into the process of each test file, before the file: one seed for
 * all random tests, and an end for a file that does not end by itself. Without it, as under a plain
 * `node --test`, seeds are random.
 */
import { isMainThread } from "node:worker_threads";

/** For hooks that close servers and end children; more than any file was seen to take. */
const GRACE_MS = 20_000;

// Workers of the tests load this as well: they have neither properties nor tests.
if (isMainThread) {
  const { WATTLE_SEED } = process.env;
  if (WATTLE_SEED !== undefined) {
    const { default: fc } = await import("fast-check");
    // A property that gives a seed of its own keeps it.
    fc.configureGlobal({ seed: Number(WATTLE_SEED) });
  }
  const { endLeftOvers } = await import("./helpers/left-overs.ts");
  endLeftOvers(GRACE_MS);
}
