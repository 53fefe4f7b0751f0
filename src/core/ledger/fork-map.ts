// SPDX-License-Identifier: Apache-2.0
/**
 * A table of the ledger that can be forked: entries that are settled are shared and frozen, and whoever takes
 * one out to change it gets a draft of its own. What is changed on a fork is nobody else's before it is
 * adopted; a fork that is not adopted is just dropped.
 */
import { assert } from "../errors/assert.ts";

export interface ForkMapOptions<T> {
  /** A draft of a settled entry; without it entries are values that nobody changes. */
  copy?(entry: T): T;
  /** Entries can be listed by this; it never changes while an entry is there. */
  groupOf?(entry: T): string;
}

const NONE: ReadonlySet<string> = new Set();

export class ForkMap<T> {
  private readonly options: ForkMapOptions<T>;
  /** Settled entries, shared with all forks; the base alone writes here. */
  private readonly kept: Map<string, T>;
  private readonly keptGroups: Map<string, Set<string>>;
  /** Entries that may differ from the settled ones; undefined: gone. */
  private readonly drafts = new Map<string, T | undefined>();
  /** Keys of drafts that are not settled, by group. */
  private readonly newGroups = new Map<string, Set<string>>();
  private count: number;

  constructor(options: ForkMapOptions<T>, base?: ForkMap<T>) {
    this.options = options;
    this.kept = base ? base.kept : new Map();
    this.keptGroups = base ? base.keptGroups : new Map();
    this.count = this.kept.size;
  }

  get size(): number {
    return this.count;
  }

  has(key: string): boolean {
    return this.peek(key) !== undefined;
  }

  /** The entry, to look at. */
  peek(key: string): Readonly<T> | undefined {
    const draft = this.drafts.get(key);
    if (draft !== undefined || this.drafts.has(key)) return draft;
    return this.kept.get(key);
  }

  /** The entry, to change. */
  get(key: string): T | undefined {
    const draft = this.drafts.get(key);
    if (draft !== undefined || this.drafts.has(key)) return draft;
    const kept = this.kept.get(key);
    if (kept === undefined || !this.options.copy) return kept;
    const copy = this.options.copy(kept);
    this.drafts.set(key, copy);
    return copy;
  }

  set(key: string, entry: T): this {
    if (!this.has(key)) this.count++;
    this.drafts.set(key, entry);
    const group = this.options.groupOf?.(entry);
    if (group !== undefined && !this.kept.has(key)) enter(this.newGroups, group, key);
    return this;
  }

  delete(key: string): boolean {
    const entry = this.peek(key);
    if (entry === undefined) return false;
    this.count--;
    if (this.kept.has(key)) this.drafts.set(key, undefined);
    else {
      this.drafts.delete(key);
      const group = this.options.groupOf?.(entry);
      if (group !== undefined) leave(this.newGroups, group, key);
    }
    return true;
  }

  /** All keys, in no order that anything may depend on. */
  *keys(): IterableIterator<string> {
    for (const key of this.kept.keys())
      if (!this.drafts.has(key) || this.drafts.get(key) !== undefined) yield key;
    for (const [key, draft] of this.drafts)
      if (draft !== undefined && !this.kept.has(key)) yield key;
  }

  /** All entries, to look at. */
  *entries(): IterableIterator<[string, Readonly<T>]> {
    for (const key of this.keys()) yield [key, this.peek(key)!];
  }

  *values(): IterableIterator<Readonly<T>> {
    for (const key of this.keys()) yield this.peek(key)!;
  }

  [Symbol.iterator](): IterableIterator<[string, Readonly<T>]> {
    return this.entries();
  }

  /** The entries of a group, to look at. */
  *group(name: string): IterableIterator<Readonly<T>> {
    for (const key of this.keptGroups.get(name) ?? NONE) {
      const entry = this.peek(key);
      if (entry !== undefined) yield entry;
    }
    for (const key of this.newGroups.get(name) ?? NONE) yield this.peek(key)!;
  }

  /** What differs from the settled entries: key, what is settled, what it has become. */
  *changes(): IterableIterator<[string, Readonly<T> | undefined, Readonly<T> | undefined]> {
    for (const [key, draft] of this.drafts) {
      const kept = this.kept.get(key);
      if (!same(kept, draft)) yield [key, kept, draft];
    }
  }

  /** A fork, whose changes are its own. Everything here is settled. */
  fork(): ForkMap<T> {
    assert(this.drafts.size === 0, "FORK_UNSETTLED");
    return new ForkMap(this.options, this);
  }

  /** Takes over what the fork changed; of this map itself nothing may have changed since. */
  adopt(fork: ForkMap<T>): void {
    assert(fork.kept === this.kept, "FORK_FOREIGN");
    this.discard();
    for (const [key, , entry] of fork.changes()) this.settleOne(key, entry);
    this.count = fork.count;
  }

  /** Changes become what forks share. */
  settle(): void {
    for (const [key, , entry] of this.changes()) this.settleOne(key, entry);
    this.drafts.clear();
    this.newGroups.clear();
  }

  /** Drops drafts that were made to look at. */
  discard(): void {
    for (const [key] of this.changes()) assert(false, "FORK_BASE_CHANGED", key);
    this.drafts.clear();
  }

  private settleOne(key: string, entry: Readonly<T> | undefined): void {
    const { groupOf } = this.options;
    if (entry === undefined) {
      const kept = this.kept.get(key);
      this.kept.delete(key);
      if (groupOf && kept !== undefined) leave(this.keptGroups, groupOf(kept), key);
    } else {
      if (groupOf && !this.kept.has(key)) enter(this.keptGroups, groupOf(entry), key);
      this.kept.set(key, Object.freeze(entry));
    }
  }
}

function enter(groups: Map<string, Set<string>>, name: string, key: string): void {
  const group = groups.get(name);
  if (group) group.add(key);
  else groups.set(name, new Set([key]));
}

function leave(groups: Map<string, Set<string>>, name: string, key: string): void {
  const group = groups.get(name);
  group?.delete(key);
  if (group?.size === 0) groups.delete(name);
}

/** Whether two entries have the same fields. What a field refers to is replaced, never changed. */
function same<T>(a: T | undefined, b: T | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || !a || !b) return false;
  for (const name in a) if (a[name] !== b[name]) return false;
  for (const name in b) if (!(name in a)) return false;
  return true;
}
