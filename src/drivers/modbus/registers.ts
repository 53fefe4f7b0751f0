// SPDX-License-Identifier: Apache-2.0
/** What one round of reads brought, by register address. */
import { assert } from "#core/errors/assert";
import { u16be } from "../wire/bytes.ts";
import type { Block } from "./frame.ts";

/** One block as it was read: two bytes a register, high byte first. */
export interface ReadBlock extends Block {
  data: Uint8Array;
}

/** What one round read, by register address. */
export class Registers {
  private readonly blocks: readonly ReadBlock[];

  constructor(blocks: readonly ReadBlock[]) {
    this.blocks = blocks;
  }

  /** Register `register`, 0 to 65535; one that was not read is a caller's bug. */
  word(register: number): number {
    for (const { start, count, data } of this.blocks)
      if (register >= start && register < start + count) return u16be(data, 2 * (register - start));
    assert(false, "MODBUS_REGISTER", `${register} was not read`);
  }

  /** Two registers from `register`, the high word in the first: 0 to 2³²−1. */
  highFirst(register: number): number {
    return this.word(register) * 0x10000 + this.word(register + 1);
  }

  /** Two registers from `register`, the low word in the first: 0 to 2³²−1. */
  lowFirst(register: number): number {
    return this.word(register + 1) * 0x10000 + this.word(register);
  }

  has(register: number): boolean {
    return this.blocks.some(({ start, count }) => register >= start && register < start + count);
  }
}
