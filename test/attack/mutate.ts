// SPDX-License-Identifier: Apache-2.0
/** Ways to damage a message so that it is no longer what somebody signed. */
import { type CborValue, decodeCbor, encodeCbor } from "#core/codec/cbor";
import type { Rng } from "../property/rng.ts";

/** Heads that announce more than there is: arrays, byte strings, text and maps of up to 2^64 − 1. */
const HUGE = [
  ...["9affffffff", "9bffffffffffffffff", "5affffffff", "5bffffffffffffffff"],
  ...["7a7fffffff", "ba00ffffff", "9f", "5f", "c249", "fb7ff0000000000000"],
].map((hex) => Buffer.from(hex, "hex"));
const DEEP = 500;
/** Beyond what a gateway looks at, within what a broker takes. */
const LONG_BYTES = 17_000;

/** `valid` in a wrong form. `others` are further right ones of the same kind, `foreign` of other kinds. */
export function mutate(
  rng: Rng,
  valid: Uint8Array,
  others: readonly Uint8Array[],
  foreign: readonly Uint8Array[],
): Uint8Array {
  const ways: (() => Uint8Array)[] = [
    () => flipped(rng, valid),
    () => valid.slice(0, rng.below(valid.length)),
    () => inserted(rng, valid),
    () => removed(rng, valid),
    () => inRecord(rng, valid, (fields) => swap(rng, fields)),
    () => inRecord(rng, valid, (fields) => change(rng, fields)),
    () => inRecord(rng, valid, (fields) => change(rng, fields)),
    () => inRecord(rng, valid, (fields) => fields.slice(0, rng.below(fields.length))),
    () => inRecord(rng, valid, (fields) => [...fields, rng.below(100)]),
    () => brokenRecord(rng, valid),
    () => crossed(rng, valid, rng.pick(others)),
    () => rng.pick(foreign),
    () => announced(rng, valid),
    () => rng.bytes(1 + rng.below(400)),
    () => repeated(rng, valid),
  ];
  // Rare, for they are long.
  if (rng.below(50) === 0) ways.push(() => longer(valid), deep);
  for (;;) {
    const made = rng.pick(ways)();
    // Nobody has to be told apart from those who said something right; empty is a retained message's end.
    if (made.length > 0 && !others.some((right) => Buffer.compare(right, made) === 0)) return made;
  }
}

function flipped(rng: Rng, valid: Uint8Array): Uint8Array {
  const made = valid.slice();
  for (let i = 1 + rng.below(8); i > 0; i--) made[rng.below(made.length)] ^= 1 << rng.below(8);
  return made;
}

function inserted(rng: Rng, valid: Uint8Array): Uint8Array {
  const at = rng.below(valid.length + 1);
  return joined(valid.slice(0, at), rng.bytes(1 + rng.below(40)), valid.slice(at));
}

function removed(rng: Rng, valid: Uint8Array): Uint8Array {
  const at = rng.below(valid.length);
  return joined(valid.slice(0, at), valid.slice(at + 1 + rng.below(20)));
}

function repeated(rng: Rng, valid: Uint8Array): Uint8Array {
  const at = rng.below(valid.length);
  return joined(valid.slice(0, at), valid.slice(Math.max(0, at - 1 - rng.below(60))));
}

/** The beginning of one and the end of another. */
function crossed(rng: Rng, a: Uint8Array, b: Uint8Array): Uint8Array {
  const at = rng.below(Math.min(a.length, b.length));
  return joined(a.slice(0, at), b.slice(at));
}

/** A head that promises much, in place of a piece. */
function announced(rng: Rng, valid: Uint8Array): Uint8Array {
  const at = rng.below(valid.length);
  return joined(valid.slice(0, at), rng.pick(HUGE), valid.slice(at + rng.below(10)));
}

/** The record inside, decoded, and what stands behind it in the envelope. */
function opened(valid: Uint8Array): { fields: CborValue[]; rest: CborValue[] } | undefined {
  const outer = decodeCbor(valid);
  if (!("value" in outer) || !Array.isArray(outer.value)) return undefined;
  const [record, ...rest] = outer.value;
  const inner = record instanceof Uint8Array ? decodeCbor(record) : undefined;
  if (!inner || !("value" in inner) || !Array.isArray(inner.value)) return undefined;
  return { fields: [...inner.value], rest };
}

/** Other fields in an envelope that is right. */
function inRecord(
  rng: Rng,
  valid: Uint8Array,
  edit: (fields: CborValue[]) => CborValue[],
): Uint8Array {
  const parts = opened(valid);
  if (!parts) return flipped(rng, valid);
  return encodeCbor([encodeCbor(edit(parts.fields)), ...parts.rest]);
}

/** A record with flipped bits in an envelope that is right. */
function brokenRecord(rng: Rng, valid: Uint8Array): Uint8Array {
  const parts = opened(valid);
  if (!parts) return flipped(rng, valid);
  return encodeCbor([flipped(rng, encodeCbor(parts.fields)), ...parts.rest]);
}

function swap(rng: Rng, fields: CborValue[]): CborValue[] {
  const [i, j] = [rng.below(fields.length), rng.below(fields.length)];
  [fields[i], fields[j]] = [fields[j], fields[i]];
  return fields;
}

/** One field with another value of its type, or of another type. */
function change(rng: Rng, fields: CborValue[]): CborValue[] {
  const at = rng.below(fields.length);
  const before = fields[at];
  if (rng.below(6) === 0) fields[at] = rng.pick<CborValue>([[], "", 0, new Uint8Array(0), [[1]]]);
  else if (before instanceof Uint8Array && before.length > 0) fields[at] = flipped(rng, before);
  else if (typeof before === "number")
    fields[at] = rng.pick([before + 1, 0, 2 ** 32, Number.MAX_SAFE_INTEGER]);
  else fields[at] = `${before}x`;
  return fields;
}

function longer(valid: Uint8Array): Uint8Array {
  return joined(valid, new Uint8Array(LONG_BYTES));
}

function deep(): Uint8Array {
  return new Uint8Array(DEEP).fill(0x81);
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}
