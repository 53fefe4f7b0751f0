// SPDX-License-Identifier: Apache-2.0
/**
 * The DAG of transactions (ledger 4.2) as columns of integers: the same class holds a gateway's, which
 * grows, and a node's, which has a fixed size and forgets. It keeps what ids, times and edges say
 * (invariants I11, I12, I18); whether a transaction is valid is its caller's to know before.
 */
import { compareBytes } from "../codec/bytes.ts";
import { assert } from "../errors/assert.ts";
import { PARENTS_MAX } from "../limits.ts";
import { ParentBlocks } from "./blocks.ts";
import { CapSet } from "./cap-set.ts";
import { BLOCK, type Columns, columns, copyColumns, Flag, GONE, LINKS, Link } from "./columns.ts";
import { NONE } from "./handles.ts";
import { ID_BYTES, IdIndex } from "./id-index.ts";
import { Weights } from "./weights.ts";

export interface GraphOptions {
  /** Transactions at first, or at most where it does not grow: a power of two from 32 on. */
  capacity: number;
  /** Doubles when it is full. Else what is oldest is forgotten, sealed ones first and caps last. */
  grows: boolean;
  /** Transactions whose weights are exact, a power of two up to the capacity. */
  window: number;
  /** Numbers of authors are below this, at most 65536. */
  authors: number;
  /** Told of each transaction that is forgotten, before its handle can be another's. */
  forgotten?: (handle: number) => void;
}

/** A transaction as the graph needs it. */
export interface Arrival {
  /** Its 32-byte id. */
  id: Uint8Array;
  /** Ids of its one or two parents, all of them here. */
  parents: readonly Uint8Array[];
  /** Median time of its tokens, or its own stamp where it has none. */
  stampMs: number;
  /** The author's number and the transaction's in the author's chain, as the caller counts them. */
  author: number;
  seq: number;
}

/** More handles than any graph has. */
const HANDLES = 2 ** 31;

export class Graph {
  readonly weights: Weights;
  readonly blocks = new ParentBlocks();
  readonly caps: CapSet;
  private readonly options: GraphOptions;
  private capacity: number;
  private columns: Columns;
  private index: IdIndex;
  /** Handles that were ever in use; free ones among them are a list through `first`. */
  private used = 0;
  private free = NONE;
  private held = 0;

  /** Nothing that comes may have what is older as a parent (V5): a full graph spares that first. */
  staleBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(options: GraphOptions) {
    const { capacity, grows, window, authors } = options;
    assert(capacity >= 32 && (capacity & (capacity - 1)) === 0, "DAG_CAPACITY", String(capacity));
    assert(window <= capacity, "DAG_WINDOW", `${window} of ${capacity}`);
    assert(authors >= 1 && authors <= 65_536, "DAG_AUTHORS", String(authors));
    this.options = options;
    this.capacity = capacity;
    const limit = grows ? HANDLES : capacity;
    this.columns = columns(capacity, limit, authors);
    this.index = new IdIndex(this.columns, capacity, limit);
    this.caps = new CapSet(capacity, limit);
    this.weights = new Weights(window, limit);
  }

  /** Transactions that are here. */
  get count(): number {
    return this.held;
  }

  /** Handles are below this. */
  get end(): number {
    return this.used;
  }

  /** Bytes of all columns. */
  get bytes(): number {
    const { columns, index, caps, weights, blocks } = this;
    const parts = [index, caps, weights, blocks].reduce((sum, { bytes }) => sum + bytes, 0);
    return columns.timesMs.buffer.byteLength + parts;
  }

  /** The handle of a transaction, or NONE. */
  find(id: Uint8Array): number {
    return id.length === ID_BYTES ? this.index.find(id) : NONE;
  }

  has(handle: number): boolean {
    return (this.columns.flags[handle] & Flag.present) !== 0;
  }

  /** A view of its id, valid until the next change of the graph. */
  idOf(handle: number): Uint8Array {
    return this.columns.ids.subarray(handle * ID_BYTES, (handle + 1) * ID_BYTES);
  }

  /** Effective time T. */
  timeMs(handle: number): number {
    return this.columns.timesMs[handle];
  }

  author(handle: number): number {
    return this.columns.authors[handle];
  }

  seq(handle: number): number {
    return this.columns.seqs[handle];
  }

  sealed(handle: number): boolean {
    return (this.columns.flags[handle] & Flag.sealed) !== 0;
  }

