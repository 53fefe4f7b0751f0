// SPDX-License-Identifier: Apache-2.0
/**
 * A gateway's disk: the chain, of which the end may not be synced, and the consensus state, which always
 * is.
 */
import type { Block } from "#gateway/consensus/types";
import type { Loss } from "../plan.ts";

export interface KeptBlock {
  block: Block;
  atMs: number;
  certificate: Uint8Array;
}

export class Disk {
  /** By height. */
  chain: KeptBlock[] = [];
  state: Uint8Array | undefined;
  /** The key on it was used before. */
  used = false;
  private synced = 0;

  append(block: KeptBlock): void {
    this.chain.push(block);
  }

  /** fsync: of the state, and of the chain before it. */
  persist(state: Uint8Array): void {
    this.state = state;
    this.used = true;
    this.synced = this.chain.length;
  }

  crash(loss: Loss): void {
    if (loss === "nothing") return;
    this.chain.length = this.synced;
    if (loss === "state" && this.state) {
      this.state = this.state.slice();
      this.state[this.state.length >> 1] ^= 0x10;
    }
    if (loss !== "disk") return;
    this.chain = [];
    this.state = undefined;
    this.synced = 0;
  }
}
