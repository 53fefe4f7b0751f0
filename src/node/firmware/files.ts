// SPDX-License-Identifier: Apache-2.0
/** A release on disk: `<name>.release`, signed, and beside it the image, `<name>.bin`. */
import { createHash } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Signed } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { FIRMWARE_BYTES_MAX } from "#core/limits";
import { openRelease, type Release } from "#core/records/release";
import { codeOf, FirmwareError } from "./error.ts";

export const RELEASE_SUFFIX = ".release";
export const IMAGE_SUFFIX = ".bin";
/** More than any signed release takes. */
const RELEASE_FILE_BYTES_MAX = 1024;
const PIECE_BYTES = 1 << 20;

/** The image that belongs to the release file at `path`. */
export function imageBeside(path: string): string {
  return path.slice(0, -RELEASE_SUFFIX.length) + IMAGE_SUFFIX;
}

export interface ImageFacts {
  sizeBytes: number;
  sha256: Uint8Array;
}

/** Size and hash of the image at `path`. @throws FirmwareError */
export function imageFacts(path: string): ImageFacts {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    throw new FirmwareError(`${path}: ${codeOf(error)}. Give a firmware image`);
  }
  const hash = createHash("sha256");
  let sizeBytes = 0;
  try {
    const piece = Buffer.alloc(PIECE_BYTES);
    for (let length = 1; length > 0 && sizeBytes <= FIRMWARE_BYTES_MAX; sizeBytes += length) {
      length = readSync(file, piece, 0, PIECE_BYTES, sizeBytes);
      hash.update(piece.subarray(0, length));
    }
  } catch (error) {
    throw new FirmwareError(`${path}: ${codeOf(error)}. Give a firmware image`);
  } finally {
    closeSync(file);
  }
  if (sizeBytes === 0 || sizeBytes > FIRMWARE_BYTES_MAX)
    throw new FirmwareError(
      `${path} has ${sizeBytes > 0 ? "more than " : ""}${Math.min(sizeBytes, FIRMWARE_BYTES_MAX)} bytes: ` +
        `an image has 1 to ${FIRMWARE_BYTES_MAX}. Give the application's image, not the whole flash`,
    );
  return { sizeBytes, sha256: Uint8Array.from(hash.digest()) };
}

/**
 * The signed release in the file at `path`; signed by `releaseKey`, or by anybody where that is undefined.
 * @throws FirmwareError
 */
export function readRelease(
  path: string,
  crypto: Crypto,
  releaseKey: Uint8Array | undefined,
): { bytes: Uint8Array; opened: Signed<Release> } {
  if (!path.endsWith(RELEASE_SUFFIX))
    throw new FirmwareError(
      `${path}: not a release. Give the file that ends with ${RELEASE_SUFFIX}`,
    );
  let bytes: Uint8Array;
  try {
    if (statSync(path).size > RELEASE_FILE_BYTES_MAX) bytes = new Uint8Array(0);
    else bytes = Uint8Array.from(readFileSync(path));
  } catch (error) {
    throw new FirmwareError(`${path}: ${codeOf(error)}. Give the file that sign has made`);
  }
  const opened = openRelease(crypto, releaseKey, bytes);
  if (opened.ok) return { bytes, opened };
  if (opened.code === "RELEASE_SIGNATURE")
    throw new FirmwareError(
      `${path} is not signed by this release key. Sign it with the key that the meters trust`,
    );
  throw new FirmwareError(
    `${path} is no signed release (${opened.code}, ${opened.detail}). Give the file that sign has made`,
  );
}

/** Writes a file in one step: it is there whole, on disk, or not at all. */
export function writeWhole(path: string, bytes: Uint8Array): void {
  const half = `${path}.tmp-${process.pid}`;
  try {
    const file = openSync(half, "w", 0o644);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(half, path);
    const folder = openSync(dirname(path), "r");
    try {
      fsyncSync(folder); // the rename itself
    } finally {
      closeSync(folder);
    }
  } catch (error) {
    rmSync(half, { force: true });
    throw new FirmwareError(`${path}: ${codeOf(error)}. Check that its folder is writable`);
  }
}
