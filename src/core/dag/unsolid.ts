// SPDX-License-Identifier: Apache-2.0
/**
 * Transactions that came before their parents (ledger S13): they wait, for a bounded time and in bounded
 * space, and come out parents first, so that the order of arrival makes no difference (invariant I18).
 * Nothing here knows what a transaction is: its caller checks each one when it comes out.
 *
 * Found by scanning: a node holds eight, and a gateway's thousands cost microseconds while something is
 * missing.
 */
import { bytesEqual } from "../codec/bytes.ts";
import { assert } from "../errors/assert.ts";

/** One that waits; `item` is the caller's, as `bytes` long as it says. */
export interface Unsolid<T> {
  id: Uint8Array;
  parents: readonly Uint8Array[];
  bytes: number;
  item: T;
}

interface Held<T> extends Unsolid<T> {
  /** Bit i: parent i is not here. */
  waits: number;
  untilMs: number;
}

export interface UnsolidOptions {
  countMax: number;
  bytesMax: number;
  /** How long one waits, ms of the caller's clock (protocol time or uptime). */
  timeoutMs: number;
}

export class UnsolidPool<T> {
  private readonly options: UnsolidOptions;
  /** In the order of arrival. */
  private held: Held<T>[] = [];
  private heldBytes = 0;

  constructor(options: UnsolidOptions) {
    assert(options.countMax >= 1 && options.timeoutMs > 0, "UNSOLID_OPTIONS");
    this.options = options;
  }

  get count(): number {
    return this.held.length;
  }

  get bytes(): number {
    return this.heldBytes;
  }

  has(id: Uint8Array): boolean {
    return this.held.some((one) => bytesEqual(one.id, id));
  }

  /**
   * Takes one of whose parents `known` misses some. Where the bounds are reached, those that waited longest
   * make room and are returned; so is the new one, if it is too large or already here.
   */
  add(one: Unsolid<T>, known: (id: Uint8Array) => boolean, nowMs: number): T[] {
    const { countMax, bytesMax, timeoutMs } = this.options;
    let waits = 0;
    one.parents.forEach((parent, i) => {
      if (!known(parent)) waits |= 1 << i;
    });
    assert(waits !== 0, "UNSOLID_SOLID");
    if (one.bytes > bytesMax || this.has(one.id)) return [one.item];
    const dropped: T[] = [];
    while (this.held.length >= countMax || this.heldBytes + one.bytes > bytesMax)
      dropped.push(this.drop(0));
    this.held.push({ ...one, waits, untilMs: nowMs + timeoutMs });
    this.heldBytes += one.bytes;
    return dropped;
  }

  private drop(place: number): T {
    const [one] = this.held.splice(place, 1);
    this.heldBytes -= one.bytes;
    return one.item;
  }

  /**
   * `id` is in the DAG, or is a sealed block: those that waited for nothing else come out, in the order of
   * arrival. The caller checks and adds each, and says so here in turn.
   */
  arrived(id: Uint8Array): T[] {
    return this.take(id, (one) => one.waits === 0);
  }

  /** `id` is invalid: all that approve it, directly or not, are so too (V4) and come out. */
  refused(id: Uint8Array): T[] {
    const dropped: T[] = [];
    const queue = [id];
    for (let next = queue.pop(); next; next = queue.pop()) {
      const ids: Uint8Array[] = [];
      dropped.push(...this.take(next, () => true, ids));
      queue.push(...ids);
    }
    return dropped;
  }

  /** Takes out those that waited for `id` and that `ripe` chooses; what stays no longer waits for it. */
  private take(id: Uint8Array, ripe: (one: Held<T>) => boolean, ids: Uint8Array[] = []): T[] {
    const items: T[] = [];
    this.held = this.held.filter((one) => {
      const before = one.waits;
      one.parents.forEach((parent, i) => {
        if ((one.waits & (1 << i)) !== 0 && bytesEqual(parent, id)) one.waits &= ~(1 << i);
      });
      if (one.waits === before || !ripe(one)) return true;
      items.push(one.item);
      ids.push(one.id);
      this.heldBytes -= one.bytes;
      return false;
    });
    return items;
  }

  /** Ids to ask others for, longest missing first: those that are not among the waiting themselves. */
  missing(most: number): Uint8Array[] {
    const found: Uint8Array[] = [];
    for (const { parents, waits } of this.held)
      for (let i = 0; i < parents.length && found.length < most; i++) {
        const id = parents[i];
        if ((waits & (1 << i)) === 0 || this.has(id)) continue;
        if (!found.some((other) => bytesEqual(other, id))) found.push(id);
      }
    return found;
  }

  /** When the next one has waited too long; undefined while none waits. */
  get dueMs(): number | undefined {
    return this.held.length > 0 ? this.held[0].untilMs : undefined;
  }

  /** Gives up those that waited too long, and returns them. */
  expire(nowMs: number): T[] {
    const dropped: T[] = [];
    while (this.held.length > 0 && this.held[0].untilMs <= nowMs) dropped.push(this.drop(0));
    return dropped;
  }
}
