// SPDX-License-Identifier: Apache-2.0
/**
 * What a node heard before its parents (ledger S13): it waits, for a bounded time and in bounded space, and
 * comes out when its last parent is there. Each is a row of one buffer: eight objects would take 6 KB of a
 * chip.
 */
import { bytesEqual } from "#core/codec/bytes";
import type { Arrival } from "#core/dag/graph";
import { ID_BYTES } from "#core/dag/id-index";
import { PARENTS_MAX } from "#core/limits";

/** One that was heard: what the graph keeps, and its bytes where the node is to look at it. */
export interface Waiting {
  arrival: Arrival;
  payload?: Uint8Array;
}

export interface WaitingOptions {
  countMax: number;
  /** Of all payloads. What would be more is kept without its payload. */
  bytesMax: number;
  /** How long one waits, ms of the caller's clock. */
  timeoutMs: number;
}

/** Fields of a row, and where they begin. */
const STAMP = 0;
const UNTIL = 8;
const SEQ = 16;
const AUTHOR = 24;
const PARENTS = 26;
const ID = 27;
const ROW = ID + (1 + PARENTS_MAX) * ID_BYTES;

export class WaitingPool {
  private readonly options: WaitingOptions;
  /** Rows in the order of arrival; made when the first one waits. */
  private rows: Uint8Array = new Uint8Array(0);
  private view: DataView = new DataView(this.rows.buffer);
  private readonly payloads: (Uint8Array | undefined)[] = [];

  constructor(options: WaitingOptions) {
    this.options = options;
  }

  get count(): number {
    return this.payloads.length;
  }

  /** Takes one, once; where there is no room, the one that waited longest is given up. */
  add({ arrival, payload }: Waiting, nowMs: number): void {
    const { payloads, options } = this;
    const { id, parents, stampMs, author, seq } = arrival;
    if (this.rows.length === 0) {
      this.rows = new Uint8Array(options.countMax * ROW);
      this.view = new DataView(this.rows.buffer);
    }
    const { rows, view } = this;
    for (let place = 0; place < this.count; place++)
      if (bytesEqual(this.idAt(place, 0), id)) return;
    if (this.count === options.countMax) this.drop(0);
    const row = this.count * ROW;
    view.setFloat64(row + STAMP, stampMs);
    view.setFloat64(row + UNTIL, nowMs + options.timeoutMs);
    view.setFloat64(row + SEQ, seq);
    view.setUint16(row + AUTHOR, author);
    rows[row + PARENTS] = parents.length;
    rows.set(id, row + ID);
    for (let i = 0; i < parents.length; i++) rows.set(parents[i], row + ID + (i + 1) * ID_BYTES);
    let bytes = payload?.length ?? 0;
    for (const held of payloads) bytes += held?.length ?? 0;
    payloads.push(bytes > options.bytesMax ? undefined : payload);
  }

  /** `id` is there: those that waited for it, and now for nothing else, come out in the order of arrival. */
  arrived(id: Uint8Array, known: (id: Uint8Array) => boolean): Waiting[] {
    const out: Waiting[] = [];
    for (let place = 0; place < this.count; ) {
      if (!this.isRipe(place, id, known)) place++;
      else {
        out.push(this.at(place));
        this.drop(place);
      }
    }
    return out;
  }

  /** Gives up those that waited too long. */
  expire(nowMs: number): void {
    while (this.count > 0 && this.view.getFloat64(UNTIL) <= nowMs) this.drop(0);
  }

  private isRipe(place: number, id: Uint8Array, known: (id: Uint8Array) => boolean): boolean {
    const parents = this.rows[place * ROW + PARENTS];
    let waited = false;
    for (let i = 1; i <= parents; i++) {
      const parent = this.idAt(place, i);
      if (bytesEqual(parent, id)) waited = true;
      else if (!known(parent)) return false;
    }
    return waited;
  }

  /** The id of a row (0), or of one of its parents; a view. */
  private idAt(place: number, which: number): Uint8Array {
    const at = place * ROW + ID + which * ID_BYTES;
    return this.rows.subarray(at, at + ID_BYTES);
  }

  private at(place: number): Waiting {
    const { rows, view, payloads } = this;
    const row = place * ROW;
    const parents: Uint8Array[] = [];
    for (let i = 1; i <= rows[row + PARENTS]; i++) parents.push(this.idAt(place, i).slice());
    const arrival = {
      id: this.idAt(place, 0).slice(),
      parents,
      stampMs: view.getFloat64(row + STAMP),
      author: view.getUint16(row + AUTHOR),
      seq: view.getFloat64(row + SEQ),
    };
    return { arrival, payload: payloads[place] };
  }

  private drop(place: number): void {
    this.rows.copyWithin(place * ROW, (place + 1) * ROW, this.count * ROW);
    this.payloads.splice(place, 1);
  }
}
