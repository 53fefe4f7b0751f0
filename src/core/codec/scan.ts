// SPDX-License-Identifier: Apache-2.0
/**
 * The wire profile's gatekeeper (RFC 8949 section 4.2.1, narrowed): one pass over the bytes, without
 * recursion and without allocation that an attacker can size, before any decoder sees them. It accepts
 * unsigned integers, byte strings, printable ASCII text and arrays, each with the shortest head, and
 * nothing after the first item. What it accepts has exactly one encoding, so what it accepts is canonical.
 */
import { WIRE_ARRAY_MAX, WIRE_DEPTH_MAX, WIRE_ITEMS_MAX } from "../limits.ts";

/** Why bytes are not in the profile. `malformed`: not CBOR at all; `profile`: CBOR that the profile excludes;
 * `non-canonical`: a longer encoding of something that has a shorter one; `limit`: too deep or too many. */
export type ScanFault = "malformed" | "profile" | "non-canonical" | "limit";

interface Head {
  major: number;
  argument: number;
  next: number;
  fault?: ScanFault;
}

/** A fault in `bytes`, or undefined where they are one canonical item of the profile. */
export function scan(bytes: Uint8Array): ScanFault | undefined {
  const pending: number[] = []; // items still to come in each open array
  let offset = 0;
  let items = 0;
  const head: Head = { major: 0, argument: 0, next: 0 };
  do {
    const fault = readHead(bytes, offset, head);
    if (fault) return fault;
    if (++items > WIRE_ITEMS_MAX) return "limit";
    offset = head.next;
    if (head.major === 4) {
      if (head.argument > WIRE_ARRAY_MAX || pending.length >= WIRE_DEPTH_MAX) return "limit";
      pending.push(head.argument);
    } else {
      if (head.major !== 0) {
        if (head.argument > bytes.length - offset) return "malformed";
        if (head.major === 3 && !isPrintable(bytes, offset, head.argument)) return "profile";
        offset += head.argument;
      }
      if (pending.length === 0) break;
      pending[pending.length - 1]--;
    }
    while (pending.length > 0 && pending[pending.length - 1] === 0) {
      pending.pop();
      if (pending.length > 0) pending[pending.length - 1]--;
    }
  } while (pending.length > 0);
  return offset === bytes.length ? undefined : "malformed";
}

function readHead(bytes: Uint8Array, offset: number, head: Head): ScanFault | undefined {
  if (offset >= bytes.length) return "malformed";
  const major = bytes[offset] >> 5;
  const info = bytes[offset] & 31;
  if (major !== 0 && major !== 2 && major !== 3 && major !== 4) return "profile";
  if (info > 27) return info === 31 ? "profile" : "malformed";
  const width = info < 24 ? 0 : 1 << (info - 24);
  if (offset + 1 + width > bytes.length) return "malformed";
  let argument = info;
  if (width > 0) {
    argument = 0; // up to 2^64: as a double it may round, but only its size class matters above 2^53
    for (let i = 1; i <= width; i++) argument = argument * 256 + bytes[offset + i];
    if (argument < SHORTEST[info - 24]) return "non-canonical";
  }
  head.major = major;
  head.argument = argument;
  head.next = offset + 1 + width;
  return undefined;
}

/** The smallest argument that needs 1, 2, 4 or 8 bytes after the head. */
const SHORTEST = [24, 0x100, 0x10000, 0x100000000];

function isPrintable(bytes: Uint8Array, offset: number, length: number): boolean {
  for (let i = offset; i < offset + length; i++)
    if (bytes[i] < 0x20 || bytes[i] > 0x7e) return false;
  return true;
}
