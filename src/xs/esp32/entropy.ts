// SPDX-License-Identifier: Apache-2.0
/** The chip's hardware generator (native/esp32/system.c). */
import { board } from "#board";
import type { Entropy } from "#core/crypto/port";
import { ffi } from "#xs/device/ffi";

/** Without Wi-Fi the generator has to be given another source of noise for the call. */
export function openEntropy(): Entropy {
  const radio = board.network === "wifi" ? 1 : 0;
  return {
    bytes(length) {
      const bytes = new Uint8Array(length);
      ffi().wattle_entropy(bytes.buffer, 0, length, radio);
      return bytes;
    },
  };
}
