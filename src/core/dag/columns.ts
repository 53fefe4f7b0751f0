// SPDX-License-Identifier: Apache-2.0
/** What a graph keeps of its transactions, a column for each field, in one buffer. */
import { type Handles, handleBytes, handleColumn } from "./handles.ts";
import { ID_BYTES } from "./id-index.ts";

/** Fields of one row of links. */
export const Link = Object.freeze({
  /** Handles of the two parents, or NONE, BLOCK, GONE. */
  parent: 0,
  /** The next approver of the same parent, for each of the two parents. */
  next: 2,
  /** The latest approver; of a free handle the next free one. */
  first: 4,
  /** Slot in the window of weights, as long as that holds the handle. */
  slot: 5,
});
export const LINKS = 6;

/** The parent is a sealed block. */
export const BLOCK = -2;
/** The parent was here and is forgotten: it was too old. */
export const GONE = -3;

/** Bits of a transaction's flags. */
export const Flag = Object.freeze({ present: 1, sealed: 2, leaving: 4 });

export interface Columns {
  timesMs: Float64Array;
  seqs: Uint32Array;
  links: Handles;
  authors: Uint8Array | Uint16Array;
  ids: Uint8Array;
  flags: Uint8Array;
}

/** Columns for `capacity` transactions, a multiple of 8; handles stay below `limit`. */
export function columns(capacity: number, limit: number, authors: number): Columns {
  const handle = handleBytes(limit);
  const author = authors <= 256 ? 1 : 2;
  // The widest first, so that each begins at a multiple of its own width.
  const row = 8 + 4 + LINKS * handle + author + ID_BYTES + 1;
  const buffer = new ArrayBuffer(capacity * row);
  let offset = 0;
  const take = (bytes: number): number => {
    const at = offset;
    offset += bytes * capacity;
    return at;
  };
  const timesMs = new Float64Array(buffer, take(8), capacity);
  const seqs = new Uint32Array(buffer, take(4), capacity);
  const links = handleColumn(limit, LINKS * capacity, buffer, take(LINKS * handle));
  const at = take(author);
  return {
    ...{ timesMs, seqs, links },
    authors:
      author === 1 ? new Uint8Array(buffer, at, capacity) : new Uint16Array(buffer, at, capacity),
    ids: new Uint8Array(buffer, take(ID_BYTES), ID_BYTES * capacity),
    flags: new Uint8Array(buffer, take(1), capacity),
  };
}

/** Copies what `from` holds into the larger `to`. */
export function copyColumns(from: Columns, to: Columns): void {
  to.timesMs.set(from.timesMs);
  to.seqs.set(from.seqs);
  to.links.set(from.links);
  to.authors.set(from.authors);
  to.ids.set(from.ids);
  to.flags.set(from.flags);
}
