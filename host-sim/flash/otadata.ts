// SPDX-License-Identifier: Apache-2.0
/**
 * The bootloader's notes, as ESP-IDF keeps them (components/bootloader_support, app_update; read in 5.x): two
 * entries, a sector each. The valid entry with the higher number says which slot starts: (number − 1) modulo
 * the number of slots. Its CRC covers the number only, so that a state can be damaged without a trace.
 *
 *   u32 number, 20 bytes label (unused), u32 state, u32 CRC; little-endian
 */
import { crc32 } from "#core/crypto/crc32";
import { SECTOR_BYTES } from "#core/records/release";
import type { NorFlash } from "./nor.ts";

export const SLOTS = 2;
/** Sectors of both entries. */
export const OTADATA_SECTORS = 2;
const ENTRY_BYTES = 32;
const BLANK = 0xffffffff;

export const ImageState = Object.freeze({
  /** To be tried at the next start. */
  fresh: 0,
  /** On trial: found again at a start, it has failed. */
  pending: 1,
  valid: 2,
  /** Sent back by itself. */
  invalid: 3,
  /** Sent back by the bootloader. */
  aborted: 4,
  /** Written by a bootloader that cannot roll back. */
  undefined: BLANK,
});

export interface OtaEntry {
  seq: number;
  state: number;
  crc: number;
}

export function readEntries(flash: NorFlash): [OtaEntry, OtaEntry] {
  const read = (i: number): OtaEntry => {
    const bytes = flash.read(i * SECTOR_BYTES, ENTRY_BYTES);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return {
      seq: view.getUint32(0, true),
      state: view.getUint32(24, true),
      crc: view.getUint32(28, true),
    };
  };
  return [read(0), read(1)];
}

/** Erases the sector of entry `i` and writes it anew: two steps, between which the entry is gone. */
export function writeEntry(flash: NorFlash, i: number, seq: number, state: number): void {
  const bytes = new Uint8Array(ENTRY_BYTES).fill(0xff);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, seq, true);
  view.setUint32(24, state, true);
  view.setUint32(28, crcOf(seq), true);
  flash.erase(i * SECTOR_BYTES);
  flash.write(i * SECTOR_BYTES, bytes);
}

function crcOf(seq: number): number {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, seq, true);
  return crc32(bytes, BLANK);
}

/** Whether the entry is out of use, whatever its CRC says. */
export function isOut({ seq, state }: OtaEntry): boolean {
  return seq === BLANK || state === ImageState.invalid || state === ImageState.aborted;
}

export function hasCrc(entry: OtaEntry): boolean {
  return entry.seq !== BLANK && entry.crc === crcOf(entry.seq);
}

/** Index of the entry that counts, or −1. */
export function activeEntry(entries: readonly OtaEntry[]): number {
  let active = -1;
  entries.forEach((entry, i) => {
    if (isOut(entry) || !hasCrc(entry)) return;
    if (active < 0 || entry.seq > entries[active].seq) active = i;
  });
  return active;
}

export function slotOf({ seq }: OtaEntry): number {
  return (seq - 1) % SLOTS;
}
