// SPDX-License-Identifier: Apache-2.0
/** Where in the log the turns and segments are, for gateways that are behind. */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { assert } from "#core/errors/assert";
import type { LogStore } from "../ports.ts";
import { type Place, Places } from "./places.ts";
import type { CheckedSegment } from "./segments.ts";

export class Archive {
  private readonly store: LogStore;
  /** Index of the entry of each turn from `first` on. */
  private turns: number[] = [];
  private first = 0;
  /** The same of the segments of each gateway (hex), by number. */
  private readonly segments = new Map<string, Places>();
  /** Others of the same number, which a gateway that lies signed. */
  private readonly forks = new Map<string, Place[]>();

  constructor(store: LogStore) {
    this.store = store;
  }

  /** Whether the log has nothing that this gateway fed, or took in with others. */
  get isEmpty(): boolean {
    return this.first + this.turns.length === 0 && this.segments.size === 0;
  }

  /** The log begins with a state: turns from this height on are in it. */
  begin(height: number): void {
    this.first = height;
  }

  addTurn(height: number, index: number): void {
    assert(height === this.first + this.turns.length, "TURN_ORDER", String(height));
    this.turns.push(index);
  }

  /** Entries before `index` are no longer in the log. */
  forget(index: number): void {
    const kept = this.turns.findIndex((at) => at >= index);
    const gone = kept < 0 ? this.turns.length : kept;
    this.turns = this.turns.slice(gone);
    this.first += gone;
    for (const known of this.segments.values()) known.forget(index);
    for (const [key, others] of this.forks) {
      const left = others.filter((other) => other.index >= index);
      if (left.length > 0) this.forks.set(key, left);
      else this.forks.delete(key);
    }
  }

  /** Of two of one number the later is the one that others get, until a turn takes one in. */
  addSegment(gateway: string, seq: number, id: Uint8Array, index: number): void {
    let known = this.segments.get(gateway);
    if (!known) this.segments.set(gateway, (known = new Places()));
    const before = known.get(seq);
    known.set(seq, { id, index });
    if (before && !bytesEqual(before.id, id)) this.forksAt(gateway, seq).push(before);
  }

  /** A turn took this one in. */
  chose(gateway: string, seq: number, id: Uint8Array): void {
    const known = this.segments.get(gateway);
    const before = known?.get(seq);
    if (!known || !before || bytesEqual(before.id, id)) return;
    const others = this.forksAt(gateway, seq);
    const at = others.findIndex((other) => bytesEqual(other.id, id));
    if (at < 0) return;
    known.set(seq, others[at]);
    others[at] = before;
  }

  private forksAt(gateway: string, seq: number): Place[] {
    const key = `${gateway} ${seq}`;
    let others = this.forks.get(key);
    if (!others) this.forks.set(key, (others = []));
    return others;
  }

  holds({ signed: { id, value } }: CheckedSegment): boolean {
    return this.hasSegment(toHex(value.gateway), value.seq, id);
  }

  hasSegment(gateway: string, seq: number, id: Uint8Array): boolean {
    if (this.segments.get(gateway)?.has(seq, id)) return true;
    const others = this.forks.get(`${gateway} ${seq}`);
    return !!others && others.some((other) => bytesEqual(other.id, id));
  }

  /** The entry of the turn at this height, as it was packed; undefined where there is none. */
  turn(height: number): Uint8Array | undefined {
    return this.at(this.turns[height - this.first]);
  }

  /** With `id` the one that has it, and otherwise the one that others get. */
  segment(gateway: string, seq: number, id?: Uint8Array): Uint8Array | undefined {
    const known = this.segments.get(gateway);
    if (!id || known?.has(seq, id)) return this.at(known?.indexOf(seq));
    const others = this.forks.get(`${gateway} ${seq}`);
    return this.at(others?.find((other) => bytesEqual(other.id, id))?.index);
  }

  private at(index: number | undefined): Uint8Array | undefined {
    if (!index) return undefined;
    for (const entry of this.store.read(index))
      return entry.index === index ? entry.bytes : undefined;
    return undefined;
  }
}
