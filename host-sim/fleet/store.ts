// SPDX-License-Identifier: Apache-2.0
/** Flash for simulated nodes: in memory, in a file, and with power cuts planted between any two writes. */
import { DatabaseSync } from "node:sqlite";
import type { KeyValueStore } from "#meter/ports";

/** A store whose contents can be looked at from outside: what a test compares. */
export interface MemoryStore extends KeyValueStore {
  readonly entries: ReadonlyMap<string, Uint8Array>;
}

/** Lasts as long as the object: hand the same one to a restarted node. */
export function memoryStore(): MemoryStore {
  const entries = new Map<string, Uint8Array>();
  return {
    entries,
    // Copies both ways: flash is not changed by somebody who scribbles on what he read or wrote.
    get: (key) => entries.get(key)?.slice(),
    set: (key, value) => void entries.set(key, value.slice()),
    delete: (key) => void entries.delete(key),
    keys: (prefix) => [...entries.keys()].filter((key) => key.startsWith(prefix)),
  };
}

/** The stores of all nodes of a fleet process, in one file. */
export interface FileStores {
  /** The store of one node; `node` is any name that is unique in the file. */
  of(node: string): KeyValueStore;
  close(): void;
}

/**
 * Opens or creates the file at `path` (SQLite, write-ahead log). Each call of a store is durable when it
 * returns: synchronous FULL, since NORMAL may lose the last writes when the machine loses power.
 */
export function fileStores(path: string): FileStores {
  const db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");
  db.exec(
    "CREATE TABLE IF NOT EXISTS kv (node TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, " +
      "PRIMARY KEY (node, key)) STRICT, WITHOUT ROWID",
  );
  const select = db.prepare("SELECT value FROM kv WHERE node = ? AND key = ?");
  const upsert = db.prepare("INSERT OR REPLACE INTO kv (node, key, value) VALUES (?, ?, ?)");
  const remove = db.prepare("DELETE FROM kv WHERE node = ? AND key = ?");
  const list = db.prepare("SELECT key FROM kv WHERE node = ?");
  return {
    of: (node) => ({
      get: (key) => select.get(node, key)?.value as Uint8Array | undefined,
      set: (key, value) => void upsert.run(node, key, value),
      delete: (key) => void remove.run(node, key),
      keys: (prefix) =>
        list
          .all(node)
          .map((row) => String(row.key))
          .filter((key) => key.startsWith(prefix)),
    }),
    close: () => db.close(),
  };
}

/** Thrown out of a store: the node has no power any more. Nothing that runs after it may count. */
export class PowerCut extends Error {
  override readonly name = "PowerCut";
}

/** When a write is asked about: before anything is stored, with half of it stored, and after all of it. */
export type WriteMoment = "before" | "during" | "after";

/**
 * Asked at each moment of each write (`set` and `delete`), numbered from 1. It throws a PowerCut to cut the
 * power there; thrown at `during`, it leaves a torn value behind.
 */
export type WriteHook = (n: number, moment: WriteMoment, key: string) => void;

/** Counts the writes of `inner` and lets `hook` cut the power at any of them. */
export function countingStore(inner: KeyValueStore, hook: WriteHook): KeyValueStore {
  let count = 0;
  const write = (key: string, torn: () => void, whole: () => void) => {
    const n = ++count;
    hook(n, "before", key);
    let cut: unknown;
    try {
      hook(n, "during", key);
    } catch (error) {
      cut = error;
    }
    if (cut !== undefined) {
      torn();
      throw cut;
    }
    whole();
    hook(n, "after", key);
  };
  return {
    get: (key) => inner.get(key),
    keys: (prefix) => inner.keys(prefix),
    set: (key, value) =>
      write(
        key,
        () => inner.set(key, tornValue(value)),
        () => inner.set(key, value),
      ),
    // Flash clears a key in one step: cut during a delete, the key is there or it is not.
    delete: (key) =>
      write(
        key,
        () => {},
        () => inner.delete(key),
      ),
  };
}

/** What a torn write leaves: the first half as it should be, then erased flash. */
function tornValue(value: Uint8Array): Uint8Array {
  const torn = value.slice();
  torn.fill(0xff, Math.floor(value.length / 2));
  return torn;
}
