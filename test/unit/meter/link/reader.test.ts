// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MqttClientIo } from "#meter/link/client";
import { Reader } from "#meter/link/reader";

/** A client whose every byte is 7; `read` is how much was read. */
function giver() {
  const told = { read: 0 };
  const client = {
    read(what: number | Uint8Array) {
      const count = typeof what === "number" ? what : what.fill(7).length;
      told.read += count;
      return typeof what === "number" ? new ArrayBuffer(count) : count;
    },
  } as MqttClientIo;
  return { client, told };
}

test("pieces that do not add up are dropped, and what comes after them is not", () => {
  const { client, told } = giver();
  const reader = new Reader(() => 100);
  const first = { topic: "t", byteLength: 10 };
  // More than was said.
  assert.equal(reader.take(client, 6, { ...first, more: true }), undefined);
  assert.equal(reader.take(client, 6, { more: false }), undefined);
  assert.equal(reader.broken, 1);
  // Less.
  assert.equal(reader.take(client, 6, { ...first, more: true }), undefined);
  assert.equal(reader.take(client, 3, { more: false }), undefined);
  assert.equal(reader.broken, 2);
  // The next begins before the end.
  assert.equal(reader.take(client, 6, { ...first, more: true }), undefined);
  const whole = reader.take(client, 10, { ...first, more: false });
  assert.equal(reader.broken, 3);
  assert.deepEqual(whole, { topic: "t", payload: new Uint8Array(10).fill(7) });
  // A piece of nothing.
  assert.equal(reader.take(client, 5, { more: false }), undefined);
  assert.equal(told.read, 6 + 6 + 6 + 3 + 6 + 10 + 5, "everything is read, or the client stops");
});

test("each message has its own bytes", () => {
  const { client } = giver();
  const reader = new Reader(() => 100);
  const piece = { topic: "t", byteLength: 4, more: false };
  const a = reader.take(client, 4, piece);
  const b = reader.take(client, 4, piece);
  a!.payload.fill(1);
  assert.deepEqual(b!.payload, new Uint8Array(4).fill(7));
});

test("what is too long is read piece by piece and counted once", () => {
  const { client, told } = giver();
  const reader = new Reader((topic) => (topic === "t" ? 9 : 10));
  assert.equal(reader.take(client, 5, { topic: "t", byteLength: 10, more: true }), undefined);
  assert.equal(reader.take(client, 5, { more: false }), undefined);
  assert.deepEqual([reader.oversize, reader.broken, told.read], [1, 0, 10]);
  assert.ok(reader.take(client, 10, { topic: "u", byteLength: 10, more: false }));
});
