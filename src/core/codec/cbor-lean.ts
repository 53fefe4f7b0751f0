// SPDX-License-Identifier: Apache-2.0
/**
 * CBOR for the chip: only what Wattle's profile has, in both directions. cbor-x keeps a buffer of 8 KB and goes
 * deep on the stack, together 14 KB of an arena of 96 KB. The tests compare the two, value by value.
 *
 * It imports nothing at run time: on the device it is the module `#cbor`, from where no relative path leads.
 */
import type { CborValue } from "./cbor.ts";

const U32 = 0x100000000;
/** Major types in their place in the head. */
const BYTES = 0x40;
const TEXT = 0x60;
const ARRAY = 0x80;

/** The one encoding of a value that cbor.ts has checked. */
export function encodeItem(value: CborValue): Uint8Array {
  const bytes = new Uint8Array(sizeOf(value));
  put(bytes, 0, value);
  return bytes;
}

/** The value of bytes that `scan` has accepted. Byte strings are views of `bytes`. */
export function decodeItem(bytes: Uint8Array): CborValue {
  return take(bytes, { at: 0 });
}

function sizeOf(value: CborValue): number {
  if (typeof value === "number" || typeof value === "bigint") return headBytes(Number(value));
  let size = headBytes(value.length);
  if (typeof value === "string" || value instanceof Uint8Array) return size + value.length;
  for (let i = 0; i < value.length; i++) size += sizeOf(value[i]);
  return size;
}

/** The item at the cursor, which moves behind it; `scan` has accepted it. */
function take(bytes: Uint8Array, cursor: { at: number }): CborValue {
  const major = bytes[cursor.at] & 0xe0;
  const argument = takeHead(bytes, cursor);
  if (major === 0) return argument;
  const length = Number(argument);
  if (major === ARRAY) {
    // Of its whole length at once: XS moves a list that grows, and for a moment has it twice.
    const items: CborValue[] = new Array(length).fill(0);
    for (let i = 0; i < length; i++) items[i] = take(bytes, cursor);
    return items;
  }
  const start = cursor.at;
  cursor.at = start + length;
  return major === BYTES ? bytes.subarray(start, cursor.at) : textOf(bytes, start, cursor.at);
}

function takeHead(bytes: Uint8Array, cursor: { at: number }): number | bigint {
  const info = bytes[cursor.at++] & 31;
  if (info < 24) return info;
  const width = 1 << (info - 24);
  if (width === 8) {
    const high = takeWord(bytes, cursor, 4);
    return (BigInt(high) << 32n) | BigInt(takeWord(bytes, cursor, 4));
  }
  return takeWord(bytes, cursor, width);
}

function takeWord(bytes: Uint8Array, cursor: { at: number }, width: number): number {
  let word = 0;
  for (let i = 0; i < width; i++) word = word * 256 + bytes[cursor.at++];
  return word;
}

/** Characters of one call: each takes a slot of the stack on XS. */
const TEXT_PART = 32;

function textOf(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at += TEXT_PART)
    text += String.fromCharCode(...bytes.subarray(at, Math.min(end, at + TEXT_PART)));
  return text;
}

/** Of the shortest head (RFC 8949 section 4.2.1); a double rounds 2^64 − 1 up, which is as long. */
function headBytes(argument: number): number {
  if (argument < 24) return 1;
  if (argument < 0x100) return 2;
  if (argument < 0x10000) return 3;
  return argument < U32 ? 5 : 9;
}

/** Writes `value` at `at`; where the next item begins. */
function put(bytes: Uint8Array, at: number, value: CborValue): number {
  if (typeof value === "number") return putHead(bytes, at, 0, value);
  if (typeof value === "bigint") return putBigInt(bytes, at, value);
  if (value instanceof Uint8Array) {
    const start = putHead(bytes, at, BYTES, value.length);
    bytes.set(value, start);
    return start + value.length;
  }
  if (typeof value === "string") {
    const start = putHead(bytes, at, TEXT, value.length);
    for (let i = 0; i < value.length; i++) bytes[start + i] = value.charCodeAt(i);
    return start + value.length;
  }
  let next = putHead(bytes, at, ARRAY, value.length);
  for (let i = 0; i < value.length; i++) next = put(bytes, next, value[i]);
  return next;
}

function putHead(bytes: Uint8Array, at: number, major: number, argument: number): number {
  if (argument < 24) {
    bytes[at] = major | argument;
    return at + 1;
  }
  if (argument < 0x100) {
    bytes[at] = major | 24;
    bytes[at + 1] = argument;
    return at + 2;
  }
  if (argument < 0x10000) {
    bytes[at] = major | 25;
    bytes[at + 1] = argument >> 8;
    bytes[at + 2] = argument;
    return at + 3;
  }
  if (argument < U32) {
    bytes[at] = major | 26;
    return putWord(bytes, at + 1, argument);
  }
  bytes[at] = major | 27;
  return putWord(bytes, putWord(bytes, at + 1, Math.floor(argument / U32)), argument % U32);
}

function putBigInt(bytes: Uint8Array, at: number, value: bigint): number {
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return putHead(bytes, at, 0, Number(value));
  bytes[at] = 27;
  const high = putWord(bytes, at + 1, Number(value >> 32n));
  return putWord(bytes, high, Number(value & 0xffffffffn));
}

/** 32 bits, big-endian; the array takes each byte modulo 256. */
function putWord(bytes: Uint8Array, at: number, word: number): number {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
  return at + 4;
}
