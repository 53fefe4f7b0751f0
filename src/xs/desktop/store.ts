// SPDX-License-Identifier: Apache-2.0
/** The key-value store of a simulated node: a folder with one file a key (native/posix/store.c). */
import { assert } from "#core/errors/assert";
import type { KeyValueStore } from "#meter/ports";
import { ffi } from "#xs/device/ffi";

/** Where a node's flash is, unless WATTLE_STORE names a folder. One folder is one node. */
const DEFAULT_FOLDER = "/tmp/wattle-node";

export function openStore(): KeyValueStore {
  const folder = ffi().wattle_env("WATTLE_STORE") || DEFAULT_FOLDER;
  const failed = ffi().wattle_store_open(folder);
  assert(
    failed === 0,
    "STORE",
    `${folder}: error ${failed}; set WATTLE_STORE to a writable folder`,
  );
  return {
    get(key) {
      const size = ffi().wattle_store_size(key);
      if (size < 0) return undefined;
      const bytes = new Uint8Array(size);
      return ffi().wattle_store_read(key, bytes.buffer, size) === 0 ? bytes : undefined;
    },
    set(key, value) {
      const buffer = value.buffer as ArrayBuffer;
      const failed = ffi().wattle_store_write(key, buffer, value.byteOffset, value.length);
      assert(failed === 0, "STORE", `${key}: error ${failed}; is the disk full?`);
    },
    delete: (key) => void ffi().wattle_store_delete(key),
    keys: (prefix) =>
      ffi()
        .wattle_store_keys()
        .split("\n")
        .filter((key) => key !== "" && key.startsWith(prefix)),
  };
}
