// SPDX-License-Identifier: Apache-2.0
/**
 * From a 32-byte id to its handle: open addressing with linear probing, at most half full. Ids are hashes, so
 * that their first four bytes are the key as they are; whoever grinds ids into one place pays 2^20 hashes for
 * each in a table of a million, and may say one a tick.
 */
import { type Handles, handleColumn, NONE } from "./handles.ts";

export const ID_BYTES = 32;

interface IdColumn {
  readonly ids: Uint8Array;
}

export class IdIndex {
  /** Ids by handle, one after the other; the graph owns and fills them. Not held by themselves: a state that
   * is handed on keeps which objects are one, and not which byte strings are. */
  private readonly columns: IdColumn;
  private readonly places: Handles;
  private readonly mask: number;

  /** For `capacity` handles, a power of two, whose column keeps handles below `limit`. */
  constructor(columns: IdColumn, capacity: number, limit: number) {
    this.columns = columns;
    this.places = handleColumn(limit, 2 * capacity).fill(NONE);
    this.mask = 2 * capacity - 1;
  }

  get bytes(): number {
    return this.places.byteLength;
  }

  /** The handle of `id`, or NONE. */
  find(id: Uint8Array): number {
    const { places, mask } = this;
    for (let at = keyOf(id, 0) & mask; ; at = (at + 1) & mask) {
      const handle = places[at];
      if (handle === NONE || this.same(handle, id)) return handle;
    }
  }

  private same(handle: number, id: Uint8Array): boolean {
    const { ids } = this.columns;
    const base = handle * ID_BYTES;
    for (let i = 0; i < ID_BYTES; i++) if (ids[base + i] !== id[i]) return false;
    return true;
  }

  /** Enters `handle` by its id in the column of ids; it is not there yet. */
  add(handle: number): void {
    let at = this.homeOf(handle);
    while (this.places[at] !== NONE) at = (at + 1) & this.mask;
    this.places[at] = handle;
  }

  private homeOf(handle: number): number {
    return keyOf(this.columns.ids, handle * ID_BYTES) & this.mask;
  }

  /** Takes `handle` out, and moves up what it kept from its home: there are no tombstones. */
  remove(handle: number): void {
    const { places, mask } = this;
    let hole = this.homeOf(handle);
    while (places[hole] !== handle) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; places[at] !== NONE; at = (at + 1) & mask) {
      const distance = (at - this.homeOf(places[at])) & mask;
      if (distance < ((at - hole) & mask)) continue; // its home is after the hole
      places[hole] = places[at];
      hole = at;
    }
    places[hole] = NONE;
  }
}

function keyOf(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}
