// SPDX-License-Identifier: Apache-2.0
/** A store with the time of each commit in the metrics. */
import type { LogStore } from "#gateway/ports";
import type { Metrics } from "./metrics.ts";

export function timedStore(store: LogStore, metrics: () => Metrics | undefined): LogStore {
  return {
    append: (entries) => {
      const before = performance.now();
      store.append(entries);
      const measured = metrics();
      measured?.commitSeconds.observe((performance.now() - before) / 1000);
      measured?.commitEntries.observe(entries.length);
    },
    read: (from) => store.read(from),
    get length() {
      return store.length;
    },
    drop: (head, before) => store.drop(head, before),
    get gap() {
      return store.gap;
    },
    keep: (name, bytes) => store.keep(name, bytes),
    kept: (name) => store.kept(name),
    close: () => store.close(),
  };
}
