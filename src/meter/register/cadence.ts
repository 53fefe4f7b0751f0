// SPDX-License-Identifier: Apache-2.0
/** When changed registers are written to flash, and how long flash lasts with it. */
import { SAVE_MAX_MS, SAVE_MIN_MS, SAVE_QUANTUM_MWH } from "#core/limits-device";

/** Whether `changedMwh` of energy since the last write, `elapsedMs` ago, is worth the next one. */
export function saveDue(changedMwh: bigint, elapsedMs: number): boolean {
  if (elapsedMs < SAVE_MIN_MS) return false;
  return changedMwh >= SAVE_QUANTUM_MWH || elapsedMs >= SAVE_MAX_MS;
}

/** Time between two writes at a steady power, ms; 0 mW: never, as Infinity. */
export function saveEveryMs(powerMw: number): number {
  if (powerMw === 0) return Number.POSITIVE_INFINITY;
  const power = BigInt(powerMw);
  const quantumMs = Number((SAVE_QUANTUM_MWH * 3_600_000n + power - 1n) / power); // rounded up
  return Math.min(SAVE_MAX_MS, Math.max(SAVE_MIN_MS, quantumMs));
}

/** Something that writes a value of `bytes` to flash every `everyMs`. */
export interface FlashLoad {
  bytes: number;
  everyMs: number;
}

const YEAR_MS = 365 * 86_400_000;

/**
 * Years that the key-value store of ESP-IDF (NVS, "Structure of entries") lasts: pages of 4 KB with 126
 * entries of 32 bytes, one page always empty; a blob takes its data, a header of the chunk and an index.
 * What the store moves when it frees a page is not in it: little, where the store is mostly empty.
 */
export function flashYears(
  partitionBytes: number,
  loads: readonly FlashLoad[],
  eraseCycles = 100_000,
): number {
  const pages = Math.floor(partitionBytes / 4096) - 1;
  let entriesPerYear = 0;
  for (const { bytes, everyMs } of loads)
    entriesPerYear += (2 + Math.ceil(bytes / 32)) * (YEAR_MS / everyMs);
  return (pages * 126 * eraseCycles) / entriesPerYear;
}
