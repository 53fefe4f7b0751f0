// SPDX-License-Identifier: Apache-2.0
/** The bus on an external broker, which the embedded one stands in for. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Bus } from "#gateway/ports";
import { type Broker, startBroker } from "#node/broker/embedded";
import { connectMqtt, type MqttBus, type MqttOptions } from "#node/mqtt/client";
import { allowAll, connectClient, until } from "./mqtt-tools.ts";

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

async function start(port = 0): Promise<Broker> {
  return startBroker({ host: "127.0.0.1", port, acl: allowAll });
}

function connectBus(t: TestContext, port: number, options: Partial<MqttOptions> = {}): MqttBus {
  const url = `mqtt://127.0.0.1:${port}`;
  const bus = connectMqtt({ url, clientId: "gateway", reconnectMs: 20, ...options });
  t.after(() => bus.close());
  return bus;
}

test("the same exchange over the embedded broker's bus and over a client's", async (t) => {
  const broker = await start();
  t.after(() => broker.close());
  for (const bus of [broker, connectBus(t, broker.port)] as Bus[]) {
    const node = await connectClient(broker.port, "00");
    await node.subscribeAsync("down/#", { qos: 1 });
    const down: string[] = [];
    node.on("message", (topic, payload) => void down.push(`${topic}=${payload}`));
    const up: string[] = [];
    bus.subscribe("up/+", (topic, payload) => void up.push(`${topic}=${Buffer.from(payload)}`));
    bus.subscribe("+/b", (topic) => void up.push(topic));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await node.publishAsync("up/a", "1", { qos: 1 });
    await node.publishAsync("other/a", "no", { qos: 1 });
    bus.publish("down/x", bytes("2"), { retain: false });
    await until(() => up.length === 1 && down.length === 1, "one message each way");
    assert.deepEqual([up, down], [["up/a=1"], ["down/x=2"]]);
    await node.endAsync();
  }
});

test("waits for a broker, survives its restart and subscribes again", async (t) => {
  const first = await start();
  const { port } = first;
  await first.close();
  const bus = connectBus(t, port);
  const events: string[] = [];
  const seen: string[] = [];
  bus.onConnect(() => void events.push("+"));
  bus.onDisconnect(() => void events.push("-"));
  bus.subscribe("up/+", (_, payload) => void seen.push(Buffer.from(payload).toString()));
  bus.publish("down/a", bytes("early"), { retain: true });
  assert.equal(bus.connected, false);

  for (const round of ["1", "2"]) {
    const broker = await start(port);
    await until(() => bus.connected, "a connection");
    await new Promise((resolve) => setTimeout(resolve, 50)); // for the subscription
    broker.publish("up/x", bytes(round), { retain: false });
    await until(() => seen.includes(round), `message ${round}`);
    if (round === "1") {
      const retained: string[] = [];
      broker.subscribe("down/#", (topic) => void retained.push(topic));
      await until(() => retained.length === 1, "what was published before");
    }
    await broker.close();
    await until(() => !bus.connected, "the end of the connection");
  }
  assert.deepEqual(events, ["+", "-", "+", "-"]);
  assert.deepEqual(seen, ["1", "2"]);
});

test("the will is retained when the gateway is cut off, not when it closes", async (t) => {
  const broker = await start();
  t.after(() => broker.close());
  const wills: string[] = [];
  broker.subscribe("state", (_, payload) => void wills.push(Buffer.from(payload).toString()));
  const will = { topic: "state", payload: bytes("gone") };
  const bus = connectBus(t, broker.port, { will });
  await until(() => bus.connected, "a connection");
  await bus.close();
  await bus.close();
  const other = connectBus(t, broker.port, { will, reconnectMs: 60_000 });
  await until(() => other.connected, "a connection");
  await connectClient(broker.port, "gateway"); // takes the id over, which cuts the other off
  await until(() => wills.length === 1, "the will");
  assert.deepEqual(wills, ["gone"]);
});

test("what no broker takes is not sent, and what was said at QoS 0 finds nobody who is away", async (t) => {
  const broker = await start();
  t.after(() => broker.close());
  const events: string[] = [];
  const bus = connectBus(t, broker.port, { log: (_level, event) => void events.push(event) });
  await until(() => bus.connected, "a connection");
  const node = await connectClient(broker.port, "00", { clean: false });
  await node.subscribeAsync("down/#", { qos: 1 });
  await node.endAsync();
  for (const [at, one] of [broker, bus].entries()) {
    for (const topic of ["down/#", "down/+/x", "down/\0", ""])
      (one as Bus).publish(topic, bytes("x"), { retain: false });
    (one as Bus).publish("down/a", bytes(`lost ${at}`), { retain: false, qos: 0 });
    (one as Bus).publish("down/a", bytes(`kept ${at}`), { retain: false });
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(bus.dropped, 4);
  assert.ok(!events.includes("mqtt-disconnected"));
  assert.equal(events.filter((event) => event === "mqtt-topic").length, 4);
  const heard: string[] = [];
  await connectClient(broker.port, "00", { clean: false }, heard);
  await until(() => heard.length === 2, "what was kept");
  assert.match(heard.join(), /kept 0.*kept 1/);
});

test("with the broker away only so many publishes wait", async (t) => {
  const first = await start();
  await first.close();
  const logged: string[] = [];
  const log = (level: string, event: string) => void logged.push(`${level} ${event}`);
  const url = `mqtt://user:secret@127.0.0.1:${first.port}`;
  const bus = connectBus(t, first.port, { url, log });
  for (let i = 0; i < 4100; i++) bus.publish("down/a", bytes("x"), { retain: false });
  assert.equal(bus.dropped, 4);
  assert.deepEqual(logged.filter((line) => line.endsWith("mqtt-backlog")).length, 1);
});
