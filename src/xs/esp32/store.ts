// SPDX-License-Identifier: Apache-2.0
/**
 * The key-value store of the chip: NVS through ECMA-419's key-value storage, which replaces a value in one
 * step (the SDK's `preference` erases first, and a power cut in between loses both values).
 */
import storage from "embedded:storage/key-value";
import type { KeyValueStore } from "#meter/ports";

const NAMESPACE = "wattle";

export function openStore(): KeyValueStore {
  return new NvsStore();
}

class NvsStore implements KeyValueStore {
  private readonly store = storage.open({ path: NAMESPACE, format: "buffer" });

  get(key: string): Uint8Array | undefined {
    const value = this.store.read(key) as ArrayBuffer | undefined;
    return value && new Uint8Array(value);
  }

  set(key: string, value: Uint8Array): void {
    this.store.write(key, exact(value));
  }

  delete(key: string): void {
    this.store.delete(key);
  }

  keys(prefix: string): string[] {
    const keys: string[] = [];
    const all = this.store[Symbol.iterator]();
    for (let next = all.next(); !next.done; next = all.next())
      if (next.value.startsWith(prefix)) keys.push(next.value);
    return keys;
  }
}

/** The bytes of a view and no others; a copy only where there are others. */
function exact(value: Uint8Array): ArrayBuffer {
  const buffer = value.buffer as ArrayBuffer;
  if (buffer.byteLength === value.length) return buffer;
  return buffer.slice(value.byteOffset, value.byteOffset + value.length);
}
