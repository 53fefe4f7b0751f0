// SPDX-License-Identifier: Apache-2.0
/**
 * A persistent Merkle map from 32-byte keys to the hashes of values: a binary trie without one-way branches,
 * whose hashes map-proof.ts defines. Maps never change: a new one shares all nodes with the old but those on
 * the way to what differs. Hashes are computed when they are asked for, once for each node, so that many
 * changes between two roots cost the upper levels once.
 *
 * With n keys that are hashes a leaf is about log₂ n + 1 deep; whoever grinds keys gets a bit deeper for
 * twice the work.
 */
import { bytesEqual, concatBytes } from "../codec/bytes.ts";
import { assert } from "../errors/assert.ts";
import {
  keyBit,
  type MapNeighbour,
  mapEmptyHash,
  mapInnerHasher,
  mapLeafHash,
} from "./map-proof.ts";
import type { Crypto } from "./port.ts";

const KEY_BYTES = 32;

export class Leaf {
  readonly key: Uint8Array;
  readonly valueHash: Uint8Array;
  hash: Uint8Array | undefined = undefined;

  constructor(key: Uint8Array, valueHash: Uint8Array) {
    this.key = key;
    this.valueHash = valueHash;
  }
}

/** Keys below differ first in bit `bit`; those with it clear are left. */
export class Inner {
  readonly bit: number;
  readonly left: Node;
  readonly right: Node;
  hash: Uint8Array | undefined = undefined;

  constructor(bit: number, left: Node, right: Node) {
    this.bit = bit;
    this.left = left;
    this.right = right;
  }
}

type Node = Leaf | Inner;

/** Whether a key is there, the path to where its way ends, and what is there in its stead. */
export interface MapProof {
  found: boolean;
  path: Uint8Array;
  /** Of a key that is absent, in a map that is not empty. */
  other: MapNeighbour | undefined;
}

export class MerkleMap {
  private readonly top: Node | undefined;
  /** Keys in it. */
  readonly size: number;

  private constructor(top: Node | undefined, size: number) {
    this.top = top;
    this.size = size;
  }

  static empty(): MerkleMap {
    return new MerkleMap(undefined, 0);
  }

  /** The hash of the value under `key`, or undefined. */
  get(key: Uint8Array): Uint8Array | undefined {
    if (!this.top) return undefined;
    const leaf = descend(this.top, key);
    return bytesEqual(leaf.key, key) ? leaf.valueHash : undefined;
  }

  /** The map with `valueHash` under `key`; itself where that is so already. Neither may be changed after. */
  with(key: Uint8Array, valueHash: Uint8Array): MerkleMap {
    assert(key.length === KEY_BYTES && valueHash.length === KEY_BYTES, "MAP_KEY");
    if (!this.top) return new MerkleMap(new Leaf(key, valueHash), 1);
    const route: Inner[] = [];
    const met = descend(this.top, key, route);
    const bit = firstDifference(met.key, key);
    if (bit < 0) {
      if (bytesEqual(met.valueHash, valueHash)) return this;
      const top = rebuild(route, route.length, key, new Leaf(key, valueHash));
      return new MerkleMap(top, this.size);
    }
    let depth = route.length;
    while (depth > 0 && route[depth - 1].bit > bit) depth--;
    const leaf = new Leaf(key, valueHash);
    const below = depth < route.length ? route[depth] : met;
    const node = keyBit(key, bit) ? new Inner(bit, below, leaf) : new Inner(bit, leaf, below);
    return new MerkleMap(rebuild(route, depth, key, node), this.size + 1);
  }

  /** The map without `key`; itself where it is not there. */
  without(key: Uint8Array): MerkleMap {
    if (!this.top) return this;
    const route: Inner[] = [];
    if (!bytesEqual(descend(this.top, key, route).key, key)) return this;
    const parent = route.pop();
    if (!parent) return MerkleMap.empty();
    const sibling = keyBit(key, parent.bit) ? parent.left : parent.right;
    return new MerkleMap(rebuild(route, route.length, key, sibling), this.size - 1);
  }

  /** Hashes what no root was asked of yet. */
  root(crypto: Crypto): Uint8Array {
    return this.top ? hashed(crypto, this.top) : mapEmptyHash(crypto);
  }

  /** The proof that `key` is there, or that it is not. */
  prove(crypto: Crypto, key: Uint8Array): MapProof {
    if (!this.top) return { found: false, path: new Uint8Array(0), other: undefined };
    hashed(crypto, this.top);
    const route: Inner[] = [];
    const leaf = descend(this.top, key, route);
    const steps = route.reverse().map(({ bit, left, right }) => {
      const sibling = keyBit(key, bit) ? left : right;
      return concatBytes(Uint8Array.of(bit), sibling.hash!);
    });
    const found = bytesEqual(leaf.key, key);
    const other = found ? undefined : { key: leaf.key, valueHash: leaf.valueHash };
    return { found, path: concatBytes(...steps), other };
  }
}

/** The leaf at which the way of `key` ends; `route` gets the inner nodes on it, from the top. */
function descend(top: Node, key: Uint8Array, route?: Inner[]): Leaf {
  let node = top;
  while (node instanceof Inner) {
    route?.push(node);
    node = keyBit(key, node.bit) ? node.right : node.left;
  }
  return node;
}

/** Copies of the first `depth` nodes of `route`, the last with `node` on the way of `key`; the topmost one. */
function rebuild(route: readonly Inner[], depth: number, key: Uint8Array, node: Node): Node {
  let top = node;
  for (let i = depth - 1; i >= 0; i--) {
    const { bit, left, right } = route[i];
    top = keyBit(key, bit) ? new Inner(bit, left, top) : new Inner(bit, top, right);
  }
  return top;
}

/** The first bit in which two keys differ; −1 where they are the same. */
function firstDifference(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < KEY_BYTES; i++) {
    const differ = a[i] ^ b[i];
    if (differ !== 0) return 8 * i + Math.clz32(differ) - 24;
  }
  return -1;
}

/** Hashes a node and what is below it and has no hash, children first, without recursion. */
function hashed(crypto: Crypto, top: Node): Uint8Array {
  const inner = mapInnerHasher(crypto);
  const open: Node[] = [top];
  while (open.length > 0) {
    const node = open[open.length - 1];
    if (node instanceof Leaf) node.hash ??= mapLeafHash(crypto, node.key, node.valueHash);
    else if (!node.left.hash) open.push(node.left);
    else if (!node.right.hash) open.push(node.right);
    else node.hash ??= inner(node.bit, node.left.hash, node.right.hash);
    if (node.hash) open.pop();
  }
  return top.hash!;
}