  /** A block holds it. */
  seal(handle: number): void {
    this.columns.flags[handle] |= Flag.sealed;
  }

  /** Parent `which`, 0 or 1: a handle, or NONE, BLOCK, GONE. */
  parent(handle: number, which: number): number {
    return this.columns.links[handle * LINKS + Link.parent + which];
  }

  /** The latest that approves it directly, or NONE. */
  firstChild(handle: number): number {
    return this.columns.links[handle * LINKS + Link.first];
  }

  /** The one before `child` that approves `handle` directly, or NONE. */
  nextChild(handle: number, child: number): number {
    const { links } = this.columns;
    const at = child * LINKS;
    return links[at + Link.next + (links[at + Link.parent] === handle ? 0 : 1)];
  }

  /** Cumulative weight, exact; 0 outside the window. */
  weight(handle: number): number {
    const slot = this.slotOf(handle);
    return slot === NONE ? 0 : this.weights.weight(slot);
  }

  /** Whether `handle` approves `other`, directly or not; undefined where either is outside the window. */
  approves(handle: number, other: number): boolean | undefined {
    const [slot, target] = [this.slotOf(handle), this.slotOf(other)];
    if (slot === NONE || target === NONE) return undefined;
    return this.weights.approves(slot, target);
  }

  private slotOf(handle: number): number {
    if (handle < 0) return NONE;
    const slot = this.columns.links[handle * LINKS + Link.slot];
    return this.weights.holds(slot, handle) ? slot : NONE;
  }

  /** T of a possible parent, and whether it is a sealed block; undefined where it is unknown. */
  parentTime(id: Uint8Array): { tMs: number; block: boolean } | undefined {
    const handle = this.find(id);
    if (handle !== NONE) return { tMs: this.columns.timesMs[handle], block: false };
    const place = this.blocks.find(id);
    return place === NONE ? undefined : { tMs: this.blocks.timeMs(place), block: true };
  }

  /** T(tx) = max(stamp, max T(parent) + 1 ms) (ledger 4.2); an unknown parent fails DAG_PARENT. */
  effectiveTime(parents: readonly Uint8Array[], stampMs: number): number {
    let tMs = stampMs;
    for (const id of parents) {
      const known = this.parentTime(id);
      assert(known, "DAG_PARENT");
      tMs = Math.max(tMs, known.tMs + 1);
    }
    return tMs;
  }

  /** Adds a checked transaction; a repeat fails DAG_TWICE, an unknown parent DAG_PARENT. */
  add(arrival: Arrival): number {
    const { id, parents } = arrival;
    assert(id.length === ID_BYTES, "DAG_ID");
    assert(parents.length >= 1 && parents.length <= PARENTS_MAX, "DAG_PARENTS");
    assert(this.index.find(id) === NONE, "DAG_TWICE");
    let tMs = arrival.stampMs;
    const found: number[] = [];
    for (const parent of parents) {
      const handle = this.find(parent);
      const place = handle === NONE ? this.blocks.find(parent) : NONE;
      assert(handle !== NONE || place !== NONE, "DAG_PARENT");
      const time = handle === NONE ? this.blocks.timeMs(place) : this.columns.timesMs[handle];
      tMs = Math.max(tMs, time + 1);
      found.push(handle === NONE ? BLOCK : handle);
    }
    const first = found[0];
    const second = found.length > 1 ? found[1] : NONE;
    assert(first !== second || first === BLOCK, "DAG_PARENTS", "not distinct");
    const handle = this.take(first, second);
    this.fill(handle, arrival, tMs);
    this.link(handle, first, second);
    return handle;
  }

  private fill(handle: number, { id, author, seq }: Arrival, tMs: number): void {
    const { ids, timesMs, authors, seqs, flags } = this.columns;
    ids.set(id, handle * ID_BYTES);
    timesMs[handle] = tMs;
    authors[handle] = author;
    seqs[handle] = seq;
    flags[handle] = Flag.present;
    this.index.add(handle);
    this.held++;
  }

  private link(handle: number, first: number, second: number): void {
    const { links } = this.columns;
    const at = handle * LINKS;
    links[at + Link.first] = NONE;
    links[at + Link.parent] = first;
    links[at + Link.parent + 1] = second;
    links[at + Link.next] = this.approve(first, handle);
    links[at + Link.next + 1] = this.approve(second, handle);
    links[at + Link.slot] = this.weights.push(handle, this.slotOf(first), this.slotOf(second));
    this.caps.add(handle);
  }

