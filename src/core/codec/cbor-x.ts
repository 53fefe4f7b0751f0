// SPDX-License-Identifier: Apache-2.0
/** CBOR by cbor-x: what gateways and tools use, and what the chip's codec (cbor-lean.ts) is compared with. */
import { Decoder } from "cbor-x/decode";
import { Encoder } from "cbor-x/encode";
import type { CborValue } from "./cbor.ts";

// The same bytes on Node (where cbor-x would tag Uint8Array) and on XS; no maps and no records of its own.
const OPTIONS = {
  tagUint8Array: false,
  useRecords: false,
  variableMapSize: true,
  mapsAsObjects: true,
};
// cbor-x's own types leave out the second argument.
const encoder: { encode(value: CborValue, mode: number): Uint8Array } = new Encoder(OPTIONS);
const decoder = new Decoder(OPTIONS);

/** cbor-x's RESET_BUFFER_MODE: begin every time at the start of the one buffer, which else is used up. */
const RESET_BUFFER = 1024;

const U32_MAX = 0xffffffff;

/** The one encoding of a value that cbor.ts has checked. */
export function encodeItem(value: CborValue): Uint8Array {
  // cbor-x returns a view on a buffer that it reuses, and on Node a Buffer: copy into a plain array.
  return new Uint8Array(encoder.encode(prepare(value), RESET_BUFFER));
}

/** The value of bytes that `scan` has accepted: cbor-x is lenient. */
export function decodeItem(bytes: Uint8Array): CborValue {
  // A copy as a plain Uint8Array: byte strings inside the result are views on it, never on a socket's buffer.
  return decoder.decode(new Uint8Array(bytes)) as CborValue;
}

/** cbor-x writes integers above 2^32 as floats unless they are bigints, and bigints always in 8 bytes. */
function prepare(value: CborValue): CborValue {
  if (typeof value === "number") return value > U32_MAX ? BigInt(value) : value;
  if (typeof value === "bigint") return value <= BigInt(U32_MAX) ? Number(value) : value;
  if (typeof value === "string" || value instanceof Uint8Array) return value;
  return value.map(prepare);
}
