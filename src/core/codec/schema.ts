// SPDX-License-Identifier: Apache-2.0
/**
 * Field types of records. One table per record says what goes on the wire; encoder, strict decoder,
 * TypeScript type and CDDL rule all come from it, so that they cannot disagree.
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

/** Right-hand sides of CDDL rules by rule name. */
export type CddlRules = Readonly<Record<string, string>>;

/** One field: how it is written in CDDL, how it is encoded, and how it is read back and checked. */
export interface Field<T> {
  readonly cddl: string;
  /** CDDL rules of the named structs that `cddl` refers to, by name, innermost first. */
  readonly rules?: CddlRules;
  encode(value: T, path: string): CborValue;
  decode(raw: CborValue, path: string): T;
}

/** The TypeScript type of a field or of a table of fields. */
export type Infer<F> =
  F extends Field<infer T> ? T : { [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** A table of named fields, in wire order. */
export type Fields = Record<string, Field<never> | Field<unknown>>;

/** An unsigned integer up to `max` as a number. */
export function uint(max: number = Number.MAX_SAFE_INTEGER): Field<number> {
  const ok = (value: unknown): value is number =>
    typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= max;
  return {
    cddl: max === Number.MAX_SAFE_INTEGER ? "safe-uint" : `0..${max}`,
    encode(value, path) {
      assert(ok(value), "FIELD_VALUE", `${path} = ${value}`);
      return value;
    },
    decode(raw, path) {
      const value = typeof raw === "bigint" ? Number(raw) : raw; // bigint above 2^53 fails `ok`
      if (!ok(value)) throw new FieldFault(path, `not an unsigned integer up to ${max}`);
      return value;
    },
  };
}

/** An unsigned 64-bit integer as a bigint: energy registers in mWh. */
export const u64: Field<bigint> = {
  cddl: "uint",
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
export function bytes(size: number, max = size): Field<Uint8Array> {
  const ok = (value: unknown): value is Uint8Array =>
    value instanceof Uint8Array && value.length >= size && value.length <= max;
  return {
    cddl: max === size ? `bstr .size ${size}` : `bstr .size (${size}..${max})`,
    encode(value, path) {
      assert(ok(value), "FIELD_VALUE", path);
      return value;
    },
    decode(raw, path) {
      if (!ok(raw)) throw new FieldFault(path, `not a byte string of ${size} to ${max} bytes`);
      return raw;
    },
  };
}

/** A SHA-256 hash. */
export const hash: Field<Uint8Array> = { ...bytes(32), cddl: "hash" };

/** Printable ASCII of at most `max` characters. */
export function text(max: number): Field<string> {
  const ok = (value: unknown): value is string =>
    typeof value === "string" && value.length <= max && /^[\x20-\x7e]*$/.test(value);
  return {
    cddl: `tstr .size (0..${max})`,
    encode(value, path) {
      assert(ok(value), "FIELD_VALUE", path);
      return value;
    },
    decode(raw, path) {
      if (!ok(raw)) throw new FieldFault(path, `not text of at most ${max} characters`);
      return raw;
    },
  };
}

/** `min` to `max` items of one kind. */
export function list<T>(item: Field<T>, max: number, min = 0): Field<T[]> {
  return {
    cddl: `[${min}*${max} ${item.cddl}]`,
    rules: item.rules,
    encode(value, path) {
      assert(value.length >= min && value.length <= max, "FIELD_VALUE", `${path} length`);
      return value.map((entry, i) => item.encode(entry, `${path}[${i}]`));
    },
    decode(raw, path) {
      if (!Array.isArray(raw) || raw.length < min || raw.length > max)
        throw new FieldFault(path, `not an array of ${min} to ${max} items`);
      return (raw as CborValue[]).map((entry, i) => item.decode(entry, `${path}[${i}]`));
    },
  };
}

/** A field that may be missing; `absent` (0 or "*") stands for it on the wire. */
export function optional<T>(item: Field<T>, absent: 0 | "*" = 0): Field<T | undefined> {
  return {
    cddl: `${item.cddl} / ${absent === 0 ? "0" : '"*"'}`,
    rules: item.rules,
    encode: (value, path) => (value === undefined ? absent : item.encode(value, path)),
    decode: (raw, path) => (raw === absent ? undefined : item.decode(raw, path)),
  };
}

/** Named fields in an array: `{a, b}` is `[a, b]` on the wire. With `cddlName` CDDL refers to it by name. */
export function struct<F extends Fields>(fields: F, cddlName?: string): Field<Infer<F>> {
  const names = Object.keys(fields) as (keyof F & string)[];
  const rule = `[${names.map((name) => `${kebab(name)}: ${fields[name].cddl}`).join(", ")}]`;
  const rules: Record<string, string> = {};
  for (const name of names) Object.assign(rules, fields[name].rules);
  if (cddlName) rules[cddlName] = rule;
  return {
    cddl: cddlName ?? rule,
    rules,
    encode(value, path) {
      const source = value as Record<string, unknown>;
      return names.map((name) =>
        (fields[name] as Field<unknown>).encode(source[name], `${path}.${name}`),
      );
    },
    decode(raw, path) {
      if (!Array.isArray(raw) || raw.length !== names.length)
        throw new FieldFault(path, `not an array of ${names.length} fields`);
      const value: Record<string, unknown> = {};
      for (let i = 0; i < names.length; i++)
        value[names[i]] = fields[names[i]].decode(raw[i] as CborValue, `${path}.${names[i]}`);
      return value as Infer<F>;
    },
  };
}

/** `qtyWh` as CDDL writes names: `qty-wh`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
