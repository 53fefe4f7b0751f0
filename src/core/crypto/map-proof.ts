// SPDX-License-Identifier: Apache-2.0
/**
 * Hashes and proofs of the Merkle map (merkle-map.ts): values under one root, each at a place that follows
 * from its key alone. What is here is all that a device needs of it.
 *
 *   empty    = SHA-256(0x04)
 *   leaf     = SHA-256(0x02 ‖ key ‖ SHA-256(value))    key: 32 bytes, as good as random
 *   inner(b) = SHA-256(0x03 ‖ b ‖ left ‖ right)        b: first bit in which the keys below differ
 *
 * Left are the keys with bit b clear, right those with it set; bit 0 is the highest of the first byte.
 * There is one such tree for a set of pairs, in whatever order they came. The prefixes are none of RFC 6962.
 *
 * A proof is the path from a leaf up, steps of 33 bytes: b and the sibling's hash. Bits fall strictly, so
 * that no path is longer than 256 steps, and one buffer serves for all of them.
 */
import { bytesEqual } from "../codec/bytes.ts";
import type { Crypto } from "./port.ts";

const HASH_BYTES = 32;
const LEAF_PREFIX = 0x02;
const INNER_PREFIX = 0x03;
const EMPTY_PREFIX = 0x04;
/** One step of a path: a bit and a hash. */
export const MAP_STEP_BYTES: number = 1 + HASH_BYTES;

/** Bit `bit` (0 to 255) of a key: 0 or 1. */
export function keyBit(key: Uint8Array, bit: number): number {
  return (key[bit >> 3] >> (7 - (bit & 7))) & 1;
}

/** The root of a map that holds nothing. */
export function mapEmptyHash(crypto: Crypto): Uint8Array {
  return crypto.sha256(Uint8Array.of(EMPTY_PREFIX));
}

/** The hash of a leaf, from its key and the SHA-256 of its value. */
export function mapLeafHash(crypto: Crypto, key: Uint8Array, valueHash: Uint8Array): Uint8Array {
  const data = new Uint8Array(1 + 2 * HASH_BYTES);
  data[0] = LEAF_PREFIX;
  data.set(key, 1);
  data.set(valueHash, 1 + HASH_BYTES);
  return crypto.sha256(data);
}

/** SHA-256(0x03 ‖ bit ‖ left ‖ right), over one buffer that is reused for every node. */
export function mapInnerHasher(
  crypto: Crypto,
): (bit: number, left: Uint8Array, right: Uint8Array) => Uint8Array {
  const data = new Uint8Array(2 + 2 * HASH_BYTES);
  data[0] = INNER_PREFIX;
  return (bit, left, right) => {
    data[1] = bit;
    data.set(left, 2);
    data.set(right, 2 + HASH_BYTES);
    return crypto.sha256(data);
  };
}

/** Whether `value` stands under `key` in the map with this `root`. Never throws, whatever `path` is. */
export function mapHolds(
  crypto: Crypto,
  root: Uint8Array,
  key: Uint8Array,
  value: Uint8Array,
  path: Uint8Array,
): boolean {
  return climbs(crypto, root, key, key, crypto.sha256(value), path);
}

/** The leaf at the place where a key that is absent would be: another's key, and the hash of its value. */
export interface MapNeighbour {
  key: Uint8Array;
  valueHash: Uint8Array;
}

/**
 * Whether nothing stands under `key` in the map with this `root`: the way that the bits of `key` go ends at
 * `other`, or the map is empty (undefined). It holds for roots of whole maps, as a quorum signs them: whoever
 * makes up a root can make up a tree that is none.
 */
export function mapLacks(
  crypto: Crypto,
  root: Uint8Array,
  key: Uint8Array,
  other: MapNeighbour | undefined,
  path: Uint8Array,
): boolean {
  if (!other) return path.length === 0 && bytesEqual(root, mapEmptyHash(crypto));
  if (other.key.length !== HASH_BYTES || other.valueHash.length !== HASH_BYTES) return false;
  if (bytesEqual(other.key, key)) return false;
  return climbs(crypto, root, other.key, key, other.valueHash, path);
}

/** Whether the path leads from the leaf up to the root, and `sought` goes the same way at each of its bits. */
function climbs(
  crypto: Crypto,
  root: Uint8Array,
  key: Uint8Array,
  sought: Uint8Array,
  valueHash: Uint8Array,
  path: Uint8Array,
): boolean {
  if (key.length !== HASH_BYTES || sought.length !== HASH_BYTES) return false;
  if (path.length % MAP_STEP_BYTES !== 0) return false;
  const inner = mapInnerHasher(crypto);
  let hash = mapLeafHash(crypto, key, valueHash);
  let above = 256;
  for (let offset = 0; offset < path.length; offset += MAP_STEP_BYTES) {
    const bit = path[offset];
    if (bit >= above) return false;
    above = bit;
    const side = keyBit(key, bit);
    if (side !== keyBit(sought, bit)) return false;
    const sibling = path.subarray(offset + 1, offset + MAP_STEP_BYTES);
    hash = side === 1 ? inner(bit, sibling, hash) : inner(bit, hash, sibling);
  }
  return bytesEqual(hash, root);
}
