// SPDX-License-Identifier: Apache-2.0
/** Numbers drawn from the entropy port, fetched some at a time: one call for each number would cost more. */
import type { Entropy } from "../crypto/port.ts";

const NUMBER_BYTES = 4;
const NUMBERS = 2 ** 32;

export class Draws {
  private readonly entropy: Entropy;
  private readonly size: number;
  private bytes: Uint8Array = new Uint8Array(0);
  private at = 0;

  /** `numbers`: how many are fetched at a time. */
  constructor(entropy: Entropy, numbers: number) {
    this.entropy = entropy;
    this.size = numbers * NUMBER_BYTES;
  }

  /** An integer below 2^32. */
  next(): number {
    if (this.at === this.bytes.length) {
      this.bytes = this.entropy.bytes(this.size);
      this.at = 0;
    }
    const { bytes, at } = this;
    this.at += NUMBER_BYTES;
    const low = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    return low + bytes[at + 3] * 2 ** 24;
  }

  /** An integer below `count`, each equally likely: a number of the last incomplete round is drawn again. */
  below(count: number): number {
    if (count <= 1) return 0;
    const end = NUMBERS - (NUMBERS % count);
    for (;;) {
      const number = this.next();
      if (number < end) return number % count;
    }
  }

  /** A number from 0 to below 1. */
  unit(): number {
    return this.next() / NUMBERS;
  }
}
