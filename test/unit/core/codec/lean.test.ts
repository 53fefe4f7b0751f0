// SPDX-License-Identifier: Apache-2.0
/** The chip's codec against cbor-x: the same bytes, and the same values of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { CborValue } from "#core/codec/cbor";
import * as lean from "#core/codec/cbor-lean";
import * as cborX from "#core/codec/cbor-x";
import { anyValue } from "./arbitraries.ts";

function same(value: CborValue): void {
  const bytes = cborX.encodeItem(value);
  assert.deepEqual(lean.encodeItem(value), bytes);
  assert.deepEqual(lean.decodeItem(new Uint8Array(bytes)), cborX.decodeItem(new Uint8Array(bytes)));
}

test("at every boundary of the head", () => {
  for (let bits = 0; bits <= 64; bits++)
    for (const by of [-1n, 0n, 1n]) {
      const value = (1n << BigInt(bits)) + by;
      if (value < 0n || value >= 1n << 64n) continue;
      same(value);
      if (value <= BigInt(Number.MAX_SAFE_INTEGER)) same(Number(value));
    }
  for (const length of [0, 1, 23, 24, 255, 256, 65_535, 65_536]) {
    same(new Uint8Array(length).fill(7));
    same("x".repeat(length));
    same(new Array<number>(length).fill(1));
  }
});

test("for values of any shape", () => {
  fc.assert(fc.property(anyValue, same), { numRuns: 2000 });
});
