// SPDX-License-Identifier: Apache-2.0
/** The embedded broker with real MQTT clients: traffic, rules, wills, limits and its end. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { type TestContext, test } from "node:test";
import type { MqttClient } from "mqtt";
import { areaAcl } from "#node/broker/acl";
import { FrameScanner } from "#node/broker/conn-guard";
import { type Broker, startBroker } from "#node/broker/embedded";
import type { BrokerOptions } from "#node/broker/options";
import { allowAll, connectClient, until } from "./mqtt-tools.ts";

const ID = "0123456789abcdef0123456789abcdef";
const OTHER = "fedcba9876543210fedcba9876543210";
const root = "wattle/1/a1";
const bytes = (text: string) => new Uint8Array(Buffer.from(text));

/** A broker that ends with the test. */
async function start(t: TestContext, options: Partial<BrokerOptions> = {}): Promise<Broker> {
  const acl = areaAcl("a1");
  const broker = await startBroker({ host: "127.0.0.1", port: 0, acl, ...options });
  t.after(() => broker.close());
  return broker;
}

/** Collects what a client receives as "topic=payload". */
function inbox(client: MqttClient): string[] {
  const messages: string[] = [];
  client.on("message", (topic, payload) => void messages.push(`${topic}=${payload}`));
  return messages;
}

function closing(client: MqttClient): Promise<void> {
  return new Promise((resolve) => void client.once("close", () => resolve()));
}

test("up, down, broadcasts and retained messages", async (t) => {
  const broker = await start(t);
  assert.ok(broker.port > 0);
  const up: string[] = [];
  broker.subscribe(`${root}/node/+/up/+`, (topic, payload) => {
    up.push(`${topic}=${Buffer.from(payload)}`);
  });
  broker.publish(`${root}/chain/head`, bytes("7"), { retain: true });
  const node = await connectClient(broker.port, ID);
  const received = inbox(node);
  await node.subscribeAsync([`${root}/node/${ID}/down/+`, `${root}/chain/#`], { qos: 1 });
  await node.publishAsync(`${root}/node/${ID}/up/reading`, "r1", { qos: 1 });
  await node.publishAsync(`${root}/node/${ID}/up/reading`, "r0", { qos: 0 });
  const payload = bytes("ok");
  broker.publish(`${root}/node/${ID}/down/receipt`, payload, { retain: false });
  payload.fill(0); // the broker has its own copy
  broker.publish(`${root}/node/${ID}/down/receipt`, bytes("q0"), { retain: false, qos: 0 });
  broker.publish(`${root}/node/${OTHER}/down/receipt`, bytes("not yours"), { retain: false });
  await until(() => up.length === 2 && received.length === 3, "all messages");
  const topic = `${root}/node/${ID}/up/reading`;
  assert.deepEqual(up, [`${topic}=r1`, `${topic}=r0`]);
  const down = `${root}/node/${ID}/down/receipt`;
  assert.deepEqual(received.sort(), [`${root}/chain/head=7`, `${down}=ok`, `${down}=q0`].sort());
});

test("the broker's own subscriber gets retained messages first, and no $SYS", async (t) => {
  const broker = await start(t);
  broker.publish(`${root}/chain/head`, bytes("1"), { retain: true });
  broker.publish(`${root}/chain/head`, bytes("2"), { retain: true });
  await new Promise((resolve) => setTimeout(resolve, 20));
  const seen: string[] = [];
  broker.subscribe("#", (topic, payload) => void seen.push(`${topic}=${Buffer.from(payload)}`));
  await until(() => seen.length > 0, "the retained message");
  broker.publish(`${root}/chain/head`, bytes("3"), { retain: true });
  await until(() => seen.length > 1, "the live message");
  assert.deepEqual(seen, [`${root}/chain/head=2`, `${root}/chain/head=3`]);
});

