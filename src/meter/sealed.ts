// SPDX-License-Identifier: Apache-2.0
/** Values on flash with a CRC at their end, which tells a torn write from a whole one. */
import { crc32 } from "#core/crypto/crc32";

const CRC_BYTES = 4;

/** `body` with its CRC. */
export function sealed(body: Uint8Array): Uint8Array {
  const value = new Uint8Array(body.length + CRC_BYTES);
  value.set(body);
  new DataView(value.buffer).setUint32(body.length, crc32(body));
  return value;
}

/** The body of a whole value; undefined where it is torn. */
export function unsealed(value: Uint8Array): Uint8Array | undefined {
  if (value.length <= CRC_BYTES) return undefined;
  const body = value.slice(0, value.length - CRC_BYTES);
  const crc = new DataView(value.buffer, value.byteOffset + body.length, CRC_BYTES).getUint32(0);
  return crc === crc32(body) ? body : undefined;
}
