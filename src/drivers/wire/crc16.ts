// SPDX-License-Identifier: Apache-2.0
/**
 * CRC-16 with the polynomial x¹⁶ + x¹⁵ + x² + 1, reflected (0xA001), without a final inversion: Modbus-RTU
 * begins with 0xFFFF ("MODBUS over serial line", V1.02, 6.2.2), DSMR P1 with 0 (P1 companion standard, 5.2).
 */

/** One step per possible byte; built once, and only read afterwards (it may sit in flash). */
const TABLE: readonly number[] = makeTable();

function makeTable(): readonly number[] {
  const table: number[] = [];
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
    table.push(crc);
  }
  return Object.freeze(table);
}

/**
 * The CRC of `bytes`, 0 to 0xFFFF. `init` is the register before the first byte: 0xFFFF for Modbus, 0 for
 * DSMR, or the CRC of what comes before: crc16(b, crc16(a, init)) = crc16(a ‖ b, init).
 */
export function crc16(bytes: Uint8Array, init: number): number {
  let crc = init;
  for (let i = 0; i < bytes.length; i++) crc = TABLE[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return crc;
}