test("a denied publish is acknowledged, dropped and counted", async (t) => {
  const broker = await start(t);
  const seen: string[] = [];
  broker.subscribe("#", (topic) => void seen.push(topic));
  const node = await connectClient(broker.port, ID);
  await node.publishAsync(`${root}/node/${OTHER}/up/reading`, "forged", { qos: 1 });
  await node.publishAsync(`${root}/chain/head`, "forged", { qos: 1, retain: true });
  await node.publishAsync(`${root}/node/${ID}/up/reading`, "kept", { qos: 1, retain: true });
  await node.publishAsync(`${root}/node/${ID}/down/receipt`, "forged", { qos: 2 });
  await node.publishAsync("$SYS/x", "forged", { qos: 1 });
  await node.publishAsync(`${root}/node/${ID}/up/reading`, "honest", { qos: 1 });
  await until(() => seen.length > 0, "the honest message");
  assert.deepEqual(seen, [`${root}/node/${ID}/up/reading`]);
  const { publishDenied } = broker.counts;
  assert.deepEqual(publishDenied, { NOT_ALLOWED: 3, RETAIN_NOT_ALLOWED: 1, OUTSIDE_AREA: 1 });
  assert.equal(node.connected, true);
  const late: string[] = [];
  broker.subscribe("#", (topic) => void late.push(topic));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(late, [], "nothing forged was retained");
});

test("a client that goes on with denied publishes is dropped", async (t) => {
  const broker = await start(t, { limits: { deniedMax: 3 } });
  const node = await connectClient(broker.port, ID);
  const closed = closing(node);
  for (let i = 0; i < 4; i++) node.publish(`${root}/epoch`, "x", { qos: 0 });
  await closed;
  assert.deepEqual(broker.counts.publishDenied, { NOT_ALLOWED: 4 });
});

test("a denied subscription gets 0x80 and the others of its packet hold", async (t) => {
  const broker = await start(t);
  const node = await connectClient(broker.port, ID);
  const granted: number[] = [];
  node.on("packetreceive", (packet) => {
    if (packet.cmd === "suback") granted.push(...(packet.granted as number[]));
  });
  const filters = [`${root}/epoch`, `${root}/node/${OTHER}/down/+`, "#"];
  await node.subscribeAsync(filters, { qos: 1 }).catch(() => {});
  assert.deepEqual(granted, [1, 0x80, 0x80]);
  const received = inbox(node);
  broker.publish(`${root}/node/${OTHER}/down/receipt`, bytes("no"), { retain: false });
  broker.publish(`${root}/epoch`, bytes("yes"), { retain: false });
  await until(() => received.length > 0, "the epoch");
  assert.deepEqual(received, [`${root}/epoch=yes`]);
  assert.deepEqual(broker.counts.subscribeDenied, { NOT_ALLOWED: 1, OUTSIDE_AREA: 1 });
});

test("one client's subscriptions are bounded, and unsubscribing makes room", async (t) => {
  const broker = await start(t, { limits: { subscriptionsMax: 2 } });
  const node = await connectClient(broker.port, ID);
  await node.subscribeAsync([`${root}/dag/1`, `${root}/dag/2`], { qos: 0 });
  await node.subscribeAsync(`${root}/dag/2`, { qos: 1 }); // again is no further one
  await assert.rejects(node.subscribeAsync(`${root}/dag/3`, { qos: 0 }));
  await node.unsubscribeAsync(`${root}/dag/1`);
  await node.subscribeAsync(`${root}/dag/3`, { qos: 0 });
  assert.deepEqual(broker.counts.subscribeDenied, { TOO_MANY_SUBSCRIPTIONS: 1 });
});

test("the last will is published when the client is cut off, and retained", async (t) => {
  const broker = await start(t);
  const topic = `${root}/node/${ID}/state`;
  const seen: string[] = [];
  broker.subscribe(topic, (_, payload) => void seen.push(Buffer.from(payload).toString()));
  const will = { topic, payload: Buffer.from("gone"), qos: 1 as const, retain: true };
  const node = await connectClient(broker.port, ID, { will });
  node.stream.destroy();
  await until(() => seen.length === 1, "the will");
  const again = await connectClient(broker.port, ID, { will });
  await again.endAsync(); // a farewell: no will
  const monitor = await connectClient(broker.port, "monitor-1");
  const received = inbox(monitor);
  await monitor.subscribeAsync(`${root}/node/+/state`, { qos: 1 });
  await until(() => received.length > 0, "the retained state");
  assert.deepEqual(received, [`${topic}=gone`]);
  assert.deepEqual(seen, ["gone"]);
});

