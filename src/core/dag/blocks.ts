// SPDX-License-Identifier: Apache-2.0
/** The latest sealed blocks: always eligible as parents, so that a quiet area never runs out (ledger 4.2). */
import { bytesEqual } from "../codec/bytes.ts";
import { PARENT_BLOCKS_MAX } from "../limits.ts";
import { NONE } from "./handles.ts";
import { ID_BYTES } from "./id-index.ts";

export class ParentBlocks {
  private readonly ids = new Uint8Array(PARENT_BLOCKS_MAX * ID_BYTES);
  private readonly timesMs = new Float64Array(PARENT_BLOCKS_MAX);
  private held = 0;

  get count(): number {
    return this.held;
  }

  get bytes(): number {
    return this.ids.byteLength + this.timesMs.byteLength;
  }

  /** Adds the latest; beyond PARENT_BLOCKS_MAX the oldest goes. */
  add(id: Uint8Array, atMs: number): void {
    if (this.held === PARENT_BLOCKS_MAX) {
      this.ids.copyWithin(0, ID_BYTES);
      this.timesMs.copyWithin(0, 1);
      this.held--;
    }
    this.ids.set(id, this.held * ID_BYTES);
    this.timesMs[this.held++] = atMs;
  }

  /** The place of a block, 0 the oldest; NONE where it is unknown. */
  find(id: Uint8Array): number {
    for (let i = this.held - 1; i >= 0; i--) if (bytesEqual(this.idOf(i), id)) return i;
    return NONE;
  }

  /** A view, valid until the next block. */
  idOf(place: number): Uint8Array {
    return this.ids.subarray(place * ID_BYTES, (place + 1) * ID_BYTES);
  }

  timeMs(place: number): number {
    return this.timesMs[place];
  }
}
