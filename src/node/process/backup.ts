// SPDX-License-Identifier: Apache-2.0
/**
 * A copy of a store in use. The gateway locks its store, so that no other program can copy it; but
 * the log only grows, so its entries up to now, appended to a new store, are what a kill at this
 * moment would leave.
 */
import { renameSync, rmSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import type { LogStore } from "#gateway/ports";
import { openSealedStore } from "../store/sealed.ts";

/** Entries copied between two looks at the network. */
const CHUNK = 256;

/**
 * Copies `store` to `path`, which appears whole and only at the end, sealed with the same key.
 * @returns the number of entries
 */
export async function backupStore(store: LogStore, path: string, keyFile: string): Promise<number> {
  const half = `${path}.part`;
  for (const suffix of ["", "-wal", "-journal"]) rmSync(half + suffix, { force: true });
  const copy = openSealedStore(half, { keyFile });
  try {
    const end = store.length;
    let chunk: { kind: number; bytes: Uint8Array }[] = [];
    for (const { index, kind, bytes } of store.read()) {
      if (index > end) break;
      chunk.push({ kind, bytes });
      if (chunk.length < CHUNK) continue;
      copy.append(chunk);
      chunk = [];
      await turn();
    }
    copy.append(chunk);
  } finally {
    copy.close();
  }
  renameSync(half, path);
  return copy.length;
}
