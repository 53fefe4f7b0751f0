// SPDX-License-Identifier: Apache-2.0
/**
 * The transactions that votes are counted for, packed: all memory is taken at the start, so that a node on XS
 * knows what it costs and the gateway has no object for each vote. A transaction is a number here, its
 * place; a place is used again when its transaction was forgotten.
 */
import { assert } from "../errors/assert.ts";
import { PARENTS_MAX } from "../limits.ts";
import { NODE_ID_BYTES } from "../records/common.ts";

const TXID_BYTES = 32;
/** Edges, PARENTS_MAX for each place, are 16-bit numbers with a sign: -1 is none. */
const CAPACITY_MAX = 0x8000 / PARENTS_MAX;
export const NONE = -1;
const FREE = 255;

// What `links` has for each place: the next with the same hash of its id, and of its number; the first edge
// to a child; then for each of its own edges the parent, and the next edge from that parent.
const NEXT_ID = 0;
const NEXT_NUMBER = 1;
const FIRST_EDGE = 2;
const PARENT = 3;
const NEXT_EDGE = PARENT + PARENTS_MAX;
const LINKS = NEXT_EDGE + PARENTS_MAX;

export class TxTable {
  readonly capacity: number;
  /** Words of one row of votes. */
  readonly words: number;
  readonly ids: Uint8Array;
  readonly from: Uint8Array;
  readonly seqs: Float64Array;
  readonly timesMs: Float64Array;
  /** One array, as each costs a node more than what is in it: LINKS for each place, then heads of chains. */
  private readonly links: Int16Array;
  /** Heads of either kind: a power of two. */
  private readonly heads: number;
  /** TxState, FREE where a place is not taken. */
  readonly states: Uint8Array;
  /** Which of the known epochs; and whether it can be accepted by votes. */
  readonly epochs: Uint8Array;
  readonly finalOnly: Uint8Array;
  readonly counts: Uint16Array;
  /** Rows of bits by member: who has it in the past cone of a transaction of its own … */
  readonly reached: Uint32Array;
  /** … and who said so by name, with a vote or as its author. */
  readonly named: Uint32Array;
  /** First of the free places, which are linked by NEXT_ID. */
  private free = 0;
  private used = 0;

  constructor(capacity: number, membersMax: number) {
    assert(capacity > 0 && capacity <= CAPACITY_MAX, "VOTES_CAPACITY", String(capacity));
    this.capacity = capacity;
    this.words = Math.ceil(membersMax / 32);
    this.ids = new Uint8Array(capacity * TXID_BYTES);
    this.from = new Uint8Array(capacity * NODE_ID_BYTES);
    this.seqs = new Float64Array(capacity);
    this.timesMs = new Float64Array(capacity);
    let heads = 1;
    while (heads < capacity) heads *= 2;
    this.heads = heads;
    this.links = new Int16Array(capacity * LINKS + 2 * heads).fill(NONE);
    for (let i = 0; i + 1 < capacity; i++) this.links[i * LINKS + NEXT_ID] = i + 1;
    this.states = new Uint8Array(capacity).fill(FREE);
    this.epochs = new Uint8Array(capacity);
    this.finalOnly = new Uint8Array(capacity);
    this.counts = new Uint16Array(capacity);
    this.reached = new Uint32Array(capacity * this.words);
    this.named = new Uint32Array(capacity * this.words);
  }

  get size(): number {
    return this.used;
  }

  taken(place: number): boolean {
    return this.states[place] !== FREE;
  }

  /** The place of `txid`, NONE if it is not here. */
  find(txid: Uint8Array): number {
    const { ids, links } = this;
    let place = links[this.head(NEXT_ID, word(txid, 0))];
    while (place !== NONE && !sameAt(ids, place * TXID_BYTES, txid, TXID_BYTES))
      place = links[place * LINKS + NEXT_ID];
    return place;
  }

  /** Where the chain of a hash begins. Hashes are of ids, or of members that have proved who they are. */
  private head(kind: number, hash: number): number {
    return this.capacity * LINKS + kind * this.heads + (hash & (this.heads - 1));
  }

  private chain(kind: number, hash: number, place: number): void {
    const head = this.head(kind, hash);
    this.links[place * LINKS + kind] = this.links[head];
    this.links[head] = place;
  }

  private unchain(kind: number, hash: number, place: number): void {
    const { links } = this;
    let at = this.head(kind, hash);
    while (links[at] !== place) at = links[at] * LINKS + kind;
    links[at] = links[place * LINKS + kind];
  }

  idAt(place: number): Uint8Array {
    return this.ids.slice(place * TXID_BYTES, (place + 1) * TXID_BYTES);
  }

  fromAt(place: number): Uint8Array {
    return this.from.subarray(place * NODE_ID_BYTES, (place + 1) * NODE_ID_BYTES);
  }

