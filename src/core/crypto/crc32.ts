// SPDX-License-Identifier: Apache-2.0
/**
 * CRC-32 (IEEE 802.3, polynomial 0x04C11DB7, reflected): tells a torn write or a decayed cell from
 * a whole record. It is no protection against anybody who writes on purpose.
 */

/** One step per possible byte; 1 KB, built once, and only read afterwards (it may sit in flash). */
const TABLE: readonly number[] = makeTable();

function makeTable(): readonly number[] {
  const table: number[] = [];
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    table.push(crc >>> 0);
  }
  return Object.freeze(table);
}

/**
 * The CRC-32 of `bytes`, 0 to 2³²−1. `previous` is the CRC of what comes before them, so that
 * crc32(b, crc32(a)) = crc32(a ‖ b).
 */
export function crc32(bytes: Uint8Array, previous = 0): number {
  let crc = ~previous;
  for (let i = 0; i < bytes.length; i++) crc = TABLE[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}
