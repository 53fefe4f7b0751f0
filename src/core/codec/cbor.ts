// SPDX-License-Identifier: Apache-2.0
/**
 * Deterministic CBOR (RFC 8949) in Wattle's profile: arrays of unsigned integers, byte strings and printable
 * ASCII. What `check` and `scan` let through has one encoding, so that the codec behind them needs no judgement:
 * cbor-x, and on the chip a lean one (package.json: `#cbor`).
 */
import { decodeItem, encodeItem } from "#cbor";
import { assert } from "../errors/assert.ts";
import { WIRE_ARRAY_MAX, WIRE_DEPTH_MAX, WIRE_ITEMS_MAX } from "../limits.ts";
import { type ScanFault, scan } from "./scan.ts";

/** What the profile can express. Numbers are unsigned safe integers; bigints are unsigned 64-bit. */
export type CborValue = number | bigint | string | Uint8Array | readonly CborValue[];

const U64_MAX = 0xffffffffffffffffn;

/** The one encoding of `value`. Values outside the profile are a caller's bug (assertion CBOR_VALUE). */
export function encodeCbor(value: CborValue): Uint8Array {
  check(value, 0, { items: 0 });
  return encodeItem(value);
}

/**
 * The value that canonical `bytes` encode, or what is wrong with them. Integers above 2^32 are bigints. Byte
 * strings are views: on a chip of `bytes`, which are never changed there; elsewhere of a copy.
 */
export function decodeCbor(bytes: Uint8Array): { value: CborValue } | { fault: ScanFault } {
  const fault = scan(bytes);
  if (fault) return { fault };
  return { value: decodeItem(bytes) };
}

/** What we write is what every peer reads. */
function check(value: CborValue, depth: number, count: { items: number }): void {
  assert(++count.items <= WIRE_ITEMS_MAX, "CBOR_VALUE", "too many items");
  if (typeof value === "number") {
    assert(Number.isSafeInteger(value) && value >= 0, "CBOR_VALUE", String(value));
  } else if (typeof value === "bigint") {
    assert(value >= 0n && value <= U64_MAX, "CBOR_VALUE", String(value));
  } else if (typeof value === "string") {
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      assert(code >= 0x20 && code <= 0x7e, "CBOR_VALUE", "text beyond printable ASCII");
    }
  } else if (!(value instanceof Uint8Array)) {
    assert(Array.isArray(value), "CBOR_VALUE", typeof value);
    const { length } = value;
    assert(
      depth < WIRE_DEPTH_MAX && length <= WIRE_ARRAY_MAX,
      "CBOR_VALUE",
      "too deep or too long",
    );
    for (let i = 0; i < length; i++) check(value[i], depth + 1, count);
  }
}
