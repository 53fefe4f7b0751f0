// SPDX-License-Identifier: Apache-2.0
/** Records and their envelopes: round trips of random values, and what no mutation gets through. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import { encodeCbor } from "#core/codec/cbor";
import { openSigned, type RecordType, signRecord, verifySigned } from "#core/codec/record";
import { MESSAGE_BYTES_MAX } from "#core/limits";
import { ALL_RECORDS } from "#core/records/index";
import { type Reading, readingRecord } from "#core/records/reading";
import { upRecord } from "#core/records/receipt";
import { sodiumCrypto } from "#node/crypto/sodium";
import { anyBytes, cborLikeBytes } from "./arbitraries.ts";
import { ANY_RECORDS } from "./record-arbitraries.ts";

const crypto = sodiumCrypto();
const secretKey = new Uint8Array(32).fill(1);

/** Bytes that decode must encode to themselves; returns whether they decode. */
function assertFaithful(type: RecordType<unknown>, bytes: Uint8Array): boolean {
  const decoded = type.decode(bytes);
  if (!decoded.ok) {
    assert.ok(decoded.detail.length > 0, `${type.name}: ${decoded.code} has a detail`);
    return false;
  }
  assert.equal(toHex(type.encode(decoded.value)), toHex(bytes), `${type.name}: one encoding`);
  return true;
}

for (const { type, values } of ANY_RECORDS) {
  test(`${type.name}: random values come back, and the same bytes again`, () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = type.encode(value);
        const decoded = type.decode(bytes);
        assert.ok(decoded.ok, `${type.name} decodes what it encoded`);
        assert.deepEqual(decoded.value, value, "the same value");
        assert.equal(toHex(type.encode(decoded.value)), toHex(bytes), "the same bytes");
      }),
      { numRuns: 200 },
    );
  });

  test(`${type.name}: one changed byte is refused or means another value`, () => {
    fc.assert(
      fc.property(values, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, flip) => {
        const bytes = type.encode(value);
        bytes[at % bytes.length] ^= flip;
        assertFaithful(type, bytes);
        assert.equal(assertFaithful(type, bytes.slice(0, at % bytes.length)), false, "cut short");
      }),
      { numRuns: 200 },
    );
  });
}

test("random bytes as any record and as any envelope never throw", () => {
  fc.assert(
    fc.property(fc.oneof(anyBytes, cborLikeBytes), fc.boolean(), (tail, framed) => {
      for (const type of ALL_RECORDS) {
        const bytes = framed ? Uint8Array.from([0x82 + tail.length, type.kind, 1, ...tail]) : tail;
        assertFaithful(type, bytes);
        assert.equal(openSigned(type, crypto, bytes).ok, false, `${type.name} as an envelope`);
        const inside = encodeCbor([bytes, new Uint8Array(64)]);
        const opened = openSigned(type, crypto, inside);
        assert.equal(opened.ok, type.decode(bytes).ok, "an envelope is as good as its record");
      }
    }),
    { numRuns: 300 },
  );
});

const reading: Reading = {
  net: "n",
  node: new Uint8Array(16),
  boundary: 1,
  atMs: 1,
  quality: 2,
  importMwh: 1n,
  exportMwh: 2n,
  boot: 1,
  said: 1,
};

test("a signed record verifies under its key only, and no changed byte of it does", () => {
  const { bytes, id } = signRecord(readingRecord, crypto, secretKey, reading);
  const publicKey = crypto.publicKey(secretKey);
  const opened = openSigned(readingRecord, crypto, bytes);
  assert.ok(opened.ok, "opens");
  assert.deepEqual(opened.id, id, "the same id");
  assert.ok(verifySigned(crypto, publicKey, opened), "verifies");
  const stranger = crypto.publicKey(new Uint8Array(32).fill(2));
  assert.equal(verifySigned(crypto, stranger, opened), false, "not under another key");
  for (let i = 0; i < bytes.length; i++) {
    for (const flip of [1, 0x20, 0x80]) {
      const changed = bytes.slice();
      changed[i] ^= flip;
      const again = openSigned(readingRecord, crypto, changed);
      if (!again.ok) continue;
      assert.equal(verifySigned(crypto, publicKey, again), false, `byte ${i} xor ${flip}`);
    }
  }
});

test("what is signed is the record as received, in the domain of its type", () => {
  const { id } = signRecord(readingRecord, crypto, secretKey, reading);
  const other: typeof readingRecord = Object.create(readingRecord, {
    domain: { value: "wattle/reading/2" },
  });
  const moved = signRecord(other, crypto, secretKey, reading);
  assert.notDeepEqual(moved.id, id, "another domain, another id");
});

test("a value outside its field's range is our own bug, and so is a record that is too long", () => {
  const wrong: Partial<Record<keyof Reading, unknown>>[] = [
    { net: "x".repeat(41) },
    { net: "größe" },
    { net: 1 },
    { node: new Uint8Array(15) },
    { node: "0".repeat(16) },
    { boundary: -1 },
    { boundary: 0.5 },
    { boundary: 0x100000000 },
    { atMs: Number.NaN },
    { atMs: 2 ** 53 },
    { quality: 3 },
    { importMwh: 1 },
    { importMwh: -1n },
    { exportMwh: 1n << 64n },
    { boot: undefined },
    { said: 2 ** 53 },
  ];
  for (const change of wrong) {
    const value = { ...reading, ...change } as Reading;
    const what = `${Object.keys(change)[0]} = ${String(Object.values(change)[0])}`;
    assert.throws(() => readingRecord.encode(value), { code: "FIELD_VALUE" }, what);
  }
  const content = new Uint8Array(MESSAGE_BYTES_MAX - 16);
  const longest = upRecord.encode({ seq: Number.MAX_SAFE_INTEGER, content });
  assert.ok(longest.length <= MESSAGE_BYTES_MAX, "the longest message is within the limit");
  const decoded = upRecord.decode(longest);
  assert.ok(decoded.ok, "and decodes");
  assert.throws(
    () => upRecord.encode({ seq: 1, content: new Uint8Array(MESSAGE_BYTES_MAX - 15) }),
    { code: "FIELD_VALUE" },
    "one byte more",
  );
});
