// SPDX-License-Identifier: Apache-2.0
/**
 * Pauses with full jitter: anywhere between nothing and the ceiling, so that a thousand meters whose power
 * or broker comes back at once do not come back at once.
 */
import type { Entropy } from "#core/crypto/port";

/** 1 to `ceilingMs` ms, each equally likely within one part in 2^32. */
export function fullJitter(entropy: Entropy, ceilingMs: number): number {
  const [a, b, c, d] = entropy.bytes(4);
  const share = (a * 0x1000000 + b * 0x10000 + c * 0x100 + d) / 0x100000000;
  return Math.floor(share * ceilingMs) + 1;
}

/** The ceiling before attempt `failures` + 1: doubled by every failure, up to `mostMs`. */
export function ceilingMs(firstMs: number, mostMs: number, failures: number): number {
  // Beyond 2^20 any first pause has passed any cap; the power stays an integer.
  return Math.min(mostMs, firstMs * 2 ** Math.min(failures, 20));
}