test("a last will elsewhere is refused at once", async (t) => {
  const broker = await start(t);
  const payload = Buffer.from("forged");
  for (const topic of [`${root}/node/${OTHER}/state`, `${root}/epoch`]) {
    const will = { topic, payload, qos: 1 as const, retain: true };
    await assert.rejects(connectClient(broker.port, ID, { will }), { code: 5 }, topic);
  }
  assert.deepEqual(broker.counts.connectRefused, { WILL_DENIED: 2 });
});

test("who may connect: username, known ids, secrets and keepalive", async (t) => {
  const credentials = new Map([[ID, "s3cret"]]);
  const broker = await start(t, { credentials, limits: { keepaliveMaxS: 100 } });
  const node = (options: object, id = ID) => connectClient(broker.port, id, options);
  await assert.rejects(node({ password: "s3cret" }, "stranger"), { code: 2 });
  await assert.rejects(node({}), { code: 4 });
  await assert.rejects(node({ password: "wrong" }), { code: 4 });
  await assert.rejects(node({ password: "s3cret", username: OTHER }), { code: 4 });
  await assert.rejects(node({ password: "s3cret" }, OTHER), { code: 4 });
  await assert.rejects(node({ password: "s3cret", keepalive: 0 }), { code: 5 });
  await assert.rejects(node({ password: "s3cret", keepalive: 101 }), { code: 5 });
  assert.equal((await node({ password: "s3cret", keepalive: 100 })).connected, true);
  const open = await start(t);
  await assert.rejects(connectClient(open.port, ID, { username: OTHER }), { code: 4 });
  await assert.rejects(connectClient(open.port, ID, { username: undefined }), { code: 4 });
  assert.deepEqual(broker.counts.connectRefused, {
    UNKNOWN_CLIENT: 1,
    BAD_CREDENTIALS: 4,
    KEEPALIVE: 2,
  });
});

test("an authenticate port decides instead, and its failure refuses", async (t) => {
  const broker = await start(t, {
    authenticate: async (client) => {
      if (client === OTHER) throw new Error("directory down");
      return { client, class: "node", key: "" };
    },
  });
  await connectClient(broker.port, ID, { username: "anybody" });
  await assert.rejects(connectClient(broker.port, OTHER), { code: 3 });
});

test("connects and disconnects come in pairs, also when an id is taken over", async (t) => {
  const broker = await start(t);
  const events: string[] = [];
  broker.onConnect((id) => void events.push(`+${id}`));
  broker.onDisconnect((id) => void events.push(`-${id}`));
  const first = await connectClient(broker.port, ID);
  const second = await connectClient(broker.port, ID);
  await until(() => !first.connected, "the first to go");
  await second.endAsync();
  await until(() => events.length === 4, "four events");
  assert.deepEqual(events, [`+${ID}`, `-${ID}`, `+${ID}`, `-${ID}`]);
});

test("a packet above the limit drops its sender and nobody else", async (t) => {
  const broker = await start(t, { limits: { packetBytesMax: 5000 } });
  const good = await connectClient(broker.port, OTHER);
  const bad = await connectClient(broker.port, ID);
  let seen = 0;
  broker.subscribe(`${root}/node/+/up/+`, () => seen++);
  await bad.publishAsync(`${root}/node/${ID}/up/tx`, Buffer.alloc(4900), { qos: 1 });
  const closed = closing(bad);
  bad.publish(`${root}/node/${ID}/up/tx`, Buffer.alloc(5001), { qos: 1 });
  await closed;
  await good.publishAsync(`${root}/node/${OTHER}/up/tx`, "fine", { qos: 1 });
  await until(() => seen === 2, "both good messages");
  assert.deepEqual(broker.counts.dropped, { PACKET_TOO_LARGE: 1 });
});

