// SPDX-License-Identifier: Apache-2.0
/** Another gateway's broker that says more than answers: its connection ends before that fills anything. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { PeerWire } from "#node/consortium/peer-wire";
import { until } from "../mqtt-tools.ts";

const CONNACK = Buffer.from([0x20, 2, 0, 0]);
const PINGRESP = Buffer.from([0xd0, 0]);
/** PUBLISH of a message of one byte, `first`: type and flags. */
const publish = (first: number) => Buffer.from([first, 6, 0, 1, 0x78, 0, 1, 7]);

/** A wire to a broker that answers CONNECT with these bytes. */
async function meet(t: TestContext, says: (socket: Socket) => void) {
  const events: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.once("data", () => says(socket));
    socket.resume();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const wire = new PeerWire({
    ...{ url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`, id: "a".repeat(32) },
    password: () => Buffer.from("x"),
    connected: () => void events.push("connected"),
    log: (_level, event, facts) => void events.push(`${event} ${facts?.code ?? ""}`.trim()),
  });
  t.after(async () => {
    await wire.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { wire, events, sockets };
}

test("a broker that answers is one to stay with", async (t) => {
  const { wire, events, sockets } = await meet(t, (socket) => {
    socket.write(CONNACK.subarray(0, 3)); // in pieces
    setTimeout(() => socket.write(CONNACK.subarray(3)), 10);
    setTimeout(() => socket.write(Buffer.concat([PINGRESP, PINGRESP])), 20);
  });
  await until(() => wire.connected, "a connection");
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(wire.connected, true);
  assert.equal(sockets.length, 1);
  assert.deepEqual(events, ["connected"]);
});

const WRONG: readonly [string, Buffer][] = [
  ["a message of QoS 0", publish(0x30)],
  ["a message of QoS 2, to be kept until it is released", publish(0x34)],
  ["the beginning of a packet of 256 MB", Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f])],
  ["the same as an answer", Buffer.from([0xd0, 0xff, 0xff, 0xff, 0x7f])],
  ["answers without end", Buffer.alloc(64 * 1024, PINGRESP)],
  ["something else", Buffer.from([0x40, 2, 0, 1])],
];
for (const [what, bytes] of WRONG)
  test(`it does not stay with one that says ${what}`, async (t) => {
    let ended = 0;
    const { wire, events } = await meet(t, (socket) => {
      socket.on("close", () => ended++);
      socket.write(CONNACK, () => setTimeout(() => socket.write(bytes), 5));
    });
    await until(() => ended > 0, "the end of the connection");
    await until(() => events.includes("peer-error PEER_UNASKED"), "why");
    assert.equal(events[0], "connected");
    assert.equal(wire.sent, 0);
  });

test("with one that does so again and again it waits longer each time", async (t) => {
  const { sockets } = await meet(t, (socket) => {
    socket.write(Buffer.concat([CONNACK, publish(0x30)]));
  });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.ok(sockets.length < 12, `${sockets.length} connections`);
});
