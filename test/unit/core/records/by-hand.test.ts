// SPDX-License-Identifier: Apache-2.0
/**
 * A reading and an order encoded by hand from RFC 8949, so that the vectors do not only repeat what the
 * encoder does. The head of an item is major type × 32 + argument; 24, 25, 26, 27 announce an argument
 * of 1, 2, 4, 8 bytes. Major types: 0 unsigned integer, 2 bytes, 3 text, 4 array.
 */
import assert from "node:assert/strict";
import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { test } from "node:test";
import { TEST_SEED } from "../../../vectors/records/check.ts";
import { VECTORS } from "./vectors.ts";

/** Pieces of hex, each with its meaning. */
type Pieces = readonly (readonly [hex: string, meaning: string])[];

const READING: Pieces = [
  ["8b", "array of 11: kind, version, nine fields"],
  ["04", "kind 4"],
  ["01", "version 1"],
  ["68 7374726565742d37", "text of 8: street-7"],
  ["50 101112131415161718191a1b1c1d1e1f", "node: bytes of 16"],
  ["18 60", "boundary 96: above 23, one byte"],
  ["1b 0000019b7c010400", "atMs 1767312000000: above 2^32, eight bytes"],
  ["02", "quality 2, synced"],
  ["1a 00bc614e", "importMwh 12345678: above 65535, four bytes"],
  ["1b 0000000100000000", "exportMwh 2^32: the first that needs eight bytes"],
  ["03", "boot 3"],
  ["18 18", "said 24: the first that needs a byte of its own"],
];

const ORDER: Pieces = [
  ["8a", "array of 10: kind, version, eight fields"],
  ["05", "kind 5"],
  ["01", "version 1"],
  ["68 7374726565742d37", "text of 8: street-7"],
  ["50 101112131415161718191a1b1c1d1e1f", "node: bytes of 16"],
  ["18 5f", "slot 95"],
  ["01", "side 1, a bid"],
  ["18 ff", "qtyWh 255: the last that fits one byte"],
  ["1a 00035b60", "priceMicro 220000"],
  ["58 20", "reserve: bytes of 32, a length above 23"],
  ["a0a1a2a3a4a5a6a7a8a9aaabacadaeaf", "its first half"],
  ["b0b1b2b3b4b5b6b7b8b9babbbcbdbebf", "its second half"],
  ["18 1a", "said 26"],
];

/** The test key as PKCS #8 (RFC 8410 section 7): a fixed head and the seed. */
const key = createPrivateKey({
  key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), TEST_SEED]),
  format: "der",
  type: "pkcs8",
});

for (const [record, name, pieces] of [
  ["reading", "a reading", READING],
  ["order", "a bid that names its RESERVE", ORDER],
] as const) {
  test(`${record}: the bytes, the id and the signature by hand`, () => {
    const hex = pieces.map(([piece]) => piece.replaceAll(" ", "")).join("");
    const vector = VECTORS.find((other) => other.record === record && other.name === name);
    assert.equal(vector?.hex, hex, "the record's bytes");
    const bytes = Buffer.from(hex, "hex");
    const id = createHash("sha256").update(`wattle/${record}/1\0`).update(bytes).digest();
    assert.equal(vector.id, id.toString("hex"), "SHA-256 of domain, zero and record");
    const signature = sign(null, id, key); // OpenSSL's Ed25519
    assert.ok(verify(null, id, createPublicKey(key), signature), "OpenSSL agrees with itself");
    // Envelope: array of 2, bytes with their length in one byte, bytes of 64.
    const envelope = `8258${bytes.length.toString(16)}${hex}5840${signature.toString("hex")}`;
    assert.equal(vector.signedHex, envelope, "the signed envelope");
  });
}

test("instants of the vectors by the calendar", () => {
  assert.equal(Date.UTC(2026, 0, 2), 0x19b7c010400, "2026-01-02T00:00Z, slot 96's boundary");
});
