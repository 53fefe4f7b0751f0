// SPDX-License-Identifier: Apache-2.0
/** Entropy of the operating system. */
import type { Entropy } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { ffi } from "#xs/device/ffi";

export function openEntropy(): Entropy {
  return {
    bytes(length) {
      const bytes = new Uint8Array(length);
      assert(
        ffi().wattle_entropy(bytes.buffer, 0, length) === 0,
        "ENTROPY",
        "the system gives none",
      );
      return bytes;
    },
  };
}
