// SPDX-License-Identifier: Apache-2.0
/** Signing an image, and putting it where a gateway finds it. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { bytesEqual } from "#core/codec/bytes";
import { type Signed, signRecord } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import {
  compareVersions,
  type FirmwareVersion,
  formatVersion,
  type Release,
  releaseFault,
  releaseRecord,
} from "#core/records/release";
import { codeOf, FirmwareError } from "./error.ts";
import {
  IMAGE_SUFFIX,
  imageBeside,
  imageFacts,
  RELEASE_SUFFIX,
  readRelease,
  writeWhole,
} from "./files.ts";

export interface SignOptions {
  image: string;
  secretKey: Uint8Array;
  board: string;
  firmware: FirmwareVersion;
  minimum: FirmwareVersion;
  chunkBytes: number;
}

/** Writes the signed release of an image beside it. @throws FirmwareError */
export function signImage(
  crypto: Crypto,
  options: SignOptions,
): { path: string; release: Release; id: Uint8Array } {
  const { image, board, firmware, minimum, chunkBytes, secretKey } = options;
  if (!image.endsWith(IMAGE_SUFFIX))
    throw new FirmwareError(`${image}: give an image whose name ends with ${IMAGE_SUFFIX}`);
  const release = { board, firmware, minimum, chunkBytes, ...imageFacts(image) };
  const fault = releaseFault(release);
  if (fault)
    throw new FirmwareError(`${fault}. Correct --board, --release, --minimum or --chunk-bytes`);
  const path = image.slice(0, -IMAGE_SUFFIX.length) + RELEASE_SUFFIX;
  const { bytes, id } = signRecord(releaseRecord, crypto, secretKey, release);
  writeWhole(path, bytes);
  return { path, release, id };
}

/** A release, and what is wrong with the image beside it, if anything. @throws FirmwareError */
export function inspectRelease(
  crypto: Crypto,
  path: string,
  releaseKey: Uint8Array | undefined,
): { bytes: Uint8Array; opened: Signed<Release>; imageFault: string | undefined } {
  const { bytes, opened } = readRelease(path, crypto, releaseKey);
  const { sha256, sizeBytes } = opened.value;
  const image = imageBeside(path);
  let imageFault: string | undefined;
  try {
    const facts = imageFacts(image);
    if (facts.sizeBytes !== sizeBytes || !bytesEqual(facts.sha256, sha256))
      imageFault = `${image} is not the image that was signed. Sign it again, or get the right one`;
  } catch (error) {
    if (!(error instanceof FirmwareError)) throw error;
    imageFault = error.message;
  }
  return { bytes, opened, imageFault };
}

export interface Published {
  release: Release;
  path: string;
  /** A version that the folder holds for this board and that nodes get in place of this one. */
  newer: FirmwareVersion | undefined;
}

/**
 * Copies a release and its image into a gateway's folder, the image first: no gateway sees the one without
 * the other. @throws FirmwareError
 */
export function publishRelease(
  crypto: Crypto,
  path: string,
  folder: string,
  releaseKey: Uint8Array | undefined,
): Published {
  const { bytes, opened, imageFault } = inspectRelease(crypto, path, releaseKey);
  if (imageFault) throw new FirmwareError(imageFault);
  requireFolder(folder);
  const { value: release } = opened;
  const name = `${release.board}-${formatVersion(release.firmware)}`;
  const target = join(folder, name + RELEASE_SUFFIX);
  const newer = refuseAnother(crypto, folder, release, opened.id);
  writeWhole(join(folder, name + IMAGE_SUFFIX), readFileSync(imageBeside(path)));
  writeWhole(target, bytes);
  return { release, path: target, newer };
}

function requireFolder(folder: string): void {
  let isFolder = false;
  try {
    isFolder = statSync(folder).isDirectory();
  } catch (error) {
    throw new FirmwareError(`${folder}: ${codeOf(error)}. Give the gateway's firmware folder`);
  }
  if (!isFolder)
    throw new FirmwareError(`${folder} is no folder. Give the gateway's firmware folder`);
}

/**
 * The newest version in the folder that is newer than `release`, for its board.
 * @throws FirmwareError where the same version is there with something else in it
 */
function refuseAnother(
  crypto: Crypto,
  folder: string,
  release: Release,
  id: Uint8Array,
): FirmwareVersion | undefined {
  let newer: FirmwareVersion | undefined;
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(RELEASE_SUFFIX)) continue;
    let other: Signed<Release>;
    try {
      other = readRelease(join(folder, name), crypto, undefined).opened;
    } catch (error) {
      if (error instanceof FirmwareError) continue; // not ours to judge
      throw error;
    }
    const { board, firmware } = other.value;
    if (board !== release.board) continue;
    const order = compareVersions(firmware, release.firmware);
    if (order === 0 && !bytesEqual(other.id, id))
      throw new FirmwareError(
        `${basename(folder)} holds another ${formatVersion(firmware)} for ${board} (${name}): no meter ` +
          "installs a version twice. Raise the version and sign again",
      );
    if (order > 0 && (!newer || compareVersions(firmware, newer) > 0)) newer = firmware;
  }
  return newer;
}
