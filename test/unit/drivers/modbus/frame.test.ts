// SPDX-License-Identifier: Apache-2.0
/** Modbus-RTU frames: requests, answers, exceptions, and all that is none of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import { encodeRead, parseAnswer } from "#drivers/modbus/frame";
import { Registers } from "#drivers/modbus/registers";
import { bytesOf } from "#test/vectors/drivers/modbus-check";
import { damage, isAnswer, Seeded, withCrc } from "./corrupt.ts";

const REQUEST = { address: 1, start: 0, count: 10 };
const ANSWER = bytesOf("01 04 14 08d1 006c 0000 00f4 0000 0026 0000 01f4 0064 0000 5134");

/** The verdict in short: its kind, or its fault. */
function verdict(bytes: Uint8Array, request = REQUEST): string {
  const answer = parseAnswer(bytes, request);
  return answer.kind === "fault" ? answer.fault : answer.kind;
}

test("requests, low byte of the CRC first", () => {
  assert.equal(toHex(encodeRead(REQUEST)), "01040000000a700d");
  assert.equal(toHex(encodeRead({ address: 0xf8, start: 0, count: 10 })), "f8040000000a6464");
  assert.equal(toHex(encodeRead({ address: 1, start: 0x48, count: 4 })), "01040048000471df");
  const far = encodeRead({ address: 247, start: 0x1234, count: 125 });
  assert.deepEqual(far, withCrc([247, 4, 0x12, 0x34, 0, 125]));
});

test("a request that no device understands is a bug", () => {
  const wrong = [
    { address: 0 },
    { address: 249 },
    { address: 1.5 },
    { count: 0 },
    { count: 126 },
    { count: 1.5 },
    { start: -1 },
    { start: 0xfff7 },
  ];
  for (const part of wrong) {
    const request = { ...REQUEST, ...part };
    assert.throws(() => encodeRead(request), /MODBUS_/, JSON.stringify(part));
  }
});

test("every function but 4 is out of reach", () => {
  const request = fc.record({
    address: fc.integer({ min: 1, max: 248 }),
    start: fc.integer({ min: 0, max: 0xff00 }),
    count: fc.integer({ min: 1, max: 125 }),
  });
  fc.assert(
    fc.property(request, (some) => {
      const bytes = encodeRead(some);
      assert.equal(bytes.length, 8);
      assert.equal(bytes[1], 4);
      const { address, start, count } = some;
      assert.deepEqual(bytes, withCrc([address, 4, start >> 8, start & 0xff, 0, count]));
    }),
  );
});

test("an answer is one when it is whole, and not before", () => {
  for (let length = 0; length < ANSWER.length; length++)
    assert.equal(verdict(ANSWER.subarray(0, length)), "need-more", `${length} bytes`);
  const answer = parseAnswer(ANSWER, REQUEST);
  assert.ok(answer.kind === "frame");
  assert.deepEqual(answer.data, ANSWER.subarray(3, 23));
  assert.equal(verdict(Uint8Array.from([...ANSWER, 0])), "framing");
});

test("the answer's bytes are its own", () => {
  const bytes = ANSWER.slice();
  const answer = parseAnswer(bytes, REQUEST);
  bytes.fill(0);
  assert.ok(answer.kind === "frame");
  assert.equal(answer.data[0], 0x08);
});

test("what is no answer is said at its first wrong byte", () => {
  assert.equal(verdict(bytesOf("02")), "framing");
  assert.equal(verdict(bytesOf("0103")), "framing");
  assert.equal(verdict(bytesOf("010412")), "framing");
  assert.equal(verdict(bytesOf("01040000000a700d")), "framing", "the request's own echo");
  for (let bit = 24; bit < 8 * ANSWER.length; bit++) {
    const bent = ANSWER.slice();
    bent[bit >> 3] ^= 1 << (bit & 7);
    assert.equal(verdict(bent), "checksum", `bit ${bit}`);
  }
});

test("exceptions", () => {
  const exception = bytesOf("018402c2c1");
  for (let length = 2; length < exception.length; length++)
    assert.equal(verdict(exception.subarray(0, length)), "need-more");
  assert.deepEqual(parseAnswer(exception, REQUEST), {
    kind: "fault",
    fault: "device",
    detail: "exception 2",
  });
  assert.equal(verdict(bytesOf("018402c2c0")), "checksum");
  assert.equal(verdict(bytesOf("018402c2c100")), "framing");
  assert.equal(verdict(withCrc([2, 0x84, 2])), "framing", "another device's");
  assert.equal(verdict(withCrc([1, 0x83, 2])), "framing", "to another function");
});

test("30 000 damaged answers of any length: a frame is only what an independent judge calls one", () => {
  const random = new Seeded(0x5eed);
  let byChance = 0;
  for (let i = 0; i < 30_000; i++) {
    const count = 2 + random.below(124);
    const address = 1 + random.below(247);
    const body = Array.from({ length: 2 * count }, () => random.below(256));
    const clean = withCrc([address, 4, 2 * count, ...body]);
    const { name, bytes } = damage(clean, random);
    const right = isAnswer(bytes, address, count);
    if (right && toHex(bytes) !== toHex(clean)) byChance++;
    const { kind } = parseAnswer(bytes, { address, start: 0, count });
    assert.equal(kind === "frame", right, `${name}, ${i}`);
  }
  // A CRC of 16 bits lets one in 65 536 pass of what it sees at all, a part of these.
  assert.ok(byChance <= 3, `${byChance} with a CRC that is right by chance`);
});

test("registers by address, over several blocks", () => {
  const registers = new Registers([
    { start: 0x48, count: 2, data: bytesOf("01020304") },
    { start: 0x10, count: 1, data: bytesOf("ffff") },
  ]);
  assert.equal(registers.word(0x48), 0x0102);
  assert.equal(registers.highFirst(0x48), 0x01020304);
  assert.equal(registers.lowFirst(0x48), 0x03040102);
  assert.equal(registers.word(0x10), 0xffff);
  assert.ok(registers.has(0x49) && !registers.has(0x4a) && !registers.has(0x0f));
  assert.throws(() => registers.word(0x4a), /MODBUS_REGISTER/);
  const high = new Registers([{ start: 0, count: 2, data: bytesOf("ffffffff") }]);
  assert.equal(high.highFirst(0), 0xffffffff);
  assert.equal(high.lowFirst(0), 0xffffffff);
});
