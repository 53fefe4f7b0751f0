// SPDX-License-Identifier: Apache-2.0
/** Bytes made to hurt: they are refused fast, and nothing is allocated that the sender sized. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes } from "#core/codec/bytes";
import { decodeCbor } from "#core/codec/cbor";
import { scan } from "#core/codec/scan";
import { WIRE_ARRAY_MAX, WIRE_DEPTH_MAX, WIRE_ITEMS_MAX } from "#core/limits";

function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
}

/** The head of an array of `size` items. */
function arrayHead(size: number): Uint8Array {
  return Uint8Array.of(0x9a, size >>> 24, (size >>> 16) & 255, (size >>> 8) & 255, size & 255);
}

const bombs: [name: string, bytes: Uint8Array, fault: string][] = [
  ["100 000 nested arrays of one", new Uint8Array(100_000).fill(0x81), "limit"],
  ["100 000 nested arrays of two", new Uint8Array(100_000).fill(0x82), "limit"],
  ["an array of 2^32 - 1", arrayHead(0xffffffff), "limit"],
  ["an array of 2^64 - 1", hex("9b ffffffffffffffff"), "limit"],
  ["an array of one more than the limit", arrayHead(65_536), "limit"],
  ["bytes of 2^32 - 1", hex("5a ffffffff"), "malformed"],
  ["bytes of 2^63", hex("5b 8000000000000000"), "malformed"],
  ["bytes of 2^64 - 1", hex("5b ffffffffffffffff"), "malformed"],
  ["text of 2^64 - 1", hex("7b ffffffffffffffff 61"), "malformed"],
  ["a map of 2^64 - 1", hex("bb ffffffffffffffff"), "profile"],
  ["nested tags", new Uint8Array(100_000).fill(0xc1), "profile"],
  ["nested arrays without end", new Uint8Array(100_000).fill(0x9f), "profile"],
];

for (const [name, bytes, fault] of bombs) {
  test(`${name}: refused fast and without allocation`, () => {
    scan(bytes); // compiled and warm
    const before = process.memoryUsage();
    const started = performance.now();
    for (let i = 0; i < 100; i++) {
      assert.equal(scan(bytes), fault);
      assert.deepEqual(decodeCbor(bytes), { fault });
    }
    const took = performance.now() - started;
    const after = process.memoryUsage();
    const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    assert.ok(took < 1000, `200 refusals took ${took.toFixed(0)} ms`);
    assert.ok(grown < 16 * 1024 * 1024, `${grown} bytes more after 200 refusals`);
  });
}

test("depth, array length and number of items: the limit itself is accepted, one more is not", () => {
  const nested = (depth: number) => concatBytes(new Uint8Array(depth).fill(0x81), Uint8Array.of(0));
  assert.equal(scan(nested(WIRE_DEPTH_MAX)), undefined, "as deep as allowed");
  assert.equal(scan(nested(WIRE_DEPTH_MAX + 1)), "limit", "one deeper");
  const array = (size: number) =>
    concatBytes(Uint8Array.of(0x99, size >> 8, size & 255), new Uint8Array(size));
  assert.equal(scan(array(WIRE_ARRAY_MAX)), undefined, "as long as allowed");
  assert.equal(scan(array(WIRE_ARRAY_MAX + 1)), "limit", "one longer");
  // Full arrays and one that fills up to exactly `items` items, in an outer array.
  const total = (items: number) => {
    const parts: Uint8Array[] = [];
    let left = items - 1;
    while (left > 0) {
      const size = Math.min(WIRE_ARRAY_MAX, left - 1);
      parts.push(size < 24 ? new Uint8Array([0x80 + size, ...new Uint8Array(size)]) : array(size));
      left -= size + 1;
    }
    return concatBytes(Uint8Array.of(0x80 + parts.length), ...parts);
  };
  assert.equal(scan(total(WIRE_ITEMS_MAX)), undefined, "as many items as allowed");
  assert.equal(scan(total(WIRE_ITEMS_MAX + 1)), "limit", "one item more");
});

test("empty arrays at every place", () => {
  for (const good of ["80", "8180", "828000", "820080", "8280 80", "81 81 80", "83 80 81 00 80"])
    assert.equal(scan(hex(good)), undefined, good);
  for (const bad of ["8080", "8280", "81 80 00", "82 81 80", "83 80 81 00"])
    assert.equal(scan(hex(bad)), "malformed", bad);
});
