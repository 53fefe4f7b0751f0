// SPDX-License-Identifier: Apache-2.0
/** Who may vote in an epoch, and how many votes accept a transaction (ledger 4.5, S4). */
import { compareBytes } from "../codec/bytes.ts";
import type { Epoch } from "../records/epoch.ts";

/** The members of one epoch: each has a bit of every count. */
export interface Electorate {
  readonly epoch: number;
  /** Members. */
  readonly n: number;
  /** The bit of `node`, 0 to n - 1; -1 for somebody else. */
  indexOf(node: Uint8Array): number;
  nodeAt(index: number): Uint8Array;
}

/** f = ⌊(n − 1) / 3⌋: how many members may break the rules. */
export function toleratedOf(n: number): number {
  return n < 1 ? 0 : Math.floor((n - 1) / 3);
}

/**
 * ⌊(n + f) / 2⌋ + 1: two sets of so many members share more than f of them, so that one at least who keeps
 * the rules would have to be in both.
 */
export function thresholdOf(n: number): number {
  return Math.floor((n + toleratedOf(n)) / 2) + 1;
}

/** That of an epoch record. It keeps the record's list, which ascends by id. */
export class EpochElectorate implements Electorate {
  readonly epoch: number;
  private readonly members: Epoch["members"];

  constructor({ epoch, members }: Pick<Epoch, "epoch" | "members">) {
    this.epoch = epoch;
    this.members = members;
  }

  get n(): number {
    return this.members.length;
  }

  nodeAt(index: number): Uint8Array {
    return this.members[index].node;
  }

  indexOf(node: Uint8Array): number {
    const { members } = this;
    let low = 0;
    let high = members.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = compareBytes(members[middle].node, node);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}

export function electorateOf(epoch: Pick<Epoch, "epoch" | "members">): Electorate {
  return new EpochElectorate(epoch);
}
