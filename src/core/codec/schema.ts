// SPDX-License-Identifier: Apache-2.0
/**
 * Field types of records. One table per record says what goes on the wire: encoder, strict decoder and
 * TypeScript type come from it here, the CDDL rule in tools/cddl-rules.ts, so that they cannot disagree.
 * A field is an instance with its bounds and nothing else, since a chip keeps some 200 of them in its flash.
 */
import { assert } from "../errors/assert.ts";
import type { CborValue } from "./cbor.ts";

/** Thrown inside a decoder for a value that the schema excludes; decodeRecord turns it into a result. */
export class FieldFault extends Error {
  readonly path: string;
  constructor(path: string, what: string) {
    super(`${path}: ${what}`);
    this.path = path;
  }
}

/** One field: how it is encoded, and how it is read back and checked. */
export interface Field<T> {
  encode(value: T, path: string): CborValue;
  decode(raw: CborValue, path: string): T;
}

/** The TypeScript type of a field or of a table of fields. */
export type Infer<F> =
  F extends Field<infer T> ? T : { [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** A table of named fields, in wire order. */
export type Fields = Record<string, Field<never> | Field<unknown>>;

/** An unsigned integer up to `max` as a number. */
export class UintField implements Field<number> {
  readonly max: number;

  constructor(max: number) {
    this.max = max;
  }

  encode(value: number, path: string): CborValue {
    assert(isUint(value, this.max), "FIELD_VALUE", `${path} = ${value}`);
    return value;
  }

  decode(raw: CborValue, path: string): number {
    const value = typeof raw === "bigint" ? Number(raw) : raw; // above 2^53 it is no safe integer
    if (!isUint(value, this.max))
      throw new FieldFault(path, `not an unsigned integer up to ${this.max}`);
    return value;
  }
}

function isUint(value: unknown, max: number): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= max;
}

/** A byte string of `min` to `max` bytes. */
export class BytesField implements Field<Uint8Array> {
  readonly min: number;
  readonly max: number;

  constructor(min: number, max: number) {
    this.min = min;
    this.max = max;
  }

  encode(value: Uint8Array, path: string): CborValue {
    assert(isBytes(value, this.min, this.max), "FIELD_VALUE", path);
    return value;
  }

  decode(raw: CborValue, path: string): Uint8Array {
    if (!isBytes(raw, this.min, this.max))
      throw new FieldFault(path, `not a byte string of ${this.min} to ${this.max} bytes`);
    return raw;
  }
}

function isBytes(value: unknown, min: number, max: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length >= min && value.length <= max;
}

/** Printable ASCII of at most `max` characters. */
export class TextField implements Field<string> {
  readonly max: number;

  constructor(max: number) {
    this.max = max;
  }

  encode(value: string, path: string): CborValue {
    assert(isText(value, this.max), "FIELD_VALUE", path);
    return value;
  }

  decode(raw: CborValue, path: string): string {
    if (!isText(raw, this.max))
      throw new FieldFault(path, `not text of at most ${this.max} characters`);
    return raw;
  }
}

function isText(value: unknown, max: number): value is string {
  if (typeof value !== "string" || value.length > max) return false;
  // No regular expression: on XS each look would compile it, and most records begin with a name.
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

/** `min` to `max` items of one kind. */
export class ListField<T> implements Field<T[]> {
  readonly item: Field<T>;
  readonly min: number;
  readonly max: number;

  constructor(item: Field<T>, min: number, max: number) {
    this.item = item;
    this.min = min;
    this.max = max;
  }

  encode(value: T[], path: string): CborValue {
    const { item, min, max } = this;
    assert(value.length >= min && value.length <= max, "FIELD_VALUE", `${path} length`);
    return value.map((entry, i) => item.encode(entry, `${path}[${i}]`));
  }

  decode(raw: CborValue, path: string): T[] {
    const { item, min, max } = this;
    if (!Array.isArray(raw) || raw.length < min || raw.length > max)
      throw new FieldFault(path, `not an array of ${min} to ${max} items`);
    return (raw as CborValue[]).map((entry, i) => item.decode(entry, `${path}[${i}]`));
  }
}

/** A field that may be missing: `absent` stands for it on the wire. */
export class OptionalField<T> implements Field<T | undefined> {
  readonly item: Field<T>;
  readonly absent: 0 | "*";

  constructor(item: Field<T>, absent: 0 | "*") {
    this.item = item;
    this.absent = absent;
  }

  encode(value: T | undefined, path: string): CborValue {
    return value === undefined ? this.absent : this.item.encode(value, path);
  }

  decode(raw: CborValue, path: string): T | undefined {
    return raw === this.absent ? undefined : this.item.decode(raw, path);
  }
}

/** Named fields in an array: `{a, b}` is `[a, b]` on the wire. */
export class StructField<F extends Fields> implements Field<Infer<F>> {
  readonly fields: F;

  constructor(fields: F) {
    this.fields = fields;
  }

  encode(value: Infer<F>, path: string): CborValue[] {
    const source = value as Record<string, unknown>;
    const fields = this.fields as Record<string, Field<unknown>>;
    return Object.keys(fields).map((name) => fields[name].encode(source[name], `${path}.${name}`));
  }

  decode(raw: CborValue, path: string): Infer<F> {
    const names = Object.keys(this.fields);
    if (!Array.isArray(raw) || raw.length !== names.length)
      throw new FieldFault(path, `not an array of ${names.length} fields`);
    const value: Record<string, unknown> = {};
    for (let i = 0; i < names.length; i++)
      value[names[i]] = this.fields[names[i]].decode(raw[i] as CborValue, `${path}.${names[i]}`);
    return value as Infer<F>;
  }
}

/** An unsigned integer up to `max` as a number. */
export function uint(max: number = Number.MAX_SAFE_INTEGER): UintField {
  return new UintField(max);
}

/** An unsigned 64-bit integer as a bigint: energy registers in mWh. */
export const u64: Field<bigint> = {
  encode(value, path) {
    assert(typeof value === "bigint" && value >= 0n && value < 1n << 64n, "FIELD_VALUE", path);
    return value;
  },
  decode(raw, path) {
    if (typeof raw === "bigint") return raw;
    if (typeof raw !== "number") throw new FieldFault(path, "not an unsigned integer");
    return BigInt(raw);
  },
};

/** A byte string of exactly `size` bytes, or of `size` to `max` bytes. */
export function bytes(size: number, max: number = size): BytesField {
  return new BytesField(size, max);
}

/** A SHA-256 hash. */
export const hash: BytesField = bytes(32);

/** Printable ASCII of at most `max` characters. */
export function text(max: number): TextField {
  return new TextField(max);
}

/** `min` to `max` items of one kind. */
export function list<T>(item: Field<T>, max: number, min = 0): ListField<T> {
  return new ListField(item, min, max);
}

/** A field that may be missing; `absent` (0 or "*") stands for it on the wire. */
export function optional<T>(item: Field<T>, absent: 0 | "*" = 0): OptionalField<T> {
  return new OptionalField(item, absent);
}

/** Named fields in an array. */
export function struct<F extends Fields>(fields: F): StructField<F> {
  return new StructField(fields);
}
