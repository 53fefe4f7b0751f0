// SPDX-License-Identifier: Apache-2.0
/** CRC-32: the catalogue's check value, zlib as a second opinion, and what it is used for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { ascii } from "#core/codec/bytes";
import { crc32 } from "#core/crypto/crc32";

test("check values", () => {
  assert.equal(crc32(new Uint8Array(0)), 0);
  assert.equal(crc32(ascii("123456789")), 0xcbf43926);
  assert.equal(crc32(new Uint8Array(32)), 0x190a55ad);
  assert.equal(crc32(new Uint8Array(32).fill(0xff)), 0xff6cab0b);
});

test("the same as zlib's, also in pieces", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(), (bytes, at) => {
      const cut = bytes.length === 0 ? 0 : at % bytes.length;
      assert.equal(crc32(bytes), zlibCrc32(bytes));
      assert.equal(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut))), zlibCrc32(bytes));
    }),
  );
});

test("any burst of up to 32 bits is noticed", () => {
  const some = fc.uint8Array({ minLength: 5, maxLength: 100 });
  fc.assert(
    fc.property(some, fc.nat(), fc.integer({ min: 1, max: 0xffffffff }), (bytes, at, burst) => {
      const bent = bytes.slice();
      const view = new DataView(bent.buffer);
      const offset = at % (bytes.length - 3);
      view.setUint32(offset, (view.getUint32(offset) ^ burst) >>> 0);
      assert.notEqual(crc32(bent), crc32(bytes));
    }),
  );
});
