// SPDX-License-Identifier: Apache-2.0
/** SML's transport, elements and numbers, each against a plain model of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type SmlCrc, smlCrc } from "#drivers/sml/crc";
import { readFile } from "#drivers/sml/file";
import { DEPTH_MAX, TlReader } from "#drivers/sml/tl";
import { FILE_BYTES_MAX, FileDecoder } from "#drivers/sml/transport";
import { milliFloor, milliStep } from "#drivers/sml/units";
import {
  list,
  NONE,
  octets,
  signed,
  smlChecksum,
  transport,
  unsigned,
} from "#test/vectors/drivers/sml-file";

/** Data with many 0x1B and what stands behind escapes. */
const awkward = fc.array(fc.constantFrom(0x1b, 0x1b, 0x1b, 0x01, 0x1a, 0x00, 0x02), {
  minLength: 1,
  maxLength: 60,
});

function decode(bytes: Uint8Array, crc: SmlCrc = "x25") {
  const files: number[][] = [];
  const faults: string[] = [];
  const decoder = new FileDecoder(crc, {
    onFile: (file) => files.push([...file]),
    onFault: (fault) => faults.push(fault),
  });
  decoder.push(bytes);
  return { files, faults };
}

test("the checksums of the catalogue's check text", () => {
  const check = Uint8Array.from("123456789", (char) => char.charCodeAt(0));
  // CRC-16/IBM-SDLC is 0x906E, sent low byte first; CRC-16/KERMIT is 0x2189, sent high byte first.
  assert.equal(smlCrc("x25", check), 0x6e90);
  assert.equal(smlCrc("kermit", check), 0x2189);
});

test("any data survives its transport", () => {
  fc.assert(
    fc.property(awkward, fc.constantFrom("x25", "kermit"), (awkwardBytes, crc) => {
      // A file ends with a message's end: never with 0x1B, which could not be told from the escape.
      const data = [...awkwardBytes, 0];
      const { files, faults } = decode(transport(data, crc), crc);
      assert.deepEqual([files, faults], [[data], []]);
    }),
    { numRuns: 2000 },
  );
});

test("a file that is cut anywhere costs itself only", () => {
  // Not with four 0x1B and a start in its data, which nothing could tell from the next file.
  const data = [0x76, 1, 2, 0x1b, 0x1b, 0x1b, 0x1b, 0x1b, 3, 0x1b, 0x1b, 0x1b, 0x1b, 0x1a, 4, 0];
  const next = [...data, 5, 0];
  const whole = transport(data);
  for (let length = 0; length < whole.length; length++) {
    const { files } = decode(Uint8Array.from([...whole.subarray(0, length), ...transport(next)]));
    assert.deepEqual(files, [next], `cut to ${length} bytes`);
  }
});

test("a file of the largest size, and one more", () => {
  const largest = new Array(FILE_BYTES_MAX).fill(7);
  assert.deepEqual(decode(transport(largest)).files, [largest]);
  const { files, faults } = decode(transport([...largest, 7]));
  assert.deepEqual([files, faults], [[], ["framing"]]);
});

test("numbers of every width keep their value and sign", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (value) => {
      for (let width = 1; width <= 8; width++) {
        const bits = BigInt(8 * width);
        if (value >= 0n && value < 1n << bits) {
          const reader = new TlReader(Uint8Array.from(unsigned(value, width)));
          assert.equal(reader.next(), "unsigned");
          assert.equal(reader.value(), value);
        }
        if (value >= -(1n << (bits - 1n)) && value < 1n << (bits - 1n)) {
          const reader = new TlReader(Uint8Array.from(signed(value, width)));
          assert.equal(reader.next(), "integer");
          assert.equal(reader.value(), value);
        }
      }
    }),
  );
});

test("skipping passes just the elements, at every depth that is allowed", () => {
  const deepest = (depth: number): number[] =>
    depth === 0 ? unsigned(1) : list(NONE, deepest(depth - 1));
  for (let depth = 0; depth < 12; depth++) {
    const bytes = Uint8Array.from([...deepest(depth), ...octets([9])]);
    const reader = new TlReader(bytes);
    assert.equal(reader.skip(1), depth < DEPTH_MAX, `depth ${depth}`);
    if (depth >= DEPTH_MAX) continue;
    assert.equal(reader.at, bytes.length - 2);
    assert.equal(reader.next(), "octets");
  }
  assert.equal(new TlReader(Uint8Array.of(0x70, 0x70)).skip(2), true, "empty lists");
});

test("a list of lists of any length costs no stack and ends at once", () => {
  for (const byte of [0x71, 0x7f, 0xff, 0x72, 0x70]) {
    const bytes = new Uint8Array(1_000_000).fill(byte);
    assert.equal(new TlReader(bytes).skip(2_000), false);
    assert.equal(readFile(bytes, "x25").ok, false);
  }
});

test("any bytes end in an answer", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const file = readFile(bytes, "x25");
      assert.equal(file.ok, bytes.length === 0);
    }),
    { numRuns: 5000 },
  );
});

test("scaling is exact, and cuts off downwards below a thousandth", () => {
  const value = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n });
  fc.assert(
    fc.property(value, fc.integer({ min: -9, max: 9 }), (number, scaler) => {
      const milli = milliFloor(number, scaler);
      // milli <= number · 10^(scaler + 3) < milli + 1, with both sides times 10^12
      const exact = number * 10n ** BigInt(scaler + 15);
      const scaled = milli * 10n ** 12n;
      assert.ok(scaled <= exact && exact < scaled + 10n ** 12n);
      assert.equal(milliStep(scaler), scaler > -3 ? 10n ** BigInt(scaler + 3) : 1n);
    }),
  );
});

test("the checksum of the tests' own making agrees", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.constantFrom("x25", "kermit"), (bytes, crc) => {
      const [high, low] = smlChecksum(crc, bytes);
      assert.equal(smlCrc(crc, bytes), high * 256 + low);
    }),
  );
});
