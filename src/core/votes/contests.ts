// SPDX-License-Identifier: Apache-2.0
/**
 * Conflict sets (ledger 4.5): transactions of which one at most may count, by the number in their author's
 * chain and by keys that the caller gives. Of a contested transaction, one with a rival, more must be known
 * than who has it in the past of a transaction of his own: whose past has it, and no rival of it.
 */
import { CONTESTED_MAX, PARENTS_MAX, RIVALS_MAX } from "../limits.ts";
import { NONE, type TxTable } from "./table.ts";

/** What is kept of a contested transaction; rows of bits by member. */
interface Contested {
  /** Who made a transaction whose past has it and no rival of it. */
  weak: Uint32Array;
  /** Who counts for it now. */
  counted: Uint32Array;
  /** Who named a rival that was forgotten, and who approved one: that holds although the rival is gone. */
  goneNamed: Uint32Array;
  goneWeak: Uint32Array;
}

export class Contests {
  private readonly table: TxTable;
  private readonly contested = new Map<number, Contested>();
  /** The caller's keys: which transactions have one, and which keys one has. */
  private readonly byKey = new Map<string, number[]>();
  private readonly keys = new Map<number, readonly string[]>();
  /** The contested transactions in the past of one, itself included. Nothing where there are none. */
  private readonly past = new Map<number, readonly number[]>();
  /** Beyond the limits: in no set, and not to be accepted by votes. */
  private readonly outside = new Set<number>();

  constructor(table: TxTable) {
    this.table = table;
  }

  get(place: number): Contested | undefined {
    return this.contested.get(place);
  }

  pastOf(place: number): readonly number[] {
    return this.past.get(place) ?? [];
  }

  /** The other transactions with the number of `place`. */
  sameNumber(place: number): number[] {
    const found: number[] = [];
    this.table.withNumber(this.table.fromAt(place), this.table.seqs[place], found);
    return found.filter((other) => other !== place && !this.outside.has(other));
  }

  /** All with which `place` is in a set. */
  rivals(place: number): number[] {
    if (this.outside.has(place)) return [];
    const rivals = this.sameNumber(place);
    for (const key of this.keys.get(place) ?? [])
      for (const other of this.byKey.get(key)!)
        if (other !== place && !rivals.includes(other)) rivals.push(other);
    return rivals;
  }

  /**
   * Puts a new transaction into its sets. Returns its rivals that had none before: they are contested now.
   * Undefined: it is beyond the limits, and in no set.
   */
  join(place: number, keys: readonly string[]): number[] | undefined {
    const rivals = this.enter(place, keys);
    if (rivals.length === 0) {
      this.remember(place, this.pastOfParents(place));
      return rivals;
    }
    const fresh = rivals.filter((rival) => !this.contested.has(rival));
    const full =
      this.contested.size + fresh.length >= CONTESTED_MAX ||
      rivals.some((rival) => this.rivals(rival).length > RIVALS_MAX);
    if (full) {
      this.leave(place);
      this.outside.add(place);
      this.remember(place, this.pastOfParents(place));
      return undefined;
    }
    for (const rival of fresh) this.contest(rival);
    this.contest(place);
    return fresh;
  }

  private enter(place: number, keys: readonly string[]): number[] {
    if (keys.length > 0) this.keys.set(place, keys);
    for (const key of keys) {
      const list = this.byKey.get(key);
      if (list) list.push(place);
      else this.byKey.set(key, [place]);
    }
    return this.rivals(place);
  }

  private leave(place: number): void {
    for (const key of this.keys.get(place) ?? []) {
      const left = this.byKey.get(key)!.filter((other) => other !== place);
      if (left.length > 0) this.byKey.set(key, left);
      else this.byKey.delete(key);
    }
    this.keys.delete(place);
  }

  /**
   * Until now nobody's past had a rival of it: who reached it counts. From now on that is decided for each
   * transaction that comes, so what descends from it has to be known.
   */
  private contest(place: number): void {
    const { reached, words } = this.table;
    const weak = reached.slice(place * words, (place + 1) * words);
    const row = (): Uint32Array => new Uint32Array(words);
    this.contested.set(place, { weak, counted: row(), goneNamed: row(), goneWeak: row() });
    this.remember(place, [...this.pastOfParents(place), place]);
    const open: number[] = [];
    this.table.children(place, open);
    for (let child = open.pop(); child !== undefined; child = open.pop()) {
      const past = this.pastOf(child);
      if (past.includes(place)) continue;
      this.past.set(child, [...past, place]);
      this.table.children(child, open);
    }
  }

  private pastOfParents(place: number): number[] {
    const parents: number[] = [];
    for (let i = 0; i < PARENTS_MAX; i++) parents.push(this.table.parentAt(place, i));
    return this.union(parents);
  }

  /** The contested transactions in the pasts of `places`, those included. */
  union(places: readonly number[]): number[] {
    const all: number[] = [];
    for (const place of places)
      if (place !== NONE)
        for (const one of this.pastOf(place)) if (!all.includes(one)) all.push(one);
    return all;
  }

  private remember(place: number, past: readonly number[]): void {
    if (past.length > 0) this.past.set(place, past);
  }

  /** Before its place is given away. */
  remove(place: number): void {
    this.leave(place);
    this.outside.delete(place);
    this.past.delete(place);
    if (!this.contested.delete(place)) return;
    for (const [other, past] of this.past) {
      if (!past.includes(place)) continue;
      const left = past.filter((one) => one !== place);
      if (left.length > 0) this.past.set(other, left);
      else this.past.delete(other);
    }
  }
}
