// SPDX-License-Identifier: Apache-2.0
/**
 * A batch of verifications as one transferable buffer, so that it costs one postMessage and one
 * copy whatever its size:
 *
 *   count: u32 | count × ( publicKey: 32 bytes | signature: 64 bytes | length: u32 ) | messages
 *
 * Integers are little-endian. A key or a signature of another length cannot be written, so the
 * sender answers those itself.
 */
import { assert } from "#core/errors/assert";
import { sodiumVerify } from "./sodium.ts";

export interface Verification {
  publicKey: Uint8Array;
  message: Uint8Array;
  signature: Uint8Array;
}

const COUNT_BYTES = 4;
const ENTRY_BYTES = 32 + 64 + 4;

/** Packs `batch`: keys of 32 bytes and signatures of 64 only (assertion `VERIFY_BATCH_SHAPE`). */
export function packBatch(batch: readonly Verification[]): Uint8Array<ArrayBuffer> {
  let length = COUNT_BYTES + batch.length * ENTRY_BYTES;
  for (const { message } of batch) length += message.length;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, batch.length, true);
  let entry = COUNT_BYTES;
  let offset = COUNT_BYTES + batch.length * ENTRY_BYTES;
  for (const { publicKey, message, signature } of batch) {
    assert(publicKey.length === 32 && signature.length === 64, "VERIFY_BATCH_SHAPE");
    bytes.set(publicKey, entry);
    bytes.set(signature, entry + 32);
    view.setUint32(entry + 96, message.length, true);
    bytes.set(message, offset);
    entry += ENTRY_BYTES;
    offset += message.length;
  }
  return bytes;
}

/** Verifies a packed batch: one byte each in its order, 1 for valid and 0 for not. */
export function verifyPacked(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(0, true);
  const verdicts = new Uint8Array(count);
  let entry = COUNT_BYTES;
  let offset = COUNT_BYTES + count * ENTRY_BYTES;
  for (let i = 0; i < count; i++) {
    const length = view.getUint32(entry + 96, true);
    const message = bytes.subarray(offset, offset + length);
    const publicKey = bytes.subarray(entry, entry + 32);
    const signature = bytes.subarray(entry + 32, entry + 96);
    verdicts[i] = sodiumVerify(publicKey, message, signature) ? 1 : 0;
    entry += ENTRY_BYTES;
    offset += length;
  }
  assert(offset === bytes.length, "VERIFY_BATCH_LENGTH");
  return verdicts;
}