test("frame scanner: the same verdict however the stream is cut", () => {
  const packet = (length: number) => {
    const header = [0x30];
    let rest = length;
    do {
      header.push((rest & 0x7f) | (rest > 127 ? 0x80 : 0));
      rest >>= 7;
    } while (rest > 0);
    return Buffer.concat([Buffer.from(header), Buffer.alloc(length, 0xff)]);
  };
  const verdict = (stream: Buffer, piece: number) => {
    const scanner = new FrameScanner(1000);
    for (let i = 0; i < stream.length; i += piece) {
      if (!scanner.accept(stream.subarray(i, i + piece))) return false;
    }
    return true;
  };
  const good = Buffer.concat([packet(0), packet(127), packet(128), packet(997), packet(5)]);
  const bad = Buffer.concat([good, packet(998)]);
  const endless = Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80, 0x00]);
  for (const piece of [1, 2, 3, 7, 100, 5000]) {
    assert.equal(verdict(good, piece), true, `pieces of ${piece}`);
    assert.equal(verdict(bad, piece), false, `pieces of ${piece}`);
    assert.equal(verdict(endless, piece), false, `pieces of ${piece}`);
  }
});

test("a client that stops reading is dropped and holds nobody up", async (t) => {
  const broker = await start(t, { limits: { backlogBytesMax: 200_000 } });
  const slow = await connectClient(broker.port, ID);
  const good = await connectClient(broker.port, OTHER);
  await slow.subscribeAsync(`${root}/dag/#`, { qos: 1 });
  await good.subscribeAsync(`${root}/dag/#`, { qos: 1 });
  let received = 0;
  good.on("message", () => received++);
  slow.stream.pause();
  const socket = slow.stream as unknown as { _handle: { readStop(): void } };
  socket._handle.readStop();
  const payload = new Uint8Array(10_000);
  for (let sent = 0; sent < 2000; sent += 10) {
    for (let i = 0; i < 10; i++) broker.publish(`${root}/dag/tx`, payload, { retain: false });
    await until(() => received >= sent, `message ${sent} at the good client`);
  }
  await until(() => received === 2000, "every message at the good client");
  assert.deepEqual(broker.counts.dropped, { SLOW_CLIENT: 1 });
  slow.end(true);
});

test("connections beyond the limit are closed, and those before it live on", async (t) => {
  const broker = await start(t, { limits: { connectionsMax: 2 } });
  const first = await connectClient(broker.port, ID);
  await connectClient(broker.port, OTHER);
  await assert.rejects(connectClient(broker.port, "00"));
  assert.equal(first.connected, true);
  await until(() => broker.counts.connectRefused.TOO_MANY_CONNECTIONS === 1, "the count");
});

