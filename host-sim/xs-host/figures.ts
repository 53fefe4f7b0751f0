// SPDX-License-Identifier: Apache-2.0
//
// What a node is created with, and what xs-host tells of it.

/** Memory and limits of one node, in the terms of a Moddable manifest's `creation`. */
export interface XsCreation {
  /** One arena for chunks, slots and stack, as on the device. Without it: malloc, up to 64 MB. */
  readonly staticBytes?: number;
  readonly chunkInitial: number;
  readonly chunkIncremental: number;
  /** Slots, not bytes; likewise the next two. A slot has 16 bytes in 32 bits, 32 in 64. */
  readonly heapInitial: number;
  readonly heapIncremental: number;
  readonly stackSlots: number;
  /** Fixed number of property names a node may add; without it they grow (to about 40,000). */
  readonly keys?: number;
  /** Bytecodes that one event, or the entry module's body, may take. Default 2,000,000,000. */
  readonly meterLimit?: number;
}

export type XsState = "free" | "ready" | "failed";

export interface XsStats {
  readonly state: XsState;
  /** Why the node failed, else empty. */
  readonly reason: string;
  /** Slots in use (with garbage not yet collected; see `stats(node, {collect: true})`). */
  readonly slots: number;
  readonly slotsPeak: number;
  readonly slotsReserved: number;
  /** Bytes of one slot: 16 or 32. */
  readonly slotBytes: number;
  readonly chunkBytes: number;
  readonly chunkBytesPeak: number;
  readonly chunkBytesReserved: number;
  readonly stackSlots: number;
  readonly stackPeak: number;
  readonly collections: number;
  /** Bytecodes since the node was created. */
  readonly meter: number;
  readonly meterLast: number;
  /** Property names that the node added to those of the shared root. */
  readonly keys: number;
  /** Bytes taken from the arena, or from malloc where there is none. */
  readonly arenaBytes: number;
}

const states: readonly XsState[] = ["free", "ready", "failed"];

/** Refuses sizes that the engine would not survive, naming the field. */
export function checkCreation(creation: XsCreation): void {
  const least: Partial<Record<keyof XsCreation, number>> = {
    staticBytes: 0,
    chunkInitial: 64,
    chunkIncremental: 0,
    heapInitial: 8,
    heapIncremental: 0,
    stackSlots: 32,
    keys: 0,
    meterLimit: 1,
  };
  for (const [key, min] of Object.entries(least)) {
    const value = creation[key as keyof XsCreation];
    if (value === undefined && !["staticBytes", "keys", "meterLimit"].includes(key)) {
      throw new TypeError(`xs-host: creation.${key} is missing`);
    }
    const max = key === "meterLimit" ? Number.MAX_SAFE_INTEGER : 2 ** 30;
    if (value !== undefined && !(Number.isInteger(value) && value >= min && value <= max)) {
      throw new RangeError(`xs-host: creation.${key} is ${value}; it must be an integer >= ${min}`);
    }
  }
}

/** Reads a STATS frame; c/host.h has the figures in the same order. */
export function parseStats(data: Buffer, mapLines: (text: string) => string): XsStats {
  const value = (i: number) => data.readDoubleLE(5 + 8 * i);
  return {
    state: states[data[4]!] ?? "free",
    reason: mapLines(data.toString("utf8", 5 + 8 * 14)),
    slots: value(0),
    slotsPeak: value(1),
    slotsReserved: value(2),
    slotBytes: value(3),
    chunkBytes: value(4),
    chunkBytesPeak: value(5),
    chunkBytesReserved: value(6),
    stackSlots: value(7),
    stackPeak: value(8),
    collections: value(9),
    meter: value(10),
    meterLast: value(11),
    keys: value(12),
    arenaBytes: value(13),
  };
}
