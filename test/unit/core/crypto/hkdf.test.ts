// SPDX-License-Identifier: Apache-2.0
/** HKDF and HMAC: the vectors of RFC 5869 appendix A, and another implementation's second opinion. */
import assert from "node:assert/strict";
import { createHmac, hkdfSync } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { fromHex, toHex } from "#core/codec/bytes";
import { hkdfSha256, hmacSha256 } from "#core/crypto/hkdf";
import { nobleCrypto } from "#core/crypto/noble";

const crypto = nobleCrypto();
const counting = (size: number, first: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, i) => first + i);

const VECTORS = [
  {
    name: "A.1",
    key: new Uint8Array(22).fill(0x0b),
    salt: counting(13, 0),
    info: counting(10, 0xf0),
    out:
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf" + "34007208d5b887185865",
  },
  {
    name: "A.2",
    key: counting(80, 0),
    salt: counting(80, 0x60),
    info: counting(80, 0xb0),
    out:
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c" +
      "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71" +
      "cc30c58179ec3e87c14c01d5c1f3434f1d87",
  },
  {
    name: "A.3",
    key: new Uint8Array(22).fill(0x0b),
    salt: new Uint8Array(0),
    info: new Uint8Array(0),
    out:
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d" + "9d201395faa4b61a96c8",
  },
];

for (const { name, key, salt, info, out } of VECTORS)
  test(`RFC 5869 ${name}`, () => {
    assert.equal(toHex(hkdfSha256(crypto, key, info, fromHex(out)!.length, salt)), out);
  });

test("the same as another implementation, for keys and lengths of any size", () => {
  const some = fc.uint8Array({ maxLength: 150 });
  fc.assert(
    fc.property(some, some, some, fc.integer({ min: 1, max: 200 }), (key, salt, info, length) => {
      const other = new Uint8Array(hkdfSync("sha256", key, salt, info, length));
      assert.equal(toHex(hkdfSha256(crypto, key, info, length, salt)), toHex(other));
      const mac = new Uint8Array(createHmac("sha256", salt).update(info).digest());
      assert.equal(toHex(hmacSha256(crypto, salt, info)), toHex(mac));
    }),
  );
  const longest = hkdfSha256(crypto, counting(32, 1), counting(3, 9), 8160);
  assert.equal(longest.length, 8160);
  for (const length of [0, 8161])
    assert.throws(() => hkdfSha256(crypto, counting(32, 1), counting(3, 9), length), {
      code: "HKDF_LENGTH",
    });
});
