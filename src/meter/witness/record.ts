// SPDX-License-Identifier: Apache-2.0
/**
 * The witness log on flash. A sector of 4 KB is a header of 64 bytes and 56 records of 72:
 *
 *   header  "WIT1", log id u32, generation u32, sectors u16, born after a loss u8, 0xff …, CRC-32
 *   record  from 16, seq u48, tick u48, t-ms u48, txid 32, low bits of the generation u16, CRC-32
 *
 * A record of all zeros is void: a write that was cut off, and noticed at the start after it.
 */
import { crc32 } from "#core/crypto/crc32";

export const HEADER_BYTES = 64;
export const RECORD_BYTES = 72;
export const RECORDS_PER_SECTOR = 56;

/** "WIT1". */
const MAGIC = 0x57495431;
const HEADER_CRC_AT = HEADER_BYTES - 4;
const RECORD_CRC_AT = RECORD_BYTES - 4;

export interface SectorHeader {
  /** Of the log: another id is another log. */
  id: number;
  /** Rises by one with each sector that is begun. */
  generation: number;
  /** Of the region: with another number all places are others. */
  sectors: number;
  /** The log before this one was lost. */
  lost: boolean;
}

/** The last that was signed for an author. */
export interface Entry {
  from: Uint8Array;
  seq: number;
  tick: number;
  tMs: number;
  txid: Uint8Array;
}

export function encodeHeader({ id, generation, sectors, lost }: SectorHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES).fill(0xff);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, id);
  view.setUint32(8, generation);
  view.setUint16(12, sectors);
  view.setUint8(14, lost ? 1 : 0);
  view.setUint32(HEADER_CRC_AT, crc32(bytes.subarray(0, HEADER_CRC_AT)));
  return bytes;
}

export function decodeHeader(bytes: Uint8Array): SectorHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (view.getUint32(0) !== MAGIC) return undefined;
  if (view.getUint32(HEADER_CRC_AT) !== crc32(bytes.subarray(0, HEADER_CRC_AT))) return undefined;
  return {
    id: view.getUint32(4),
    generation: view.getUint32(8),
    sectors: view.getUint16(12),
    lost: view.getUint8(14) === 1,
  };
}

export function encodeEntry(entry: Entry, generation: number): Uint8Array {
  const bytes = new Uint8Array(RECORD_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(entry.from, 0);
  setUint48(view, 16, entry.seq);
  setUint48(view, 22, entry.tick);
  setUint48(view, 28, entry.tMs);
  bytes.set(entry.txid, 34);
  view.setUint16(66, generation & 0xffff);
  view.setUint32(RECORD_CRC_AT, crc32(bytes.subarray(0, RECORD_CRC_AT)));
  return bytes;
}

/** Low 16 bits of the generation in which a record was written, or −1 where it is none. */
export function generationOf(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, RECORD_BYTES);
  const whole = view.getUint32(RECORD_CRC_AT) === crc32(bytes.subarray(0, RECORD_CRC_AT));
  return whole ? view.getUint16(66) : -1;
}

/** The fields of a whole record. */
export function decodeEntry(bytes: Uint8Array): Entry {
  const view = new DataView(bytes.buffer, bytes.byteOffset, RECORD_BYTES);
  return {
    from: bytes.slice(0, 16),
    seq: getUint48(view, 16),
    tick: getUint48(view, 22),
    tMs: getUint48(view, 28),
    txid: bytes.slice(34, 66),
  };
}

/** Whether all bytes are `value`: 0xff for a blank place, 0 for a void one. */
export function isFilled(bytes: Uint8Array, value: number): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== value) return false;
  return true;
}

/** What the log can hold of a number: 2^48 ms are 8900 years. */
export const UINT48_MAX = 2 ** 48 - 1;

function setUint48(view: DataView, at: number, value: number): void {
  view.setUint16(at, Math.floor(value / 2 ** 32));
  view.setUint32(at + 2, value % 2 ** 32);
}

function getUint48(view: DataView, at: number): number {
  return view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
}
