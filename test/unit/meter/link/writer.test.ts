// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { LINK_ACK_MS } from "#core/limits-device";
import { type MqttClientIo, type MqttWriteOptions, Packet } from "#meter/link/client";
import { Writer } from "#meter/link/writer";

/** A client that takes everything and says what it took. */
function taker(room = 1_000) {
  const writes: { data: Uint8Array | null; options: MqttWriteOptions | undefined }[] = [];
  const ids: number[] = [];
  const client = {
    room,
    write(data: Uint8Array | null, options?: MqttWriteOptions) {
      writes.push({ data, options });
      if (options?.operation === Packet.publish) ids.push(options.id);
      return client.room;
    },
  };
  return { client: client as unknown as MqttClientIo & { room: number }, writes, ids };
}

const message = (length = 1) => ({ topic: "t", payload: new Uint8Array(length), retain: false });

test("packet ids are 1 to 65535, and none is used while it waits for its PUBACK", () => {
  const { client, ids } = taker();
  const writer = new Writer();
  writer.onWritable(1_000);
  for (let i = 0; i < 70_000; i++) {
    writer.push(message(), 0);
    writer.pump(client, 0);
    const id = ids.at(-1)!;
    if (id !== 7) writer.acked(id, 0); // the seventh is never acknowledged
    assert.ok(id >= 1 && id <= 0xffff);
  }
  assert.equal(ids.length, 70_000);
  assert.equal(ids.filter((id) => id === 7).length, 1);
  assert.equal(ids[65_535], 1, "after 65535 comes 1");
});

test("a client that says overflow is asked again when it says that there is room", () => {
  const { client, writes } = taker();
  const writer = new Writer();
  let full = true;
  const picky = {
    ...client,
    write(data: Uint8Array, options?: MqttWriteOptions) {
      if (full) throw new Error("overflow"); // its PUBACK took the room
      return client.write(data, options);
    },
  } as MqttClientIo;
  writer.onWritable(500);
  writer.push(message(), 0);
  writer.pump(picky, 0);
  full = false;
  writer.pump(picky, 0);
  assert.equal(writes.length, 0, "not before");
  writer.onWritable(500);
  writer.pump(picky, 0);
  assert.equal(writes.length, 1);
});

test("the first fragment leaves room for the header, and the rest has no options", () => {
  const { client, writes } = taker(10);
  const writer = new Writer();
  writer.onWritable(30);
  writer.push({ topic: "topic", payload: new Uint8Array(40), retain: true }, 0);
  writer.pump(client, 0);
  const lengths = writes.map(({ data }) => data!.length);
  assert.deepEqual(lengths, [30 - 14, 10, 10, 4], "14 of header at most");
  assert.deepEqual(writes[0].options, {
    operation: Packet.publish,
    topic: "topic",
    id: 1,
    QoS: 1,
    retain: true,
    byteLength: 40,
  });
  assert.ok(writes.slice(1).every(({ options }) => options === undefined));
});

test("after a fragmented message the next one waits until the client says that there is room", () => {
  const { client, writes } = taker(20);
  const writer = new Writer();
  writer.onWritable(20);
  writer.push(message(15), 0);
  writer.push(message(1), 0);
  writer.pump(client, 0);
  assert.equal(writes.length, 2);
  writer.pump(client, 0);
  assert.equal(writes.length, 2);
  writer.onWritable(100);
  writer.pump(client, 0);
  assert.equal(writes.length, 3);
});

test("it counts as stuck by the oldest publish that has no PUBACK, and by what is not taken", () => {
  const { client } = taker(100);
  const writer = new Writer();
  assert.equal(writer.stuckAtMs, undefined);
  writer.push(message(), 1_000);
  assert.equal(writer.stuckAtMs, 1_000 + LINK_ACK_MS, "nothing could be written yet");
  writer.onWritable(100);
  writer.pump(client, 2_000);
  assert.equal(writer.stuckAtMs, 2_000 + LINK_ACK_MS);
  writer.push(message(), 3_000);
  writer.pump(client, 3_000);
  assert.equal(writer.stuckAtMs, 2_000 + LINK_ACK_MS);
  writer.acked(1, 4_000);
  assert.equal(writer.stuckAtMs, 3_000 + LINK_ACK_MS);
  writer.acked(99, 4_000);
  writer.acked(2, 5_000);
  assert.equal(writer.stuckAtMs, undefined);
  assert.equal(writer.idle, true);
});
