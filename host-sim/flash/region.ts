// SPDX-License-Identifier: Apache-2.0
/** A region of simulated NOR flash, as a witness log has one of its own. Pure: runs on XS too. */
import { SECTOR_BYTES } from "#core/records/release";
import type { FlashRegion } from "#meter/witness/ports";
import { NorFlash } from "./nor.ts";
import { Power } from "./power.ts";

export class SimRegion implements FlashRegion {
  readonly sectorBytes = SECTOR_BYTES;
  readonly sectors: number;
  /** Outlives the starts of the board. */
  readonly flash: NorFlash;

  constructor(sectors: number, power: Power = new Power()) {
    this.sectors = sectors;
    this.flash = new NorFlash(sectors, power);
  }

  read(offset: number, length: number): Uint8Array {
    return this.flash.read(offset, length);
  }

  write(offset: number, bytes: Uint8Array): boolean {
    this.flash.write(offset, bytes);
    return true;
  }

  erase(sector: number): boolean {
    this.flash.erase(sector * SECTOR_BYTES);
    return true;
  }
}
