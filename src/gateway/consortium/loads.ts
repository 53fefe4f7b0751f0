// SPDX-License-Identifier: Apache-2.0
/**
 * How much of each feed a turn takes in. All gateways log and execute what one collected, so that a turn is
 * bounded in messages and in bytes, and each gateway's part of it in bytes: one that lies fills its own.
 */
import { TURN_BYTES_MAX, TURN_ENTRIES_MAX } from "#core/limits";
import type { CheckedSegment } from "./segments.ts";

/** Of a turn, or of one gateway in it. */
export interface Load {
  readonly segments: number;
  readonly entries: number;
  /** Of the segments as they are logged and sent. */
  readonly bytes: number;
}

export const NO_LOAD: Load = Object.freeze({ segments: 0, entries: 0, bytes: 0 });

export function plus(load: Load, { signed, bytes }: CheckedSegment): Load {
  return {
    segments: load.segments + 1,
    entries: load.entries + signed.value.entries.length,
    bytes: load.bytes + bytes.length,
  };
}

export function sum(a: Load, b: Load): Load {
  const { segments, entries, bytes } = b;
  return {
    segments: a.segments + segments,
    entries: a.entries + entries,
    bytes: a.bytes + bytes,
  };
}

/** Whether one of so many gateways may have so much in a turn: its part of the bytes, or one segment. */
export function isFair({ segments, bytes }: Load, gateways: number): boolean {
  return segments <= 1 || bytes * gateways <= TURN_BYTES_MAX;
}

/** Whether a turn may have so much in all. */
export function fits({ entries, bytes }: Load): boolean {
  return entries <= TURN_ENTRIES_MAX && bytes <= TURN_BYTES_MAX;
}

/** Which part of a turn it takes, of what it takes most of. */
export function weightOf({ entries, bytes }: Load): number {
  return Math.max(entries / TURN_ENTRIES_MAX, bytes / TURN_BYTES_MAX);
}
