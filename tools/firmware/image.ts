// SPDX-License-Identifier: Apache-2.0
/** How large a board's image may be, and how large it should be. */

/** What an image should have at most: 1.2 MB. docs/firmware.md says what is above it, and why. */
export const IMAGE_BYTES_TARGET = 1_258_291;

/** The end of a slot that the image leaves free: the signature of secure boot is a sector of its own. */
const SIGNATURE_BYTES = 4096;

/** Bytes of a firmware slot, from the text of a partitions.csv; both have the same size. */
export function slotBytesOf(partitions: string): number {
  const size = /^ota_0,\s*app,\s*ota_0,\s*\w+,\s*(0x[\da-f]+),/im.exec(partitions)?.[1];
  if (size === undefined) throw new Error("partitions.csv has no ota_0");
  return Number(size);
}

/** What is said of an image of `bytes` for slots of `slotBytes`, and whether it may be flashed or released. */
export function judgeImage(bytes: number, slotBytes: number): { fits: boolean; text: string } {
  const size = `the image has ${megabytes(bytes)} MB (${bytes} bytes)`;
  const target = distance(bytes, IMAGE_BYTES_TARGET, "the target");
  const slot = distance(bytes, slotBytes - SIGNATURE_BYTES, "what a slot takes");
  return { fits: bytes <= slotBytes - SIGNATURE_BYTES, text: `${size}: ${slot}, ${target}` };
}

function distance(bytes: number, limit: number, name: string): string {
  const which = `${name} (${megabytes(limit)} MB)`;
  if (bytes > limit) return `${bytes - limit} bytes above ${which}`;
  return `${((limit - bytes) / 1024).toFixed(0)} KB below ${which}`;
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(3);
}
