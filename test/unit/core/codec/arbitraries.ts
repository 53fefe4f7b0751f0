// SPDX-License-Identifier: Apache-2.0
/** Random values and bytes of the wire profile. */
import fc from "fast-check";
import type { CborValue } from "#core/codec/cbor";

/** Integers with a liking for the widths at which the head changes. */
export const anyInteger: fc.Arbitrary<bigint> = fc.oneof(
  fc.constantFrom(0n, 23n, 24n, 255n, 256n, 65535n, 65536n, 0xffffffffn, 0x100000000n),
  fc.constantFrom((1n << 53n) - 1n, 1n << 53n, (1n << 53n) + 1n, (1n << 64n) - 1n),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc.bigInt({ min: 0n, max: 0xffffn }),
);

/** The integer as decoding returns it: a number below 2^32, a bigint above. */
export function asDecoded(value: bigint): number | bigint {
  return value <= 0xffffffffn ? Number(value) : value;
}

export const anyText: fc.Arbitrary<string> = fc
  .array(fc.integer({ min: 0x20, max: 0x7e }), { maxLength: 300, size: "medium" })
  .map((codes) => String.fromCharCode(...codes));

export const anyBytes: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 300, size: "medium" });

const leaf: fc.Arbitrary<CborValue> = fc.oneof(anyInteger.map(asDecoded), anyText, anyBytes);

/** Values as decoding returns them, arrays up to six deep, some of them long. */
export const anyValue: fc.Arbitrary<CborValue> = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 5 },
    leaf,
    fc.array(tie("value"), { maxLength: 30 }) as fc.Arbitrary<CborValue>,
  ),
})).value;

/** Bytes that look like CBOR: heads of every kind with random arguments and payloads in between. */
export const cborLikeBytes: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 0, max: 23 }).map((n) => [n]) },
      { weight: 4, arbitrary: fc.integer({ min: 0x80, max: 0x86 }).map((n) => [n]) },
      { weight: 2, arbitrary: fc.integer({ min: 0x41, max: 0x44 }).map((n) => [n, 1, 2]) },
      { weight: 2, arbitrary: fc.integer({ min: 0x61, max: 0x63 }).map((n) => [n, 0x41, 0x42]) },
      { weight: 1, arbitrary: fc.constantFrom([0x18, 24], [0x19, 1, 0], [0x1a, 0, 1, 0, 0]) },
      { weight: 1, arbitrary: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 4 }) },
    ),
    { maxLength: 12 },
  )
  .map((pieces) => Uint8Array.from(pieces.flat()));
