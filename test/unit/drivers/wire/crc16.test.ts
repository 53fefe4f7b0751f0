// SPDX-License-Identifier: Apache-2.0
/** CRC-16 of Modbus and DSMR: the catalogue's check values, a division by hand, and what it notices. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ascii } from "#core/codec/bytes";
import { crc16 } from "#drivers/wire/crc16";
import { slowCrc16 } from "../modbus/corrupt.ts";

test("check values: CRC-16/MODBUS and CRC-16/ARC of the catalogue", () => {
  assert.equal(crc16(ascii("123456789"), 0xffff), 0x4b37);
  assert.equal(crc16(ascii("123456789"), 0), 0xbb3d);
  assert.equal(crc16(new Uint8Array(0), 0xffff), 0xffff);
  assert.equal(crc16(new Uint8Array(0), 0), 0);
});

test("the same as bit by bit, also in pieces", () => {
  const init = fc.constantFrom(0, 0xffff);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(), init, (bytes, at, first) => {
      const cut = bytes.length === 0 ? 0 : at % bytes.length;
      const whole = crc16(bytes, first);
      assert.equal(whole, slowCrc16(bytes, first));
      assert.equal(crc16(bytes.subarray(cut), crc16(bytes.subarray(0, cut), first)), whole);
    }),
  );
});

test("any burst of up to 16 bits is noticed", () => {
  const some = fc.uint8Array({ minLength: 4, maxLength: 256 });
  const burst = fc.integer({ min: 1, max: 0xffff });
  fc.assert(
    fc.property(some, fc.nat(), burst, fc.integer({ min: 0, max: 7 }), (bytes, at, bits, shift) => {
      const bent = bytes.slice();
      const offset = at % (bytes.length - 2);
      const mask = bits << shift;
      for (let i = 0; i < 3; i++) bent[offset + i] ^= (mask >> (8 * i)) & 0xff;
      assert.notEqual(crc16(bent, 0xffff), crc16(bytes, 0xffff));
    }),
  );
});
