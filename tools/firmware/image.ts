// SPDX-License-Identifier: Apache-2.0
/** How large a board's image may be. */

/**
 * 1.2 MB. A slot has 1.375 MB: the rest is for the signature of secure boot, and for releases that have to
 * grow on nodes whose partitions cannot be changed any more.
 */
export const IMAGE_BYTES_MAX = 1_258_291;

/** What is said of an image of `bytes`, and whether it may be flashed or released. */
export function judgeImage(bytes: number): { fits: boolean; text: string } {
  const limit = `the limit of ${megabytes(IMAGE_BYTES_MAX)} MB (${IMAGE_BYTES_MAX} bytes)`;
  const size = `the image has ${megabytes(bytes)} MB (${bytes} bytes)`;
  const left = IMAGE_BYTES_MAX - bytes;
  if (left >= 0) return { fits: true, text: `${size}: ${kilobytes(left)} KB below ${limit}` };
  return { fits: false, text: `${size}: ${-left} bytes above ${limit}` };
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(3);
}

function kilobytes(bytes: number): string {
  return (bytes / 1024).toFixed(0);
}
