// SPDX-License-Identifier: Apache-2.0
/**
 * The CRC-16 of SML: the polynomial x¹⁶ + x¹² + x⁵ + 1, reflected (0x8408). The standard's is X-25, of DIN EN
 * 62056-46: begins with 0xFFFF, is inverted at the end and goes over the wire low byte first. Some meters of
 * Holley compute Kermit's instead: begins with 0, is not inverted and goes over the wire high byte first.
 */

export type SmlCrc = "x25" | "kermit";

/** One step per possible byte; built once, and only read afterwards (it may sit in flash). */
const TABLE: readonly number[] = makeTable();

function makeTable(): readonly number[] {
  const table: number[] = [];
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x8408 : crc >>> 1;
    table.push(crc);
  }
  return Object.freeze(table);
}

/** The register before the first byte. */
export function crcInit(kind: SmlCrc): number {
  return kind === "x25" ? 0xffff : 0;
}

/** The register after one more byte. */
export function crcStep(register: number, byte: number): number {
  return TABLE[(register ^ byte) & 0xff] ^ (register >>> 8);
}

/** What two bytes of checksum, read high byte first, must be after the last byte. */
export function crcOnWire(kind: SmlCrc, register: number): number {
  if (kind === "kermit") return register;
  const inverted = register ^ 0xffff;
  return ((inverted & 0xff) << 8) | (inverted >>> 8);
}

/** The checksum of `bytes` as two bytes on the wire, read high byte first. */
export function smlCrc(kind: SmlCrc, bytes: Uint8Array): number {
  let register = crcInit(kind);
  for (let i = 0; i < bytes.length; i++) register = crcStep(register, bytes[i]);
  return crcOnWire(kind, register);
}
