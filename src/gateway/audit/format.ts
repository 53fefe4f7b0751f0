// SPDX-License-Identifier: Apache-2.0
/**
 * The ledger as a file (docs/export.md): a gateway's whole log in an order and an encoding that
 * leave no choice, so that two exports of one log are the same bytes and no byte can change
 * unnoticed.
 *
 *   file    = magic ‖ frame(0, head) ‖ frame(kind, entry)… ‖ frame(0xffff, end)
 *   magic   = 57 41 54 54 4c 45 0d 0a ("WATTLE" CR LF: a transfer that mends line ends is noticed)
 *   frame   = length: u32 ‖ kind: u16 ‖ length bytes ‖ chain: 32 bytes          integers big-endian
 *   chain_i = SHA-256("wattle/export/1" ‖ 0 ‖ chain_{i−1} ‖ length ‖ kind ‖ bytes)
 *   chain_0 is the head's, over SHA-256(magic) in place of a predecessor
 *
 * Frame i holds entry i of the log; its kind is the entry's. The head is an `export-head` record:
 * network, area and gateway key, which the first entry has to repeat. The end is an `export-end`
 * record, signed by the gateway where its key was at hand: the number of entries and the chain
 * before it. Nothing follows the end.
 *
 * The chain finds what went wrong by accident and names the place. Who changes a byte on purpose
 * can compute the chain again, but not the signature of the end, nor those inside the entries.
 */
import { ascii, concatBytes } from "#core/codec/bytes";
import { recordType } from "#core/codec/record";
import { hash, type Infer, uint } from "#core/codec/schema";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import { netName, publicKey, RecordKind } from "#core/records/common";

export const EXPORT_MAGIC: Uint8Array = concatBytes(ascii("WATTLE"), new Uint8Array([13, 10]));
const CHAIN_DOMAIN = "wattle/export/1";
/** Bytes of a chain hash. */
export const CHAIN_BYTES = 32;
/** Length and kind of a frame. */
export const FRAME_HEAD_BYTES = 6;
/** Kinds of the first and the last frame; those between have an entry's. */
export const HEAD_KIND = 0;
export const END_KIND = 0xffff;

const headFields = { net: netName, area: netName, gatewayKey: publicKey };
export type ExportHead = Infer<typeof headFields>;
export const exportHeadRecord = recordType(
  "export-head",
  RecordKind.exportHead,
  1,
  headFields,
  256,
);

const endFields = {
  /** Number of entries between head and end. */
  entries: uint(),
  /** The chain after the last entry: the whole file up to here. */
  chain: hash,
};
export type ExportEnd = Infer<typeof endFields>;
export const exportEndRecord = recordType("export-end", RecordKind.exportEnd, 1, endFields, 128);

/** The six bytes before a frame's content. */
export function frameHead(length: number, kind: number): Uint8Array {
  const head = new Uint8Array(FRAME_HEAD_BYTES);
  const view = new DataView(head.buffer);
  view.setUint32(0, length);
  view.setUint16(4, kind);
  return head;
}

/** The chain hash after a frame; `frameBody` is its length, kind and content. */
export function chainOf(crypto: Crypto, before: Uint8Array, frameBody: Uint8Array): Uint8Array {
  return domainHash(crypto, CHAIN_DOMAIN, before, frameBody);
}
