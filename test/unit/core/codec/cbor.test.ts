// SPDX-License-Identifier: Apache-2.0
/** The wire profile has one encoding for each value, and a decoder that knows no other. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesEqual, fromHex, toHex } from "#core/codec/bytes";
import { type CborValue, decodeCbor, encodeCbor } from "#core/codec/cbor";
import { scan } from "#core/codec/scan";
import { anyInteger, anyValue, asDecoded, cborLikeBytes } from "./arbitraries.ts";

/** What decoding `bytes` gives, where it is accepted; then encoding it again must give `bytes`. */
function assertCanonical(bytes: Uint8Array): boolean {
  const decoded = decodeCbor(bytes);
  if ("fault" in decoded) return false;
  assert.equal(toHex(encodeCbor(decoded.value)), toHex(bytes), "the only encoding");
  return true;
}

test("random values: encoded, scanned, decoded, encoded again", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const bytes = encodeCbor(value);
      assert.equal(scan(bytes), undefined, `${toHex(bytes)} is in the profile`);
      const decoded = decodeCbor(bytes);
      assert.ok("value" in decoded);
      assert.deepEqual(decoded.value, value, "the same value");
      assert.equal(toHex(encodeCbor(decoded.value)), toHex(bytes), "the same bytes");
    }),
    { numRuns: 500 },
  );
});

test("integers by hand: the shortest head of RFC 8949 section 3.1 for every width", () => {
  const head = (value: bigint): string => {
    if (value < 24n) return value.toString(16).padStart(2, "0");
    for (const [info, width] of [
      ["18", 2],
      ["19", 4],
      ["1a", 8],
      ["1b", 16],
    ] as const)
      if (value < 1n << BigInt(4 * width)) return info + value.toString(16).padStart(width, "0");
    throw new Error("above 2^64");
  };
  fc.assert(
    fc.property(anyInteger, (value) => {
      assert.equal(toHex(encodeCbor(value)), head(value), `${value} as a bigint`);
      if (value < 1n << 53n) {
        assert.equal(toHex(encodeCbor(Number(value))), head(value), `${value} as a number`);
      }
      const decoded = decodeCbor(encodeCbor(value));
      assert.deepEqual(decoded, { value: asDecoded(value) });
    }),
  );
});

test("text and bytes of every length around the widths of a length", () => {
  for (const size of [0, 1, 22, 23, 24, 31, 32, 63, 64, 65, 255, 256, 257, 4096, 65535, 65536]) {
    for (const value of ["x".repeat(size), new Uint8Array(size).fill(7)]) {
      const bytes = encodeCbor(value);
      assert.equal(scan(bytes), undefined, `${typeof value} of ${size}`);
      assert.deepEqual(decodeCbor(bytes), { value }, `${typeof value} of ${size}`);
    }
    if (size > 8192) continue;
    const list = new Array<CborValue>(size).fill(1);
    assert.deepEqual(decodeCbor(encodeCbor(list)), { value: list }, `an array of ${size}`);
  }
});

test("random bytes never throw, and what is accepted has one encoding", () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      if (assertCanonical(bytes)) accepted++;
    }),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(cborLikeBytes, (bytes) => {
      if (assertCanonical(bytes)) accepted++;
    }),
    { numRuns: 3000 },
  );
  assert.ok(accepted >= 100, `only ${accepted} were accepted: the generator proves little`);
});

test("a changed, cut or repeated byte of a good encoding is refused or is another good encoding", () => {
  fc.assert(
    fc.property(anyValue, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, flip) => {
      const bytes = encodeCbor(value);
      const index = at % bytes.length;
      const changed = bytes.slice();
      changed[index] ^= flip;
      assertCanonical(changed);
      const cut = bytes.subarray(0, index);
      assert.ok(scan(cut), `${toHex(cut)}: a beginning is refused`);
      const repeated = Uint8Array.from([...bytes.subarray(0, index + 1), ...bytes.subarray(index)]);
      assertCanonical(repeated);
      const longer = Uint8Array.from([...bytes, flip]);
      assert.ok(scan(longer), "a byte after the item is refused");
    }),
    { numRuns: 500 },
  );
});

test("one and two bytes: every string of them", () => {
  for (let first = 0; first < 256; first++) {
    assertCanonical(Uint8Array.of(first));
    for (let second = 0; second < 256; second++) assertCanonical(Uint8Array.of(first, second));
  }
});

test("the result does not change with the buffer that was decoded", () => {
  const bytes = encodeCbor([Uint8Array.of(1, 2, 3), "abc"]);
  const decoded = decodeCbor(bytes);
  bytes.fill(0xff);
  assert.deepEqual(decoded, { value: [Uint8Array.of(1, 2, 3), "abc"] });
});

test("a view on a larger buffer, and a Buffer, encode and decode as plain bytes", () => {
  const pool = Uint8Array.of(9, 9, 0x82, 1, 0x41, 7, 9);
  const decoded = decodeCbor(pool.subarray(2, 6));
  assert.deepEqual(decoded, { value: [1, Uint8Array.of(7)] });
  const fromBuffer = encodeCbor([1, Buffer.from([7])]);
  assert.equal(toHex(fromBuffer), "82014107");
  assert.equal(Object.getPrototypeOf(fromBuffer), Uint8Array.prototype, "not a Buffer");
});

test("values outside the profile are our own bug", () => {
  const wrong: unknown[] = [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -1n, 1n << 64n];
  wrong.push(true, null, undefined, {}, new Map(), [[-1]], [[[[[[[0]]]]]]], Symbol.iterator);
  wrong.push("größe", "\n", "\u{1F600}", new Array(8193).fill(0));
  wrong.push(new Array(17).fill(new Array(8000).fill(0)));
  for (const value of wrong)
    assert.throws(() => encodeCbor(value as CborValue), { code: "CBOR_VALUE" }, String(value));
});

test("hex there and back", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const back = fromHex(toHex(bytes));
      assert.ok(back && bytesEqual(back, bytes));
    }),
  );
  for (const bad of ["0", "0g", "0x00", " 00", "é0"]) assert.equal(fromHex(bad), undefined, bad);
});