  /** `child` becomes the latest approver of `parent`; the one before is its next. */
  private approve(parent: number, child: number): number {
    if (parent < 0) return NONE;
    const at = parent * LINKS + Link.first;
    const before = this.columns.links[at];
    this.columns.links[at] = child;
    this.caps.remove(parent);
    return before;
  }

  /** A free handle; `first` and `second` must stay. */
  private take(first: number, second: number): number {
    if (this.free === NONE && this.used === this.capacity) {
      if (this.options.grows) this.grow();
      else this.forget([this.oldest(first, second)]);
    }
    if (this.free === NONE) return this.used++;
    const handle = this.free;
    this.free = this.columns.links[handle * LINKS + Link.first];
    return handle;
  }

  private grow(): void {
    assert(this.capacity < 2 ** 26, "DAG_CAPACITY"); // ids of more do not fit into one buffer
    this.capacity *= 2;
    const grown = columns(this.capacity, HANDLES, this.options.authors);
    copyColumns(this.columns, grown);
    this.columns = grown;
    this.caps.grow(this.capacity);
    this.index = new IdIndex(grown, this.capacity, HANDLES);
    for (let handle = 0; handle < this.used; handle++) if (this.has(handle)) this.index.add(handle);
  }

  /** What a full graph can spare most: sealed or stale before approved before caps, then by time and id. */
  private oldest(first: number, second: number): number {
    let best = NONE;
    let bestRank = 0;
    for (let handle = 0; handle < this.used; handle++) {
      if (handle === first || handle === second) continue;
      const stale = this.sealed(handle) || this.timeMs(handle) < this.staleBeforeMs;
      const rank = stale ? 0 : this.caps.has(handle) ? 2 : 1;
      if (best !== NONE && (rank - bestRank || this.compare(handle, best)) > 0) continue;
      best = handle;
      bestRank = rank;
    }
    return best;
  }

  /** By T, ties by id: a topological order, since T grows along every edge. */
  compare(a: number, b: number): number {
    return this.timeMs(a) - this.timeMs(b) || compareBytes(this.idOf(a), this.idOf(b));
  }

  /** Forgets what is sealed and older than `beforeMs`: nothing that comes may have it as a parent. */
  prune(beforeMs: number): void {
    const { flags, timesMs } = this.columns;
    const leaving: number[] = [];
    for (let handle = 0; handle < this.used; handle++)
      if ((flags[handle] & Flag.sealed) !== 0 && timesMs[handle] < beforeMs) leaving.push(handle);
    this.forget(leaving);
  }

  private forget(leaving: readonly number[]): void {
    const { links, flags } = this.columns;
    for (const handle of leaving) flags[handle] |= Flag.leaving;
    for (const handle of leaving) this.unlink(handle);
    for (const handle of leaving) {
      this.options.forgotten?.(handle);
      this.caps.remove(handle);
      const slot = this.slotOf(handle);
      if (slot !== NONE) this.weights.forget(slot);
      this.index.remove(handle);
      flags[handle] = 0;
      links[handle * LINKS + Link.first] = this.free;
      this.free = handle;
      this.held--;
    }
  }

  /** Those that stay lose their edges to `handle`; it keeps its own, for others that leave with it. */
  private unlink(handle: number): void {
    const { links, flags } = this.columns;
    let child = this.firstChild(handle);
    while (child !== NONE) {
      const next = this.nextChild(handle, child);
      const side = links[child * LINKS + Link.parent] === handle ? 0 : 1;
      if ((flags[child] & Flag.leaving) === 0) links[child * LINKS + Link.parent + side] = GONE;
      child = next;
    }
    for (let which = 0; which < PARENTS_MAX; which++) {
      const parent = this.parent(handle, which);
      if (parent < 0 || (flags[parent] & Flag.leaving) !== 0) continue;
      this.disown(parent, handle, links[handle * LINKS + Link.next + which]);
    }
  }

  /** Takes `child` out of the list of those that approve `parent`; `after` comes after it there. */
  private disown(parent: number, child: number, after: number): void {
    const { links } = this.columns;
    let at = parent * LINKS + Link.first;
    while (links[at] !== child) {
      const row = links[at] * LINKS;
      at = row + Link.next + (links[row + Link.parent] === parent ? 0 : 1);
    }
    links[at] = after;
  }
}
