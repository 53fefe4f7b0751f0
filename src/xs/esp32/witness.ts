// SPDX-License-Identifier: Apache-2.0
/** The flash of the witness log: a partition of its own (native/esp32/witness.c). */
import type { KeyValueStore } from "#meter/ports";
import type { FlashRegion } from "#meter/witness/ports";
import { ffi } from "#xs/device/ffi";

/** Smallest part of the flash that can be erased, bytes. */
const SECTOR_BYTES = 4096;

/** Undefined where the partition table has none. `_store` is the desktop's. */
export function openWitnessRegion(_store: KeyValueStore): FlashRegion | undefined {
  const sectors = Math.floor(ffi().wattle_witness_size() / SECTOR_BYTES);
  return sectors > 0 ? new EspRegion(sectors) : undefined;
}

class EspRegion implements FlashRegion {
  readonly sectorBytes = SECTOR_BYTES;
  readonly sectors: number;

  constructor(sectors: number) {
    this.sectors = sectors;
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    if (ffi().wattle_witness_read(offset, bytes.buffer, length) !== 0) bytes.fill(0xff);
    return bytes;
  }

  write(offset: number, bytes: Uint8Array): boolean {
    const buffer = bytes.buffer as ArrayBuffer;
    return ffi().wattle_witness_write(offset, buffer, bytes.byteOffset, bytes.length) === 0;
  }

  erase(sector: number): boolean {
    return ffi().wattle_witness_erase(sector) === 0;
  }
}
