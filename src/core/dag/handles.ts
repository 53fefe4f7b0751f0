// SPDX-License-Identifier: Apache-2.0
/**
 * Handles: small integers in place of 32-byte ids. A column of them has the narrowest integers that fit, so
 * that a node's graph of 128 transactions takes one byte for each link.
 */
export type Handles = Int8Array | Int16Array | Int32Array;

/** No handle. */
export const NONE = -1;

/** Bytes of one handle below `limit`. */
export function handleBytes(limit: number): 1 | 2 | 4 {
  if (limit <= 0x80) return 1;
  return limit <= 0x8000 ? 2 : 4;
}

/** A column of `length` handles below `limit`, in `buffer` from `offset` on. */
export function handleColumn(
  limit: number,
  length: number,
  buffer: ArrayBuffer = new ArrayBuffer(length * handleBytes(limit)),
  offset = 0,
): Handles {
  const bytes = handleBytes(limit);
  if (bytes === 1) return new Int8Array(buffer, offset, length);
  return bytes === 2
    ? new Int16Array(buffer, offset, length)
    : new Int32Array(buffer, offset, length);
}
