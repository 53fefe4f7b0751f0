// SPDX-License-Identifier: Apache-2.0
/** What the values of the record vectors are made of. */
import type { RecordType } from "#core/codec/record";

/** A vector before it is encoded; `value` is of the type of the record. */
export interface Sample {
  name: string;
  type: RecordType<unknown>;
  value: unknown;
}

/** A sample whose value the compiler checks against its record type. */
export function sample<T>(type: RecordType<T>, name: string, value: T): Sample {
  return { name, type: type as RecordType<unknown>, value };
}

/** `size` bytes: first, first + 1, … modulo 256. */
export function counting(size: number, first: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (first + i) % 256);
}

export const SAFE_MAX: number = Number.MAX_SAFE_INTEGER;
export const U32_MAX = 0xffffffff;
export const U64_MAX: bigint = (1n << 64n) - 1n;
export const COINS_MAX = 1_000_000_000_000_000;
export const NAME_MAX = "forty characters, the most that one has.";
export const net = "street-7";
export const node: Uint8Array = counting(16, 0x10);
export const gateway: Uint8Array = counting(16, 0x20);
export const atMs = 1_767_225_600_000; // 2026-01-01T00:00:00Z
export const hash = (first: number): Uint8Array => counting(32, first);
export const wallet = (first: number): Uint8Array => counting(20, first);
