// SPDX-License-Identifier: Apache-2.0
/**
 * A copy of a store in use. The gateway locks its store, so that no other program can copy it. Numbers, what
 * a short log has dropped, and what is kept beside it are the same in the copy, but for one thing: what the
 * consensus signed last. It goes on signing after the copy was made; a gateway that starts from the copy has
 * to ask the others first, as one whose disk is lost (docs/consensus.md).
 */
import { renameSync, rmSync } from "node:fs";
import { KEPT_SPEECH } from "#gateway/consortium/driver";
import { openSealedStore } from "../store/sealed.ts";
import type { FileStore } from "../store/sqlite.ts";

/**
 * Copies `store` to `path`, which appears whole and only at the end, sealed with the same key.
 * @returns the number of entries
 */
export async function backupStore(
  store: FileStore,
  path: string,
  keyFile: string,
): Promise<number> {
  const half = `${path}.part`;
  for (const suffix of ["", "-wal", "-journal"]) rmSync(half + suffix, { force: true });
  await store.copyTo(half);
  const copy = openSealedStore(half, { keyFile });
  try {
    copy.forget(KEPT_SPEECH);
  } finally {
    copy.close();
  }
  renameSync(half, path);
  const { length, gap } = copy;
  return gap ? length - (gap.before - gap.head - 1) : length;
}
