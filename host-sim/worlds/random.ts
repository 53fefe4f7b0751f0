// SPDX-License-Identifier: Apache-2.0
/** Seeded random integers for worlds; the same seed gives the same integers on every engine. */

export interface Random {
  /** The next 32-bit word, 0 … 2^32 − 1. */
  uint32(): number;
  /** The next word as a fraction in [0, 1); for drawing and tests, never for energy. */
  next(): number;
  /** A whole number in 0 … below − 1; below from 1 to 2^20 (the bias is then below 2^-12). */
  below(below: number): number;
}

/** Mulberry32 (T. Ettinger, public domain): 32 bits of state, period 2^32. */
export function mulberry32(seed: number): Random {
  let a = seed >>> 0;
  const uint32 = (): number => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  return {
    uint32,
    next: () => uint32() / 2 ** 32,
    below: (below) => {
      if (!Number.isSafeInteger(below) || below < 1 || below > 2 ** 20) {
        throw new RangeError(`below must be a whole number from 1 to 2^20, is ${below}`);
      }
      // The product is below 2^52, so the floor of this division by a power of two is exact.
      return Math.floor((uint32() * below) / 2 ** 32);
    },
  };
}

/**
 * An independent stream for each list of labels, so that home 7's day 30 does not depend on how
 * many homes or days are asked for. Labels are mixed by the finaliser of MurmurHash3 (A. Appleby,
 * public domain).
 */
export function randomStream(seed: number, ...labels: readonly number[]): Random {
  let state = seed >>> 0;
  for (const label of [Math.floor(seed / 2 ** 32), ...labels]) {
    state = (Math.imul(state, 0x9e3779b1) ^ (label >>> 0)) >>> 0;
    state = Math.imul(state ^ (state >>> 16), 0x85ebca6b) >>> 0;
    state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35) >>> 0;
    state = (state ^ (state >>> 16)) >>> 0;
  }
  return mulberry32(state);
}
