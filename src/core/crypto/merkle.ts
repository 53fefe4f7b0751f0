// SPDX-License-Identifier: Apache-2.0
/**
 * Binary Merkle trees as in RFC 6962 section 2.1 (and RFC 9162 section 2.1):
 *
 *   MTH({})      = SHA-256()
 *   MTH({d})     = SHA-256(0x00 ‖ d)
 *   MTH(D[0:n])  = SHA-256(0x01 ‖ MTH(D[0:k]) ‖ MTH(D[k:n])), k the largest power of two < n
 *
 * Splitting at that k is the same as pairing neighbours level by level and carrying an odd last
 * node up unchanged, which is how it is computed: n − 1 node hashes, no recursion.
 */
import { bytesEqual } from "../codec/bytes.ts";
import { assert } from "../errors/assert.ts";
import type { Crypto } from "./port.ts";

const HASH_BYTES = 32;
const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;
/** Bounds a proof to 32 hashes; indices stay exact in 32-bit and in double arithmetic. */
export const MERKLE_LEAVES_MAX = 2 ** 32;

/** The root over `leaves` in order: 32 bytes. */
export function merkleRoot(crypto: Crypto, leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return crypto.sha256(new Uint8Array(0));
  const hashNode = nodeHasher(crypto);
  const level = leaves.map((leaf) => hashLeaf(crypto, leaf));
  let count = level.length;
  while (count > 1) count = foldLevel(level, count, hashNode);
  return level[0];
}

/**
 * The audit path of leaf `index`: sibling hashes from the leaf up, at most ⌈log₂ n⌉ of them.
 * An index outside of `leaves` fails the assertion `MERKLE_INDEX`.
 */
export function merkleProof(
  crypto: Crypto,
  leaves: readonly Uint8Array[],
  index: number,
): Uint8Array[] {
  assert(Number.isInteger(index) && index >= 0 && index < leaves.length, "MERKLE_INDEX");
  const hashNode = nodeHasher(crypto);
  const level = leaves.map((leaf) => hashLeaf(crypto, leaf));
  const proof: Uint8Array[] = [];
  let position = index;
  let count = level.length;
  while (count > 1) {
    const sibling = position % 2 === 0 ? position + 1 : position - 1;
    if (sibling < count) proof.push(level[sibling]);
    position = Math.floor(position / 2);
    count = foldLevel(level, count, hashNode);
  }
  return proof;
}

/** The root and the audit paths of all leaves, each level computed once. */
export function merkleProofs(
  crypto: Crypto,
  leaves: readonly Uint8Array[],
): { root: Uint8Array; proofs: Uint8Array[][] } {
  if (leaves.length === 0) return { root: merkleRoot(crypto, leaves), proofs: [] };
  const hashNode = nodeHasher(crypto);
  const level = leaves.map((leaf) => hashLeaf(crypto, leaf));
  const proofs: Uint8Array[][] = leaves.map(() => []);
  let count = level.length;
  for (let height = 0; count > 1; height++) {
    for (let i = 0; i < leaves.length; i++) {
      const sibling = Math.floor(i / 2 ** height) ^ 1;
      if (sibling < count) proofs[i].push(level[sibling]);
    }
    count = foldLevel(level, count, hashNode);
  }
  return { root: level[0], proofs };
}

/**
 * Whether `leaf` is leaf `index` of a tree of `size` leaves with this `root` (RFC 9162 section
 * 2.1.3.2). Never throws: a proof of any shape, an index out of range or a wrong root is false.
 * At most 33 hashes are computed, whatever is passed in.
 */
export function merkleVerify(
  crypto: Crypto,
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!Number.isInteger(index) || !Number.isInteger(size)) return false;
  if (index < 0 || index >= size || size > MERKLE_LEAVES_MAX) return false;
  if (root.length !== HASH_BYTES || proof.length > 32) return false;
  const hashNode = nodeHasher(crypto);
  let hash = hashLeaf(crypto, leaf);
  let position = index;
  let last = size - 1; // the position of the level's last node
  let used = 0;
  while (last > 0) {
    if (position % 2 === 1 || position < last) {
      if (used >= proof.length || proof[used].length !== HASH_BYTES) return false;
      const sibling = proof[used++];
      hash = position % 2 === 1 ? hashNode(sibling, hash) : hashNode(hash, sibling);
    } // else an odd last node: it goes up unchanged and the proof has nothing for it
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  return used === proof.length && bytesEqual(hash, root);
}

/** Overwrites the first `count` nodes of a level with the level above; returns that one's size. */
function foldLevel(
  level: Uint8Array[],
  count: number,
  hashNode: (left: Uint8Array, right: Uint8Array) => Uint8Array,
): number {
  let above = 0;
  for (let i = 0; i + 1 < count; i += 2) level[above++] = hashNode(level[i], level[i + 1]);
  if (count % 2 === 1) level[above++] = level[count - 1];
  return above;
}

function hashLeaf(crypto: Crypto, leaf: Uint8Array): Uint8Array {
  const data = new Uint8Array(1 + leaf.length);
  data[0] = LEAF_PREFIX;
  data.set(leaf, 1);
  return crypto.sha256(data);
}

/** SHA-256(0x01 ‖ left ‖ right), over one buffer that is reused for every node of a tree. */
function nodeHasher(crypto: Crypto): (left: Uint8Array, right: Uint8Array) => Uint8Array {
  const data = new Uint8Array(1 + 2 * HASH_BYTES);
  data[0] = NODE_PREFIX;
  return (left, right) => {
    data.set(left, 1);
    data.set(right, 1 + HASH_BYTES);
    return crypto.sha256(data);
  };
}
