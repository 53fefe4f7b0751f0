// SPDX-License-Identifier: Apache-2.0
/**
 * The key-value store of the chip: NVS through ECMA-419's key-value storage, which replaces a value in one
 * step (the SDK's `preference` erases first, and a power cut in between loses both values).
 */
import storage from "embedded:storage/key-value";
import type { KeyValueStore } from "#meter/ports";

const NAMESPACE = "wattle";

export function openStore(): KeyValueStore {
  const store = storage.open({ path: NAMESPACE, format: "buffer" });
  return {
    get(key) {
      const value = store.read(key);
      return value && new Uint8Array(value);
    },
    set: (key, value) => store.write(key, exact(value)),
    delete: (key) => store.delete(key),
    keys(prefix) {
      const keys: string[] = [];
      const all = store[Symbol.iterator]();
      for (let next = all.next(); !next.done; next = all.next())
        if (next.value.startsWith(prefix)) keys.push(next.value);
      return keys;
    },
  };
}

/** The bytes of a view and no others. */
function exact(value: Uint8Array): ArrayBuffer {
  return value.buffer.slice(value.byteOffset, value.byteOffset + value.length) as ArrayBuffer;
}
