// SPDX-License-Identifier: Apache-2.0
/** What lines do to frames, and what additive checksums do not see. */
import type { Rng } from "../property/rng.ts";

export const CORRUPTIONS = Object.freeze([
  "flip",
  "cut",
  "insert",
  "double",
  "swap",
  "burst",
  "balanced",
] as const);
export type Corruption = (typeof CORRUPTIONS)[number];

/** `frame` damaged in a random way of `kinds`; always other bytes than `frame`. */
export function corrupt(
  rng: Rng,
  frame: Uint8Array,
  kinds: readonly Corruption[] = CORRUPTIONS,
): { kind: Corruption; bytes: Uint8Array } {
  for (;;) {
    const kind = rng.pick(kinds);
    const bytes = Uint8Array.from(DAMAGE[kind](rng, Array.from(frame)));
    if (bytes.length !== frame.length || bytes.some((byte, i) => byte !== frame[i]))
      return { kind, bytes };
  }
}

const DAMAGE: Record<Corruption, (rng: Rng, bytes: number[]) => number[]> = {
  /** One to eight bits turned. */
  flip(rng, bytes) {
    for (let i = 1 + rng.below(8); i > 0; i--) bytes[rng.below(bytes.length)] ^= 1 << rng.below(8);
    return bytes;
  },
  /** Bytes missing somewhere. */
  cut(rng, bytes) {
    const at = rng.below(bytes.length);
    bytes.splice(at, 1 + rng.below(bytes.length - at));
    return bytes;
  },
  insert(rng, bytes) {
    bytes.splice(rng.below(bytes.length + 1), 0, ...rng.bytes(1 + rng.below(8)));
    return bytes;
  },
  /** A stretch, or all of it, comes twice. */
  double(rng, bytes) {
    const from = rng.below(2) * rng.below(bytes.length);
    const to = rng.below(2) ? bytes.length : from + 1 + rng.below(bytes.length - from);
    bytes.splice(to, 0, ...bytes.slice(from, to));
    return bytes;
  },
  swap(rng, bytes) {
    const a = rng.below(bytes.length);
    const b = rng.below(bytes.length);
    [bytes[a], bytes[b]] = [bytes[b], bytes[a]];
    return bytes;
  },
  burst(rng, bytes) {
    const at = rng.below(bytes.length);
    rng.bytes(1 + rng.below(6)).forEach((byte, i) => {
      if (at + i < bytes.length) bytes[at + i] = byte;
    });
    return bytes;
  },
  /** One byte more by as much as another is less: no sum of bytes sees it. */
  balanced(rng, bytes) {
    const by = 1 + rng.below(255);
    const a = rng.below(bytes.length);
    const b = rng.below(bytes.length);
    bytes[a] = (bytes[a] + by) & 0xff;
    bytes[b] = (bytes[b] - by) & 0xff;
    return bytes;
  },
};
