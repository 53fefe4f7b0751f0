// SPDX-License-Identifier: Apache-2.0
/**
 * What an update must not forget over a reset. One record of about 100 bytes in two alternating slots, so
 * that a torn write leaves the one before. It is written once for each sector of an image and a few times
 * more: an image of 1.7 MB costs about 440 writes, and no flash wears out before the one that holds images.
 *
 * An image and the one before it read each other's record. A format that this one does not know counts as
 * none: then only what runs is known.
 */
import { type CborValue, decodeCbor, encodeCbor } from "#core/codec/cbor";
import { FieldFault, hash, type Infer, optional, struct, uint } from "#core/codec/schema";
import { FIRMWARE_BYTES_MAX } from "#core/limits";
import { UPDATE_TRIALS_MAX, UPDATE_TRIES_MAX } from "#core/limits-device";
import { firmwareVersion } from "#core/records/release";
import type { KeyValueStore } from "../ports.ts";
import { sealed, unsealed } from "../sealed.ts";

/** The release in hand. */
const job = struct({
  /** Id of the release. */
  release: hash,
  version: firmwareVersion,
  /** Bytes of the image that are whole in the idle slot: sectors, or all of it. */
  offset: uint(FIRMWARE_BYTES_MAX),
  /** Downloads that ended in another image than the release's. */
  tries: uint(UPDATE_TRIES_MAX),
  /** Trials begun, whether the last of them has not ended yet, and in which slot it runs. */
  trials: uint(UPDATE_TRIALS_MAX),
  onTrial: uint(1),
  slot: uint(1),
  /** Starts of this trial that the bootloader did not count. */
  starts: uint(UPDATE_TRIALS_MAX),
});
export type Job = Infer<typeof job>;

const progressStruct = struct({
  format: uint(),
  /** Counts the writes; the highest wins. */
  count: uint(),
  /** The newest version that was ever confirmed here: nothing older is installed again. */
  highest: firmwareVersion,
  job: optional(job),
  /** The newest release that failed here, with the code that says how. */
  bad: optional(struct({ version: firmwareVersion, code: uint(0xffff) })),
});
export type Progress = Infer<typeof progressStruct>;

const FORMAT = 1;
/** At most 15 characters, as the ESP32's store asks; no prefix of the journal's. */
const KEYS: readonly string[] = Object.freeze(["fw0", "fw1"]);

/** What is stored, or undefined on a board that was never updated. */
export function loadProgress(store: KeyValueStore): Progress | undefined {
  let newest: Progress | undefined;
  for (const key of KEYS) {
    const progress = load(store, key);
    if (progress && (!newest || progress.count > newest.count)) newest = progress;
  }
  return newest;
}

/** The progress of a board that was never updated, and on which nothing was confirmed. */
export function firstProgress(): Progress {
  const highest = { major: 0, minor: 0, patch: 0 };
  return { format: FORMAT, count: 0, highest, job: undefined, bad: undefined };
}

/** Stores it, durable on return. */
export function saveProgress(store: KeyValueStore, progress: Progress): void {
  progress.count++;
  const body = encodeCbor(progressStruct.encode(progress, "progress"));
  store.set(KEYS[progress.count % 2], sealed(body));
}

function load(store: KeyValueStore, key: string): Progress | undefined {
  const value = store.get(key);
  const body = value && unsealed(value);
  if (!body) return undefined;
  const decoded = decodeCbor(body);
  if ("fault" in decoded) return undefined;
  const raw = decoded.value as readonly CborValue[];
  if (!Array.isArray(raw) || raw[0] !== FORMAT) return undefined;
  try {
    return progressStruct.decode(decoded.value, key);
  } catch (error) {
    if (error instanceof FieldFault) return undefined; // of another version of this software
    throw error;
  }
}