test("a connection without a CONNECT, and garbage, are closed", async (t) => {
  const broker = await start(t, { limits: { connectTimeoutMs: 50 } });
  for (const greeting of ["", "GET / HTTP/1.1\r\n\r\n", "\x10\x02\x00\x00", "\xc0\x00"]) {
    const socket = connectTcp(broker.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(Buffer.from(greeting, "latin1"));
    socket.resume();
    await once(socket, "close");
  }
  assert.equal((await connectClient(broker.port, ID)).connected, true);
});

test("an absent client's queue is kept and bounded", async (t) => {
  const broker = await start(t, { limits: { queueMax: 3 } });
  const topic = `${root}/node/${ID}/down/receipt`;
  const before = await connectClient(broker.port, ID, { clean: false });
  await before.subscribeAsync(topic, { qos: 1 });
  await before.endAsync();
  for (let i = 1; i <= 5; i++) broker.publish(topic, bytes(`${i}`), { retain: false });
  await until(() => broker.counts.queued === 2, "two dropped");
  const comeBack = async (expected: string[]) => {
    const received: string[] = [];
    const client = await connectClient(broker.port, ID, { clean: false }, received);
    await until(() => received.length >= expected.length, "the queue");
    await new Promise((resolve) => setTimeout(resolve, 50)); // for the PUBACKs
    assert.deepEqual(received, expected);
    await client.endAsync();
  };
  await comeBack(["1", "2", "3"]);
  for (let i = 6; i <= 9; i++) broker.publish(topic, bytes(`${i}`), { retain: false });
  await until(() => broker.counts.queued === 3, "room again after the acknowledgements");
  await comeBack(["6", "7", "8"]);
  await comeBack([]);
});

test("a message that another one overtakes in the broker is not dropped", async (t) => {
  const broker = await start(t);
  const received: string[] = [];
  const node = await connectClient(broker.port, ID, {}, received);
  await node.subscribeAsync([`${root}/chain/#`, `${root}/node/${ID}/down/+`], { qos: 1 });
  for (let i = 0; i < 100; i++) {
    broker.publish(`${root}/chain/head`, bytes(`r${i}`), { retain: true });
    broker.publish(`${root}/node/${ID}/down/receipt`, bytes(`q1 ${i}`), { retain: false });
    broker.publish(`${root}/chain/tip`, bytes(`q0 ${i}`), { retain: false, qos: 0 });
  }
  await until(() => received.length === 300, "all 300 messages");
  for (const kind of ["r", "q1 ", "q0 "]) {
    const mine = received.filter((text) => text.startsWith(kind));
    assert.deepEqual(
      mine,
      Array.from({ length: 100 }, (_, i) => `${kind}${i}`),
      "in order",
    );
  }
});

test("one persistent session too many becomes a clean one", async (t) => {
  const broker = await start(t, { limits: { sessionsMax: 1 } });
  for (const id of [ID, OTHER]) {
    const client = await connectClient(broker.port, id, { clean: false });
    await client.subscribeAsync(`${root}/epoch`, { qos: 1 });
    await client.endAsync();
  }
  const sessionPresent = async (id: string) => {
    const client = await connectClient(broker.port, id, { clean: false, resubscribe: false });
    const received = inbox(client);
    broker.publish(`${root}/epoch`, bytes("1"), { retain: false });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await client.endAsync();
    return received.length > 0;
  };
  assert.equal(await sessionPresent(ID), true);
  assert.equal(await sessionPresent(OTHER), false);
});

test("retained topics are bounded; a known topic is still updated", async (t) => {
  const broker = await start(t, { limits: { retainedMax: 2 } });
  for (const name of ["a", "b", "c"]) {
    broker.publish(`${root}/monitor/${name}`, bytes("1"), { retain: true });
  }
  broker.publish(`${root}/monitor/a`, bytes("2"), { retain: true });
  broker.publish(`${root}/monitor/b`, new Uint8Array(0), { retain: true });
  broker.publish(`${root}/monitor/d`, bytes("1"), { retain: true });
  await until(() => broker.counts.retained === 1, "one dropped");
  const monitor = await connectClient(broker.port, "monitor-1");
  const received = inbox(monitor);
  await monitor.subscribeAsync(`${root}/monitor/#`, { qos: 1 });
  await until(() => received.length === 2, "the retained messages");
  assert.deepEqual(received.sort(), [`${root}/monitor/a=2`, `${root}/monitor/d=1`]);
});

test("a port that is taken gives the cure", async (t) => {
  const broker = await start(t);
  const again = startBroker({ host: "127.0.0.1", port: broker.port, acl: allowAll });
  await assert.rejects(again, /another program listens there\. Stop it, or choose another port/);
});

test("close ends clients and frees the port, also twice", async (t) => {
  const broker = await start(t);
  const client = await connectClient(broker.port, ID);
  const idle = connectTcp(broker.port, "127.0.0.1");
  idle.on("error", () => {});
  await once(idle, "connect");
  const ends = [closing(client), once(idle, "close")];
  await Promise.all([broker.close(), broker.close()]);
  await Promise.all(ends);
  const next = await startBroker({ host: "127.0.0.1", port: broker.port, acl: allowAll });
  await next.close();
});
