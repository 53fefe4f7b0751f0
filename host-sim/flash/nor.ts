// SPDX-License-Identifier: Apache-2.0
/**
 * NOR flash: an erase sets all bits of a 4 KB sector, a write only clears bits. A cut leaves the beginning of
 * a write and one byte of it half programmed; an erase stops anywhere, or leaves cells that are neither.
 */
import { assert } from "#core/errors/assert";
import { SECTOR_BYTES } from "#core/records/release";
import type { Noise, Power } from "./power.ts";

export class NorFlash {
  /** What is on the chip; a test may look, and may spoil it. */
  readonly cells: Uint8Array;
  /** Erases of each sector so far: its wear. */
  readonly erases: Uint32Array;
  private readonly power: Power;

  constructor(sectors: number, power: Power) {
    this.cells = new Uint8Array(sectors * SECTOR_BYTES).fill(0xff);
    this.erases = new Uint32Array(sectors);
    this.power = power;
  }

  /** Erases the sector that begins at `offset`. */
  erase(offset: number): void {
    assert(offset % SECTOR_BYTES === 0 && offset < this.cells.length, "FLASH_ERASE", `${offset}`);
    this.erases[offset / SECTOR_BYTES]++;
    const sector = this.cells.subarray(offset, offset + SECTOR_BYTES);
    this.power.step(
      () => void sector.fill(0xff),
      (noise) => tearErase(sector, noise),
    );
  }

  write(offset: number, bytes: Uint8Array): void {
    assert(offset + bytes.length <= this.cells.length, "FLASH_WRITE", `${offset}`);
    const program = (length: number) => {
      for (let i = 0; i < length; i++) this.cells[offset + i] &= bytes[i];
    };
    this.power.step(
      () => program(bytes.length),
      (noise) => {
        const whole = Math.floor((bytes.length * noise()) / 256);
        program(whole);
        this.cells[offset + whole] &= bytes[whole] | noise();
      },
    );
  }

  read(offset: number, length: number): Uint8Array {
    assert(offset + length <= this.cells.length, "FLASH_READ", `${offset}`);
    return this.cells.slice(offset, offset + length);
  }
}

/** From the front, from the back, all cells but none of them far enough, or just a few. */
function tearErase(sector: Uint8Array, noise: Noise): void {
  const kind = noise() % 4;
  const edge = Math.floor((sector.length * noise()) / 256);
  if (kind === 0) sector.fill(0xff, 0, edge);
  else if (kind === 1) sector.fill(0xff, edge);
  else
    for (let i = 0; i < sector.length; i++)
      if (kind === 2 || noise() % 16 === 0) sector[i] |= noise();
}
