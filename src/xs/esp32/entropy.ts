// SPDX-License-Identifier: Apache-2.0
/** The chip's hardware generator (native/esp32/chip.c). */
import { board } from "#board";
import type { Entropy } from "#core/crypto/port";
import { ffi } from "#xs/device/ffi";

const ENTROPY: Entropy = Object.freeze({
  bytes(length: number) {
    const bytes = new Uint8Array(length);
    // Without Wi-Fi the generator has to be given another source of noise for the call.
    const radio = board.network === "wifi" ? 1 : 0;
    ffi().wattle_entropy(bytes.buffer, 0, length, radio);
    return bytes;
  },
});

export function openEntropy(): Entropy {
  return ENTROPY;
}
