// SPDX-License-Identifier: Apache-2.0
/** The gateway's log in memory: for simulators and tests, where nothing outlives the process. */
import { assert } from "#core/errors/assert";
import type { LogEntry, LogStore, Probe } from "#gateway/ports";
import { checkDrop } from "./gap.ts";

/** A log that copies what goes in and out, so that nobody can change it afterwards. */
export function openMemoryStore(options: { probe?: Probe } = {}): LogStore {
  const rows: ({ kind: number; bytes: Uint8Array } | undefined)[] = [];
  let gap: LogStore["gap"];
  const kept = new Map<string, Uint8Array>();
  let closed = false;
  return {
    append(entries) {
      assert(!closed, "STORE_CLOSED");
      options.probe?.("commit-begin");
      const copies = entries.map(({ kind, bytes }) => {
        assert(Number.isInteger(kind) && kind >= 0 && kind <= 0xffff, "STORE_KIND");
        return { kind, bytes: bytes.slice() };
      });
      options.probe?.("commit-inside");
      rows.push(...copies);
      options.probe?.("commit-end");
    },
    *read(from = 1): Iterable<LogEntry> {
      assert(!closed, "STORE_CLOSED");
      assert(Number.isInteger(from) && from >= 1, "STORE_INDEX");
      const end = rows.length; // what is appended meanwhile is for the next reader
      for (let index = from; index <= end; index++) {
        const row = rows[index - 1];
        if (row) yield { index, kind: row.kind, bytes: row.bytes.slice() };
      }
    },
    drop(head, before) {
      assert(!closed, "STORE_CLOSED");
      gap = checkDrop({ gap, length: rows.length }, head, before);
      for (let index = head + 1; index < before; index++) rows[index - 1] = undefined;
    },
    get gap() {
      return gap;
    },
    get length() {
      return rows.length;
    },
    keep(name, bytes) {
      assert(!closed, "STORE_CLOSED");
      kept.set(name, bytes.slice());
    },
    kept(name) {
      return kept.get(name)?.slice();
    },
    close() {
      closed = true;
    },
  };
}
