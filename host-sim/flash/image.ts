// SPDX-License-Identifier: Apache-2.0
/**
 * Firmware images of the simulated board. As those of ESP-IDF they begin with a magic byte and carry their
 * own SHA-256 at the end, which the bootloader checks; that says that an image is whole, not whose it is.
 *
 *   0xe9, 3 bytes free, version as 3 × u16, length as u32, body, SHA-256 of all before
 */
import { bytesEqual } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import type { FirmwareVersion } from "#core/records/release";

const MAGIC = 0xe9;
const HEAD_BYTES = 16;
const DIGEST_BYTES = 32;

/** An image of `sizeBytes`; another `fill` gives another body. */
export function makeImage(
  crypto: Crypto,
  version: FirmwareVersion,
  sizeBytes: number,
  fill = 1,
): Uint8Array {
  const image = new Uint8Array(sizeBytes);
  for (let i = HEAD_BYTES; i < sizeBytes - DIGEST_BYTES; i++)
    image[i] = (i * 7 + (i >> 8) * 13 + fill * 31) & 0xff;
  const head = new DataView(image.buffer);
  head.setUint8(0, MAGIC);
  head.setUint16(4, version.major);
  head.setUint16(6, version.minor);
  head.setUint16(8, version.patch);
  head.setUint32(12, sizeBytes);
  image.set(crypto.sha256(image.slice(0, sizeBytes - DIGEST_BYTES)), sizeBytes - DIGEST_BYTES);
  return image;
}

/** The whole image at the beginning of `slot`, or undefined where there is none: the bootloader's check. */
export function imageIn(
  crypto: Crypto,
  slot: Uint8Array,
): { version: FirmwareVersion; bytes: Uint8Array } | undefined {
  const head = new DataView(slot.buffer, slot.byteOffset, HEAD_BYTES);
  const length = head.getUint32(12);
  if (head.getUint8(0) !== MAGIC || length > slot.length || length < HEAD_BYTES + DIGEST_BYTES)
    return undefined;
  const bytes = slot.slice(0, length);
  const digest = crypto.sha256(bytes.slice(0, length - DIGEST_BYTES));
  if (!bytesEqual(digest, bytes.slice(length - DIGEST_BYTES))) return undefined;
  const version = {
    major: head.getUint16(4),
    minor: head.getUint16(6),
    patch: head.getUint16(8),
  };
  return { version, bytes };
}
