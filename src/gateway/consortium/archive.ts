// SPDX-License-Identifier: Apache-2.0
/** Where in the log the turns and segments are, for gateways that are behind. */
import { bytesEqual } from "#core/codec/bytes";
import { assert } from "#core/errors/assert";
import type { LogStore } from "../ports.ts";

export class Archive {
  private readonly store: LogStore;
  /** Index of the entry of each turn. */
  private readonly turns: number[] = [];
  /** The same of the segments of each gateway (hex), by number. */
  private readonly segments = new Map<string, Map<number, { id: Uint8Array; index: number }>>();

  constructor(store: LogStore) {
    this.store = store;
  }

  addTurn(height: number, index: number): void {
    assert(height === this.turns.length, "TURN_ORDER", String(height));
    this.turns.push(index);
  }

  /** Of two of one number the later: a turn took it in. */
  addSegment(gateway: string, seq: number, id: Uint8Array, index: number): void {
    let known = this.segments.get(gateway);
    if (!known) this.segments.set(gateway, (known = new Map()));
    known.set(seq, { id, index });
  }

  hasSegment(gateway: string, seq: number, id: Uint8Array): boolean {
    const known = this.segments.get(gateway)?.get(seq);
    return known !== undefined && bytesEqual(known.id, id);
  }

  /** The entry of the turn at this height, as it was packed; undefined where there is none. */
  turn(height: number): Uint8Array | undefined {
    return this.at(this.turns[height]);
  }

  segment(gateway: string, seq: number): Uint8Array | undefined {
    return this.at(this.segments.get(gateway)?.get(seq)?.index);
  }

  private at(index: number | undefined): Uint8Array | undefined {
    if (index === undefined) return undefined;
    for (const entry of this.store.read(index)) return entry.bytes;
    return undefined;
  }
}
