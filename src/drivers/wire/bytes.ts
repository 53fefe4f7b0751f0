// SPDX-License-Identifier: Apache-2.0
/** Integers out of bytes, without DataView: chips have widths of 24 bits, and nothing is allocated. */

/** Two bytes at `at`, high byte first. */
export function u16be(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}
