// SPDX-License-Identifier: Apache-2.0
/** Raw NOR flash for the witness logs of simulated nodes: sectors that were never written take no memory. */
import type { KeyValueStore } from "#meter/ports";
import type { FlashRegion } from "#meter/witness/ports";

const SECTOR_BYTES = 4096;
/** As much as the log asks for at least: 64 KB. */
const SECTORS = 16;
const ERASED = new Uint8Array(SECTOR_BYTES).fill(0xff);

/**
 * A region over `store`, one key a sector; as durable as that. Nobody else may write these keys: what was read
 * or written is kept, since a log reads its records one by one.
 */
export function storeRegion(store: KeyValueStore, prefix = "w"): FlashRegion {
  const kept = new Map<number, Uint8Array>();
  const load = (sector: number): Uint8Array => {
    let held = kept.get(sector);
    if (!held) {
      held = store.get(`${prefix}${sector}`);
      if (!held) return ERASED;
      kept.set(sector, held);
    }
    return held;
  };
  return {
    sectorBytes: SECTOR_BYTES,
    sectors: SECTORS,
    read(offset, length) {
      const sector = Math.floor(offset / SECTOR_BYTES);
      const start = offset % SECTOR_BYTES;
      if (start + length <= SECTOR_BYTES) return load(sector).slice(start, start + length);
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; ) {
        const from = (offset + at) % SECTOR_BYTES;
        const part = load(Math.floor((offset + at) / SECTOR_BYTES)).subarray(
          from,
          from + length - at,
        );
        bytes.set(part, at);
        at += part.length;
      }
      return bytes;
    },
    write(offset, bytes) {
      const sector = Math.floor(offset / SECTOR_BYTES);
      const held = load(sector).slice();
      const start = offset % SECTOR_BYTES;
      for (let i = 0; i < bytes.length; i++) held[start + i] &= bytes[i]; // a write only clears bits
      store.set(`${prefix}${sector}`, held);
      kept.set(sector, held);
      return true;
    },
    erase(sector) {
      store.delete(`${prefix}${sector}`);
      kept.delete(sector);
      return true;
    },
  };
}
