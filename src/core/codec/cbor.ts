// SPDX-License-Identifier: Apache-2.0
/**
 * Deterministic CBOR (RFC 8949) in Wattle's profile: arrays of unsigned integers, byte strings and printable
 * ASCII. cbor-x does the work; `scan` stands before its decoder, which is lenient, and `prepare` before its
 * encoder, which writes integers above 2^32 as floats unless they are bigints.
 */
import { Decoder } from "cbor-x/decode";
import { Encoder } from "cbor-x/encode";
import { assert } from "../errors/assert.ts";
import { WIRE_DEPTH_MAX } from "../limits.ts";
import { type ScanFault, scan } from "./scan.ts";

/** What the profile can express. Numbers are unsigned safe integers; bigints are unsigned 64-bit. */
export type CborValue = number | bigint | string | Uint8Array | readonly CborValue[];

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
const U64_MAX = 0xffffffffffffffffn;

/** The one encoding of `value`. Values outside the profile are a caller's bug (assertion CBOR_VALUE). */
export function encodeCbor(value: CborValue): Uint8Array {
  // cbor-x returns a view on a buffer that it reuses, and on Node a Buffer: copy into a plain array.
  const bytes = new Uint8Array(encoder.encode(prepare(value, 0), RESET_BUFFER));
  // What we write is what we read: text beyond ASCII or too many items would be refused by every peer.
  const fault = scan(bytes);
  assert(fault === undefined, "CBOR_VALUE", fault);
  return bytes;
}

/** The value that canonical `bytes` encode, or what is wrong with them. Integers above 2^53 are bigints. */
export function decodeCbor(bytes: Uint8Array): { value: CborValue } | { fault: ScanFault } {
  const fault = scan(bytes);
  if (fault) return { fault };
  // A copy as a plain Uint8Array: byte strings inside the result are views on it, never on a socket's buffer.
  return { value: decoder.decode(new Uint8Array(bytes)) as CborValue };
}

function prepare(value: CborValue, depth: number): CborValue {
  assert(depth <= WIRE_DEPTH_MAX, "CBOR_VALUE", "too deep");
  if (typeof value === "number") {
    assert(Number.isSafeInteger(value) && value >= 0, "CBOR_VALUE", String(value));
    return value > U32_MAX ? BigInt(value) : value;
  }
  if (typeof value === "bigint") {
    assert(value >= 0n && value <= U64_MAX, "CBOR_VALUE", String(value));
    return value <= BigInt(U32_MAX) ? Number(value) : value;
  }
  if (typeof value === "string" || value instanceof Uint8Array) return value;
  assert(Array.isArray(value), "CBOR_VALUE", typeof value);
  return (value as CborValue[]).map((item) => prepare(item, depth + 1));
}
