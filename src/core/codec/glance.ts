// SPDX-License-Identifier: Apache-2.0
/**
 * Looks into records without building them: a chip has no room for everybody's transactions as objects. What it
 * accepts is what `RecordType.decode` accepts, checked by the same tables of fields; a test compares the two.
 */
import type { RecordType } from "./record.ts";
import { scan } from "./scan.ts";
import {
  BytesField,
  type Field,
  ListField,
  OptionalField,
  StructField,
  TextField,
  UintField,
  u64,
} from "./schema.ts";

/** A place in bytes that `scan` has accepted. */
export interface Cursor {
  at: number;
}

const UINT = 0;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;

/** Where each field of a record begins; undefined where `type` would not decode `bytes`. */
export function glance<T>(
  type: RecordType<T>,
  bytes: Uint8Array,
): Record<keyof T & string, number> | undefined {
  if (bytes.length > type.bytesMax || scan(bytes)) return undefined;
  const { fields } = type.body;
  const names = Object.keys(fields);
  const cursor = { at: 0 };
  if (bytes[0] >> 5 !== ARRAY || headOf(bytes, cursor) !== names.length + 2) return undefined;
  if (!isUint(bytes, cursor, type.kind) || !isUint(bytes, cursor, type.version)) return undefined;
  const places: Record<string, number> = {};
  for (let i = 0; i < names.length; i++) {
    places[names[i]] = cursor.at;
    if (!passes(fields[names[i]] as Field<unknown>, bytes, cursor)) return undefined;
  }
  return places;
}

function isUint(bytes: Uint8Array, cursor: Cursor, value: number): boolean {
  return bytes[cursor.at] >> 5 === UINT && headOf(bytes, cursor) === value;
}

/** Moves behind the head at the cursor; its argument, which rounds above 2^53. */
export function headOf(bytes: Uint8Array, cursor: Cursor): number {
  const info = bytes[cursor.at++] & 31;
  if (info < 24) return info;
  const end = cursor.at + (1 << (info - 24));
  let argument = 0;
  while (cursor.at < end) argument = argument * 256 + bytes[cursor.at++];
  return argument;
}

/** The byte string at the cursor, as a view; the cursor moves behind it. */
export function viewAt(bytes: Uint8Array, cursor: Cursor): Uint8Array {
  const length = headOf(bytes, cursor);
  cursor.at += length;
  return bytes.subarray(cursor.at - length, cursor.at);
}

/** Whether `field` would decode the item at the cursor, which moves behind it. */
export function passes(field: Field<unknown>, bytes: Uint8Array, cursor: Cursor): boolean {
  const first = bytes[cursor.at];
  const major = first >> 5;
  if (field instanceof OptionalField) {
    const width = field.absent === 0 ? 1 : 2;
    const absent = width === 1 ? first === 0 : first === 0x61 && bytes[cursor.at + 1] === 0x2a;
    if (!absent) return passes(field.item, bytes, cursor);
    cursor.at += width;
    return true;
  }
  const argument = headOf(bytes, cursor);
  if (field instanceof UintField) return major === UINT && argument <= field.max;
  if (field instanceof BytesField || field instanceof TextField) {
    const isBytes = field instanceof BytesField;
    cursor.at += argument;
    if (major !== (isBytes ? BYTES : TEXT) || argument > field.max) return false;
    return !isBytes || argument >= field.min;
  }
  if (field instanceof ListField) {
    if (major !== ARRAY || argument < field.min || argument > field.max) return false;
    for (let i = 0; i < argument; i++) if (!passes(field.item, bytes, cursor)) return false;
    return true;
  }
  if (field instanceof StructField) {
    const names = Object.keys(field.fields);
    if (major !== ARRAY || argument !== names.length) return false;
    for (const name of names) if (!passes(field.fields[name], bytes, cursor)) return false;
    return true;
  }
  // A field of another kind is not known here: what has one is decoded.
  return field === u64 && major === UINT;
}
