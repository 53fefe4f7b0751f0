// SPDX-License-Identifier: Apache-2.0
/** What ESP-IDF's bootloader does at each start, on a flash with two slots and no factory image. */
import type { Crypto } from "#core/crypto/port";
import type { FirmwareVersion } from "#core/records/release";
import { imageIn } from "./image.ts";
import type { NorFlash } from "./nor.ts";
import {
  activeEntry,
  hasCrc,
  ImageState,
  isOut,
  readEntries,
  SLOTS,
  slotOf,
  writeEntry,
} from "./otadata.ts";
import { slotCells } from "./slots.ts";

export interface Started {
  slot: number;
  version: FirmwareVersion;
  /** The image that runs. */
  bytes: Uint8Array;
}

/**
 * Chooses the image to start, and notes a trial; undefined where no slot holds one. A bootloader that was
 * flashed without `rollback` starts what it is told to, and never goes back by itself.
 */
export function boot(flash: NorFlash, crypto: Crypto, rollback = true): Started | undefined {
  const entries = readEntries(flash);
  if (rollback)
    entries.forEach((entry, i) => {
      if (entry.state !== ImageState.pending) return;
      entry.state = ImageState.aborted; // it was started once, and did not confirm itself
      writeEntry(flash, i, entry.seq, entry.state);
    });
  const blank = entries.every((entry) => !hasCrc(entry));
  const active = activeEntry(entries);
  let first = 0;
  if (active >= 0) {
    const entry = entries[active];
    first = slotOf(entry);
    if (rollback && entry.state === ImageState.fresh)
      writeEntry(flash, active, entry.seq, ImageState.pending);
  }
  for (const slot of [first, ...others(first)]) {
    const image = imageIn(crypto, slotCells(flash, slot));
    if (!image) continue;
    if (blank && entries.every(isOut)) writeEntry(flash, 0, slot + 1, ImageState.valid);
    return { slot, ...image };
  }
  return undefined;
}

/** The slots below, downwards, then those above: what is tried where the chosen one does not load. */
function others(first: number): number[] {
  const order: number[] = [];
  for (let slot = first - 1; slot >= 0; slot--) order.push(slot);
  for (let slot = first + 1; slot < SLOTS; slot++) order.push(slot);
  return order;
}
