// SPDX-License-Identifier: Apache-2.0
/**
 * Firmware. A release is what the operator signs about an image, with a key that no gateway has; gateways
 * carry it to the nodes. The image comes in chunks, which are not signed: its hash is in the release.
 */
import {
  openSigned,
  type Refusal,
  recordType,
  type Signed,
  verifySigned,
} from "../codec/record.ts";
import { bytes, hash, type Infer, struct, text, uint } from "../codec/schema.ts";
import type { Crypto } from "../crypto/port.ts";
import {
  CHUNK_BYTES_MAX,
  CHUNK_BYTES_MIN,
  CHUNKS_ASKED_MAX,
  FIRMWARE_BYTES_MAX,
  NAME_CHARS_MAX,
} from "../limits.ts";
import { RecordKind } from "./common.ts";

/** The unit in which flash is erased (all NOR flash of the ESP32 family): 4 KB. */
export const SECTOR_BYTES = 4096;

/** Three numbers, the first weighs most. */
export const firmwareVersion = struct({
  major: uint(0xffff),
  minor: uint(0xffff),
  patch: uint(0xffff),
});
export type FirmwareVersion = Infer<typeof firmwareVersion>;

const releaseFields = {
  /** The kind of board that the image is for: one level of the topic that announces it. */
  board: text(NAME_CHARS_MAX),
  firmware: firmwareVersion,
  sizeBytes: uint(FIRMWARE_BYTES_MAX),
  /** Of the whole image. */
  sha256: hash,
  /** The lowest version that may install it: an older one would not understand what it left behind. */
  minimum: firmwareVersion,
  /** The image comes in chunks of this size, the last may be shorter; a sector is a multiple of it. */
  chunkBytes: uint(CHUNK_BYTES_MAX),
};

/** Signed by the operator's release key. */
export type Release = Infer<typeof releaseFields>;
export const releaseRecord = recordType("release", RecordKind.release, 1, releaseFields, 256);

const fetchFields = {
  /** Id of the release. */
  release: hash,
  offset: uint(FIRMWARE_BYTES_MAX),
  /** How many chunks from there on. */
  chunks: uint(CHUNKS_ASKED_MAX),
};

/** A node asks for a piece of an image. Not signed, and no number is used for it: nothing follows from it. */
export type Fetch = Infer<typeof fetchFields>;
export const fetchRecord = recordType("fetch", RecordKind.fetch, 1, fetchFields, 64);

const chunkFields = {
  release: hash,
  offset: uint(FIRMWARE_BYTES_MAX),
  /** Empty: the gateway does not hold this release. */
  bytes: bytes(0, CHUNK_BYTES_MAX),
};

/** A piece of an image, or that there is none. */
export type Chunk = Infer<typeof chunkFields>;
export const chunkRecord = recordType(
  "chunk",
  RecordKind.chunk,
  1,
  chunkFields,
  CHUNK_BYTES_MAX + 64,
);

/** The release in `encoded` with its id; signed by `releaseKey`, or by anybody where that is undefined. */
export function openRelease(
  crypto: Crypto,
  releaseKey: Uint8Array | undefined,
  encoded: Uint8Array,
): Signed<Release> | Refusal {
  const opened = openSigned(releaseRecord, crypto, encoded);
  if (!opened.ok) return opened;
  const fault = releaseFault(opened.value);
  if (fault) return { ok: false, code: "FIELD_RANGE", detail: fault };
  if (releaseKey && !verifySigned(crypto, releaseKey, opened))
    return { ok: false, code: "RELEASE_SIGNATURE", detail: formatVersion(opened.value.firmware) };
  return opened;
}

/** What one field of a release says against another or against the flash, or undefined. */
export function releaseFault(release: Release): string | undefined {
  const { board, chunkBytes, firmware, minimum, sizeBytes } = release;
  if (!/^[A-Za-z0-9._-]+$/.test(board)) return `board "${board}" is no level of a topic`;
  if (sizeBytes === 0) return "an empty image";
  if (chunkBytes < CHUNK_BYTES_MIN || SECTOR_BYTES % chunkBytes !== 0)
    return `chunks of ${chunkBytes} bytes do not fill a sector`;
  if (compareVersions(minimum, firmware) >= 0)
    return `no version from ${formatVersion(minimum)} on is older than ${formatVersion(firmware)}`;
  return undefined;
}

/** Negative, zero or positive, as `a` is older than, the same as or newer than `b`. */
export function compareVersions(a: FirmwareVersion, b: FirmwareVersion): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch;
}

/** `1.2.3`. */
export function formatVersion({ major, minor, patch }: FirmwareVersion): string {
  return `${major}.${minor}.${patch}`;
}

/** The version that `1.2.3` stands for, or undefined for any other text. */
export function parseVersion(version: string): FirmwareVersion | undefined {
  const parts = /^(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})$/.exec(version);
  if (!parts) return undefined;
  const [major, minor, patch] = parts.slice(1).map(Number);
  return Math.max(major, minor, patch) > 0xffff ? undefined : { major, minor, patch };
}
