// SPDX-License-Identifier: Apache-2.0
/** Values of what operators sign about firmware, and of the pieces that images come in. */
import { chunkRecord, fetchRecord, releaseRecord } from "#core/records/release";
import { counting, hash, NAME_MAX, type Sample, sample } from "./sample.ts";

const FLASH_MAX = 16 * 1024 * 1024;

export const FIRMWARE_SAMPLES: readonly Sample[] = [
  sample(releaseRecord, "a release", {
    board: "wattle-c3",
    firmware: { major: 1, minor: 4, patch: 0 },
    sizeBytes: 1_203_456,
    sha256: hash(0xc0),
    minimum: { major: 1, minor: 2, patch: 3 },
    chunkBytes: 2048,
  }),
  sample(releaseRecord, "every number at its largest", {
    board: NAME_MAX,
    firmware: { major: 0xffff, minor: 0xffff, patch: 0xffff },
    sizeBytes: FLASH_MAX,
    sha256: new Uint8Array(32).fill(0xff),
    minimum: { major: 0xffff, minor: 0xffff, patch: 0xfffe },
    chunkBytes: 4096,
  }),
  sample(fetchRecord, "a request for four chunks", {
    release: hash(0xd0),
    offset: 65_536,
    chunks: 4,
  }),
  sample(fetchRecord, "a request for the beginning", { release: hash(0xd1), offset: 0, chunks: 1 }),
  sample(chunkRecord, "a chunk", {
    release: hash(0xd0),
    offset: 65_536,
    bytes: counting(256, 0x30),
  }),
  sample(chunkRecord, "the largest chunk", {
    release: hash(0xd2),
    offset: FLASH_MAX,
    bytes: counting(4096, 0),
  }),
  sample(chunkRecord, "no such release", {
    release: hash(0xd0),
    offset: 0,
    bytes: new Uint8Array(0),
  }),
];
