// SPDX-License-Identifier: Apache-2.0
/** The two slots as the firmware that runs in one of them sees them: what ESP-IDF's app_update does. */
import type { Crypto } from "#core/crypto/port";
import { type FirmwareVersion, SECTOR_BYTES } from "#core/records/release";
import type { FirmwareSlots } from "#meter/update/ports";
import { imageIn } from "./image.ts";
import type { NorFlash } from "./nor.ts";
import {
  activeEntry,
  hasCrc,
  ImageState,
  isOut,
  OTADATA_SECTORS,
  readEntries,
  SLOTS,
  slotOf,
  writeEntry,
} from "./otadata.ts";

/** Sectors of one slot, of those that the notes leave. */
function slotSectors(flash: NorFlash): number {
  return Math.floor((flash.cells.length / SECTOR_BYTES - OTADATA_SECTORS) / SLOTS);
}

function slotStart(flash: NorFlash, slot: number): number {
  return (OTADATA_SECTORS + slot * slotSectors(flash)) * SECTOR_BYTES;
}

/** The cells of a slot. */
export function slotCells(flash: NorFlash, slot: number): Uint8Array {
  const start = slotStart(flash, slot);
  return flash.cells.subarray(start, start + slotSectors(flash) * SECTOR_BYTES);
}

/** Puts an image into a slot as a programmer by wire does, without steps. */
export function flashByWire(flash: NorFlash, slot: number, image: Uint8Array): void {
  slotCells(flash, slot).fill(0xff).set(image);
}

export class SimSlots implements FirmwareSlots {
  readonly slot: number;
  readonly running: FirmwareVersion;
  readonly bootState: "valid" | "trial" | "unknown";
  readonly idleBytes: number;
  private readonly flash: NorFlash;
  private readonly crypto: Crypto;
  private readonly rollbackEnabled: boolean;
  private readonly onRollback: () => void;

  constructor(
    flash: NorFlash,
    crypto: Crypto,
    started: { slot: number; version: FirmwareVersion },
    onRollback: () => void,
    rollbackEnabled = true,
  ) {
    this.flash = flash;
    this.crypto = crypto;
    this.slot = started.slot;
    this.running = started.version;
    this.onRollback = onRollback;
    this.rollbackEnabled = rollbackEnabled;
    this.idleBytes = slotSectors(flash) * SECTOR_BYTES;
    const own = readEntries(flash).find((entry) => hasCrc(entry) && slotOf(entry) === this.slot);
    const stays = own && (own.state === ImageState.pending || !isOut(own));
    this.bootState = !stays ? "unknown" : own.state === ImageState.pending ? "trial" : "valid";
  }

  private get idle(): number {
    return slotStart(this.flash, 1 - this.slot);
  }

  erase(offset: number): boolean {
    this.flash.erase(this.idle + offset);
    return true;
  }

  write(offset: number, bytes: Uint8Array): boolean {
    this.flash.write(this.idle + offset, bytes);
    return true;
  }

  read(offset: number, length: number): Uint8Array {
    return this.flash.read(this.idle + offset, length);
  }

  digest(length: number): Uint8Array {
    return this.crypto.sha256(this.flash.read(this.idle, length));
  }

  activate(): boolean {
    const idleSlot = 1 - this.slot;
    if (!imageIn(this.crypto, slotCells(this.flash, idleSlot))) return false;
    const entries = readEntries(this.flash);
    const active = activeEntry(entries);
    const state = this.rollbackEnabled ? ImageState.fresh : ImageState.undefined;
    if (active < 0) writeEntry(this.flash, 0, idleSlot + 1, state);
    else {
      let seq = (idleSlot + 1) % SLOTS;
      while (seq < entries[active].seq) seq += SLOTS;
      writeEntry(this.flash, 1 - active, seq, state);
    }
    return true;
  }

  confirm(): boolean {
    const entries = readEntries(this.flash);
    const active = activeEntry(entries);
    if (active < 0) {
      // As set_boot_partition and mark_app_valid do it, one after the other.
      const state = this.rollbackEnabled ? ImageState.fresh : ImageState.undefined;
      writeEntry(this.flash, 0, this.slot + 1, state);
      writeEntry(this.flash, 0, this.slot + 1, ImageState.valid);
    } else if (entries[active].state !== ImageState.valid)
      writeEntry(this.flash, active, entries[active].seq, ImageState.valid);
    return true;
  }

  rollback(): boolean {
    const entries = readEntries(this.flash);
    const active = activeEntry(entries);
    const other = entries[1 - active];
    if (active < 0 || isOut(other) || !hasCrc(other)) return false;
    if (!imageIn(this.crypto, slotCells(this.flash, slotOf(other)))) return false;
    writeEntry(this.flash, active, entries[active].seq, ImageState.invalid);
    this.onRollback();
    return true;
  }
}