  /** All with this number of this author, appended to `into`. */
  withNumber(from: Uint8Array, seq: number, into: number[]): void {
    const { links, seqs } = this;
    let place = links[this.head(NEXT_NUMBER, numberHash(from, seq))];
    for (; place !== NONE; place = links[place * LINKS + NEXT_NUMBER])
      if (seqs[place] === seq && sameAt(this.from, place * NODE_ID_BYTES, from, NODE_ID_BYTES))
        into.push(place);
  }

  /** Takes a place, NONE if there is none left. Parents that are not here have no edge. */
  add(
    tx: { txid: Uint8Array; from: Uint8Array; seq: number; tMs: number },
    parents: readonly Uint8Array[],
    state: number,
  ): number {
    assert(tx.txid.length === TXID_BYTES && tx.from.length === NODE_ID_BYTES, "VOTES_TX");
    assert(parents.length <= PARENTS_MAX, "VOTES_PARENTS", String(parents.length));
    const { links, free: place } = this;
    if (place === NONE) return NONE;
    this.free = links[place * LINKS + NEXT_ID];
    this.used++;
    this.ids.set(tx.txid, place * TXID_BYTES);
    this.from.set(tx.from, place * NODE_ID_BYTES);
    this.seqs[place] = tx.seq;
    this.timesMs[place] = tx.tMs;
    this.states[place] = state;
    this.counts[place] = 0;
    this.reached.fill(0, place * this.words, (place + 1) * this.words);
    this.named.fill(0, place * this.words, (place + 1) * this.words);
    links[place * LINKS + FIRST_EDGE] = NONE;
    for (let i = 0; i < PARENTS_MAX; i++) {
      const parent = i < parents.length ? this.find(parents[i]) : NONE;
      links[place * LINKS + PARENT + i] = parent;
      if (parent === NONE) continue;
      links[place * LINKS + NEXT_EDGE + i] = links[parent * LINKS + FIRST_EDGE];
      links[parent * LINKS + FIRST_EDGE] = place * PARENTS_MAX + i;
    }
    this.chain(NEXT_ID, word(tx.txid, 0), place);
    this.chain(NEXT_NUMBER, numberHash(tx.from, tx.seq), place);
    return place;
  }

  remove(place: number): void {
    assert(this.taken(place), "VOTES_PLACE");
    const { links } = this;
    for (let i = 0; i < PARENTS_MAX; i++) this.unlink(place, i);
    this.eachEdge(place, (child, i) => {
      links[child * LINKS + PARENT + i] = NONE;
    });
    this.unchain(NEXT_ID, word(this.ids, place * TXID_BYTES), place);
    this.unchain(NEXT_NUMBER, numberHash(this.fromAt(place), this.seqs[place]), place);
    this.states[place] = FREE;
    links[place * LINKS + NEXT_ID] = this.free;
    this.free = place;
    this.used--;
  }

  private unlink(place: number, i: number): void {
    const { links } = this;
    const parent = links[place * LINKS + PARENT + i];
    if (parent === NONE) return;
    let at = parent * LINKS + FIRST_EDGE;
    while (links[at] !== place * PARENTS_MAX + i) at = nextOf(links[at]);
    links[at] = links[place * LINKS + NEXT_EDGE + i];
  }

  private eachEdge(place: number, visit: (child: number, i: number) => void): void {
    const { links } = this;
    let edge = links[place * LINKS + FIRST_EDGE];
    for (; edge !== NONE; edge = links[nextOf(edge)])
      visit(Math.floor(edge / PARENTS_MAX), edge % PARENTS_MAX);
  }

  /** Parent `i` of `place`; NONE where there is none, or it was forgotten. */
  parentAt(place: number, i: number): number {
    return this.links[place * LINKS + PARENT + i];
  }

  /** The places of those that approve `place` directly, appended to `into`. */
  children(place: number, into: number[]): void {
    this.eachEdge(place, (child) => void into.push(child));
  }

  has(rows: Uint32Array, place: number, bit: number): boolean {
    return ((rows[place * this.words + (bit >>> 5)] >>> (bit & 31)) & 1) === 1;
  }

  set(rows: Uint32Array, place: number, bit: number): void {
    const at = place * this.words + (bit >>> 5);
    rows[at] = (rows[at] | (1 << (bit & 31))) >>> 0;
  }
}

/** Where `links` has the edge that follows from the same parent. */
function nextOf(edge: number): number {
  return Math.floor(edge / PARENTS_MAX) * LINKS + NEXT_EDGE + (edge % PARENTS_MAX);
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

function numberHash(from: Uint8Array, seq: number): number {
  return word(from, 0) ^ Math.imul(seq % 0x100000000, 0x9e3779b1);
}

function sameAt(packed: Uint8Array, at: number, bytes: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (packed[at + i] !== bytes[i]) return false;
  return true;
}
