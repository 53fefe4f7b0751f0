// SPDX-License-Identifier: Apache-2.0
/**
 * Where in the log the segments of one feed are, by number, in two columns: a checkpoint of a million takes
 * milliseconds, where an object for each took seconds.
 */
import { bytesEqual } from "#core/codec/bytes";

export interface Place {
  readonly id: Uint8Array;
  readonly index: number;
}

const ID_BYTES = 32;
const FIRST_CAPACITY = 64;

export class Places {
  /** The number of the first row, and how many there are. */
  private from = 0;
  private count = 0;
  private ids = new Uint8Array(FIRST_CAPACITY * ID_BYTES);
  /** Index of the entry; 0 where none is known. */
  private indices = new Float64Array(FIRST_CAPACITY);

  get(seq: number): Place | undefined {
    const index = this.indexOf(seq);
    return index === 0 ? undefined : { id: this.idAt(seq - this.from).slice(), index };
  }

  /** Index of its entry; 0 where there is none. */
  indexOf(seq: number): number {
    const row = seq - this.from;
    return row >= 0 && row < this.count ? this.indices[row] : 0;
  }

  has(seq: number, id: Uint8Array): boolean {
    return this.indexOf(seq) !== 0 && bytesEqual(this.idAt(seq - this.from), id);
  }

  set(seq: number, { id, index }: Place): void {
    if (this.count === 0) this.from = seq;
    const from = Math.min(this.from, seq);
    const count = Math.max(this.from + this.count, seq + 1) - from;
    if (from < this.from || count > this.indices.length) this.move(from, count);
    // Numbers in between have not come.
    this.indices.fill(0, this.count, count);
    this.count = count;
    this.indices[seq - from] = index;
    this.ids.set(id, (seq - from) * ID_BYTES);
  }

  /** Those whose entries are before `index` are forgotten, from the first on. */
  forget(index: number): void {
    let gone = 0;
    while (gone < this.count && this.indices[gone] < index) gone++;
    if (gone === 0) return;
    const [ids, indices] = [this.ids, this.indices];
    this.from += gone;
    this.count -= gone;
    this.allot(this.count);
    this.ids.set(ids.subarray(gone * ID_BYTES, (gone + this.count) * ID_BYTES));
    this.indices.set(indices.subarray(gone, gone + this.count));
  }

  /** The rows begin at `from`, and there is room for `count`. */
  private move(from: number, count: number): void {
    const [ids, indices, shift] = [this.ids, this.indices, this.from - from];
    this.allot(Math.max(count, 2 * this.count));
    this.ids.set(ids.subarray(0, this.count * ID_BYTES), shift * ID_BYTES);
    this.indices.set(indices.subarray(0, this.count), shift);
    this.from = from;
    this.count += shift;
  }

  private allot(count: number): void {
    const capacity = Math.max(FIRST_CAPACITY, count);
    this.ids = new Uint8Array(capacity * ID_BYTES);
    this.indices = new Float64Array(capacity);
  }

  private idAt(row: number): Uint8Array {
    return this.ids.subarray(row * ID_BYTES, (row + 1) * ID_BYTES);
  }
}
