// SPDX-License-Identifier: Apache-2.0
/** The flash of a simulated node's witness log: one file a sector, beside the files of its store. */
import type { KeyValueStore } from "#meter/ports";
import type { FlashRegion } from "#meter/witness/ports";

const SECTOR_BYTES = 4096;
/** As the boards with 4 MB of flash have it (devices/<board>/partitions.csv). */
const SECTORS = 31;

/** Never undefined here. */
export function openWitnessRegion(store: KeyValueStore): FlashRegion | undefined {
  return new FileRegion(store);
}

class FileRegion implements FlashRegion {
  readonly sectorBytes = SECTOR_BYTES;
  readonly sectors = SECTORS;
  private readonly store: KeyValueStore;

  constructor(store: KeyValueStore) {
    this.store = store;
  }

  read(offset: number, length: number): Uint8Array {
    const start = offset % SECTOR_BYTES;
    return this.sector(offset).slice(start, start + length);
  }

  write(offset: number, bytes: Uint8Array): boolean {
    const cells = this.sector(offset);
    const start = offset % SECTOR_BYTES;
    for (let i = 0; i < bytes.length; i++) cells[start + i] &= bytes[i];
    this.store.set(keyOf(offset), cells);
    return true;
  }

  erase(sector: number): boolean {
    this.store.delete(keyOf(sector * SECTOR_BYTES));
    return true;
  }

  private sector(offset: number): Uint8Array {
    return this.store.get(keyOf(offset)) ?? new Uint8Array(SECTOR_BYTES).fill(0xff);
  }
}

function keyOf(offset: number): string {
  return `witness-${Math.floor(offset / SECTOR_BYTES)}`;
}
