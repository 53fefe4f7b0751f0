// SPDX-License-Identifier: Apache-2.0
/** Bytes of the ADE7953's I2C transfers (data sheet p. 54): address first, high bytes first; pure. */
import { widthOf } from "./registers.ts";

/** The first stage of a read. */
export function encodeAddress(address: number): Uint8Array {
  return Uint8Array.of(address >> 8, address & 0xff);
}

export function encodeWrite(address: number, value: number): Uint8Array {
  const width = widthOf(address);
  const bytes = new Uint8Array(2 + width);
  bytes[0] = address >> 8;
  bytes[1] = address & 0xff;
  for (let i = 0; i < width; i++) bytes[1 + width - i] = value >>> (8 * i);
  return bytes;
}

/** The unsigned value of one to four bytes. */
export function decode(bytes: Uint8Array): number {
  let value = 0;
  for (let i = 0; i < bytes.length; i++) value = value * 256 + bytes[i];
  return value;
}

/**
 * The signed value of a register of 24 bits, from its 24 or 32; undefined where the sign is not extended.
 */
export function signed24(value: number, width: number): number | undefined {
  const low = value % 0x1000000;
  const signed = low >= 0x800000 ? low - 0x1000000 : low;
  if (width === 4 && value !== (signed < 0 ? signed + 0x100000000 : signed)) return undefined;
  return signed;
}
