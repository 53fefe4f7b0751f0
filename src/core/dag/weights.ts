// SPDX-License-Identifier: Apache-2.0
/**
 * Exact cumulative weights over a window of the last W transactions (ledger 4.3; invariant I12). The weight
 * of x is 1 plus the number of transactions that approve it, directly or not.
 *
 * Each transaction has a slot in a ring and a row of W bits: which others of the window it approves. Its
 * row is the union of its parents' rows and the parents. Whatever approves x came after x, so that
 *
 *   weight(x) = 1 + (transactions since x) − (those of them that do not approve x)
 *
 * and one insertion only counts the zeros of its row: about as many as are in flight, not W.
 *
 * Nothing is cleared when the ring turns over. A bit of y's row says something about the occupant of its
 * slot only if that is older than y; such slots are the cyclic range from the oldest slot to y's own, and
 * other bits are never read.
 */
import { assert } from "../errors/assert.ts";
import { type Handles, handleColumn, NONE } from "./handles.ts";

export class Weights {
  readonly size: number;
  private readonly mask: number;
  private readonly words: number;
  /** Slot → handle. */
  private readonly ring: Handles;
  private readonly rows: Int32Array;
  /** Later transactions that do not approve the slot's. */
  private readonly misses: Uint8Array | Uint16Array;
  private head: number;
  private filled = 0;

  /** `size`: W, a power of two from 32 to 32768; `handles`: bound of the handles. */
  constructor(size: number, handles: number) {
    assert(size >= 32 && size <= 32_768 && (size & (size - 1)) === 0, "DAG_WINDOW", String(size));
    this.size = size;
    this.mask = size - 1;
    this.words = size >> 5;
    this.ring = handleColumn(handles, size).fill(NONE);
    this.rows = new Int32Array(size * this.words);
    this.misses = size <= 256 ? new Uint8Array(size) : new Uint16Array(size);
    this.head = size - 1;
  }

  get bytes(): number {
    return this.ring.byteLength + this.rows.byteLength + this.misses.byteLength;
  }

  /** Transactions that the window has seen, at most its size. */
  get count(): number {
    return this.filled;
  }

  /** Adds the newest; `first` and `second`: slots of its parents that are in the window, else NONE. */
  push(handle: number, first: number, second: number): number {
    const slot = (this.head + 1) & this.mask;
    this.head = slot;
    if (this.filled < this.size) this.filled++;
    this.ring[slot] = handle;
    const base = slot * this.words;
    this.rows.fill(0, base, base + this.words);
    if (first !== NONE) this.inherit(slot, first);
    if (second !== NONE) this.inherit(slot, second);
    this.countMisses(slot);
    this.misses[slot] = 0;
    return slot;
  }

  /** Into the row of `slot`: what `parent` says of slots from the oldest to its own, and itself. */
  private inherit(slot: number, parent: number): void {
    const oldest = (slot + 1) & this.mask;
    if (oldest <= parent) this.orRange(slot, parent, oldest, parent);
    else {
      this.orRange(slot, parent, oldest, this.mask);
      this.orRange(slot, parent, 0, parent);
    }
    this.rows[slot * this.words + (parent >> 5)] |= 1 << (parent & 31);
  }

  /** Bits `from` to `to`, both included, of the row of `source`. */
  private orRange(slot: number, source: number, from: number, to: number): void {
    const { rows, words } = this;
    const into = slot * words;
    const out = source * words;
    const first = from >> 5;
    const last = to >> 5;
    for (let w = first; w <= last; w++) {
      let bits = rows[out + w];
      if (w === first) bits &= -1 << (from & 31);
      if (w === last) bits &= -1 >>> (31 - (to & 31));
      rows[into + w] |= bits;
    }
  }

  private countMisses(slot: number): void {
    const { rows, misses, words } = this;
    const base = slot * words;
    // Slots that were never used have zeros, too: they are set to 0 when they are.
    const end = this.filled < this.size ? (slot >> 5) + 1 : words;
    for (let w = 0; w < end; w++) {
      let zeros = ~rows[base + w];
      while (zeros !== 0) {
        const lowest = zeros & -zeros;
        misses[(w << 5) + 31 - Math.clz32(lowest)]++;
        zeros ^= lowest;
      }
    }
  }

  /** Whether `slot` is still `handle`'s. */
  holds(slot: number, handle: number): boolean {
    return this.ring[slot] === handle;
  }

  /** The occupant of `slot` is forgotten; the weights of others stay. */
  forget(slot: number): void {
    this.ring[slot] = NONE;
  }

  /** Transactions since that of `slot`. */
  since(slot: number): number {
    return (this.head - slot) & this.mask;
  }

  weight(slot: number): number {
    return 1 + this.since(slot) - this.misses[slot];
  }

  /** Whether `slot` approves `other`, directly or not. */
  approves(slot: number, other: number): boolean {
    if (this.since(other) <= this.since(slot)) return false;
    return (this.rows[slot * this.words + (other >> 5)] & (1 << (other & 31))) !== 0;
  }

  /** The handle of the transaction with `since` others after it; NONE where it is gone. */
  back(since: number): number {
    return since < this.filled ? this.ring[(this.head - since) & this.mask] : NONE;
  }
}
