// SPDX-License-Identifier: Apache-2.0
/** How much one may say and how often one may come: buckets, and what the broker does beyond them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { BROKER_LIMITS } from "#node/broker/options";
import { Bucket, Buckets } from "#node/broker/rate";
import { publishRates } from "#node/process/rates";
import {
  connectNode,
  connectOperator,
  gateway,
  person,
  ROOT,
  tokenBroker,
} from "./broker-identity.ts";
import { connectClient, until } from "./mqtt-tools.ts";

const ann = person("ann");
const bob = person("bob");
const up = `${ROOT}/node/${ann.id}/up/reading`;

test("a bucket gives its burst, and then so much in a second", () => {
  const bucket = new Bucket({ perSecond: 2, burst: 3 }, 0);
  const taken = (nowMs: number) => [1, 2, 3, 4].filter(() => bucket.take(1, nowMs)).length;
  assert.deepEqual([0, 0, 499, 500, 1500, 100_000].map(taken), [3, 0, 0, 1, 2, 3]);
  assert.equal(bucket.take(0, 100_000), true);
  assert.equal(bucket.full(101_000), false);
  assert.equal(bucket.full(101_500), true);
});

test("whatever is asked for when, no more is given than burst and rate allow", () => {
  const asked = fc.array(fc.tuple(fc.nat(1000), fc.integer({ min: 1, max: 20 })), {
    maxLength: 100,
  });
  fc.assert(
    fc.property(asked, (steps) => {
      const bucket = new Bucket({ perSecond: 10, burst: 15 }, 0);
      let nowMs = 0;
      let given = 0;
      for (const [pauseMs, amount] of steps) {
        nowMs += pauseMs;
        if (bucket.take(amount, nowMs)) given += amount;
      }
      assert.ok(given <= 15 + nowMs / 100 + 1e-6);
    }),
  );
});

test("each key has its own, and their number is bounded", () => {
  const buckets = new Buckets({ perSecond: 1, burst: 1 }, 4);
  for (const key of ["a", "b", "c", "d"]) assert.equal(buckets.take(key, 1, 0), true);
  assert.equal(buckets.take("a", 1, 0), false);
  assert.equal(buckets.take("e", 1, 0), true, "in the place of the oldest");
  assert.equal(buckets.take("e", 1, 0), false);
  assert.equal(buckets.take("d", 1, 0), false, "one of the newer ones is remembered");
  for (let i = 0; i < 1000; i++) buckets.take(`${i}`, 1, i);
  assert.ok(buckets.size <= 4);
});

test("publishes beyond the rate are acknowledged, dropped and counted, and the next second is new", async (t) => {
  let uptimeMs = 0;
  const publishes = { perSecond: 1, burst: 3 };
  const broker = await tokenBroker(t, { uptimeMs: () => uptimeMs, limits: { publishes } });
  const said: string[] = [];
  broker.subscribe(`${ROOT}/node/+/up/+`, (_, payload) => void said.push(String(payload)));
  const node = await connectNode(broker, ann);
  const say = async (...texts: string[]) => {
    for (const text of texts) await node.publishAsync(up, text, { qos: 1 });
  };
  await say("1", "2", "3", "4", "5");
  const other = await connectNode(broker, bob);
  await other.publishAsync(`${ROOT}/node/${bob.id}/up/reading`, "bob", { qos: 1 });
  uptimeMs += 1000;
  await say("6", "7");
  assert.deepEqual(said, ["1", "2", "3", "bob", "6"]);
  assert.deepEqual(broker.counts.publishDenied, { RATE_LIMITED: 3 });
  await node.endAsync();
  const again = await connectNode(broker, ann);
  await again.publishAsync(up, "8", { qos: 1 });
  assert.equal(said.length, 5, "another connection is no new beginning");
});

test("so are bytes; and whoever does not stop is dropped, with its will", async (t) => {
  let uptimeMs = 0;
  const publishBytes = { perSecond: 100, burst: 1000 };
  const limits = { publishBytes, limitedMax: 3 };
  const broker = await tokenBroker(t, { uptimeMs: () => uptimeMs, limits });
  const said: string[] = [];
  broker.subscribe(`${ROOT}/node/#`, (_, payload) => void said.push(String(payload).slice(0, 4)));
  const will = { topic: `${ROOT}/node/${ann.id}/state`, payload: Buffer.from("gone") };
  const node = await connectNode(broker, ann, { will: { ...will, qos: 1, retain: true } });
  await node.publishAsync(up, "x".repeat(800), { qos: 1 });
  await node.publishAsync(up, "y".repeat(800), { qos: 1 });
  uptimeMs += 10_000;
  await node.publishAsync(up, "z".repeat(800), { qos: 1 });
  const closed = new Promise<void>((resolve) => void node.once("close", () => resolve()));
  for (let i = 0; i < 3; i++) node.publish(up, "w".repeat(800), { qos: 0 });
  await closed;
  await until(() => said.length === 3, "the will");
  assert.deepEqual(said, ["xxxx", "zzzz", "gone"]);
});

test("another gateway has its topics and one retained message; beyond its rate it is ended", async (t) => {
  let uptimeMs = 0;
  const limits = { gatewayPublishes: { perSecond: 10, burst: 20 } };
  const gateways = new Set([ann.id]);
  const broker = await tokenBroker(t, { uptimeMs: () => uptimeMs, limits, gateways });
  const said: string[] = [];
  const own = `${ROOT}/gateway/${gateway.id}/${ann.id}`;
  broker.subscribe(`${ROOT}/gateway/#`, (topic) => void said.push(topic.split("/").at(-1)!));
  const peer = await connectNode(broker, ann);
  for (const topic of [`${ROOT}/gateway/${bob.id}/${ann.id}/readers`, `${own}/vote`])
    await peer.publishAsync(topic, "x", { qos: 1, retain: true });
  assert.deepEqual(broker.counts.publishDenied, { NOT_ALLOWED: 1, RETAIN_NOT_ALLOWED: 1 });
  await peer.publishAsync(`${own}/readers`, "x", { qos: 1, retain: true });
  for (let i = 0; i < 17; i++) await peer.publishAsync(`${own}/vote`, "x", { qos: 1 });
  uptimeMs += 1000;
  for (let i = 0; i < 10; i++) await peer.publishAsync(`${own}/vote`, "x", { qos: 1 });
  assert.equal(peer.connected, true);
  const closed = new Promise<void>((resolve) => void peer.once("close", () => resolve()));
  for (let i = 0; i < 100; i++) peer.publish(`${own}/vote`, "x", { qos: 0 });
  await closed;
  assert.equal(said.length, 28);
  const denied = { NOT_ALLOWED: 1, RETAIN_NOT_ALLOWED: 1, RATE_LIMITED: 1 };
  assert.deepEqual({ ...broker.counts.publishDenied }, denied);
});

test("what a gateway would have kept until it releases it ends its connection", async (t) => {
  const broker = await tokenBroker(t, { gateways: new Set([ann.id]) });
  const peer = await connectNode(broker, ann);
  const closed = new Promise<void>((resolve) => void peer.once("close", () => resolve()));
  peer.publish(`${ROOT}/gateway/${gateway.id}/${ann.id}/vote`, "x", { qos: 2 });
  await closed;
});

test("connections of one client: only proven ones count, so that nobody is kept out", async (t) => {
  let uptimeMs = 0;
  const connectsPerClient = { perSecond: 1, burst: 2 };
  const broker = await tokenBroker(t, { uptimeMs: () => uptimeMs, limits: { connectsPerClient } });
  for (let i = 0; i < 5; i++) await assert.rejects(connectClient(broker.port, ann.id), { code: 4 });
  await connectNode(broker, ann);
  await connectNode(broker, ann);
  await assert.rejects(connectNode(broker, ann), { code: 3 });
  await connectNode(broker, bob);
  uptimeMs += 1000;
  await connectNode(broker, ann);
  assert.deepEqual(broker.counts.connectRefused, { TOKEN_MISSING: 5, RATE_LIMITED: 1 });
});

test("connections of one address, and of all: closed before anything of them is read", async (t) => {
  let uptimeMs = 0;
  const limits = { connectsPerAddress: { perSecond: 1, burst: 3 } };
  const broker = await tokenBroker(t, { uptimeMs: () => uptimeMs, limits });
  for (let i = 0; i < 3; i++) await connectOperator(broker, `operator-${i}`);
  const socket = connectTcp(broker.port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "close");
  const elsewhere = connectTcp({ port: broker.port, host: "127.0.0.1", localAddress: "127.0.0.2" });
  await once(elsewhere, "connect");
  uptimeMs += 1000;
  await connectOperator(broker, "operator-4");
  assert.deepEqual(broker.counts.connectRefused, { RATE_LIMITED: 1 });
  elsewhere.destroy();

  const all = await tokenBroker(t, { limits: { connects: { perSecond: 0.001, burst: 1 } } });
  await connectNode(all, ann);
  await assert.rejects(connectNode(all, bob));
  assert.deepEqual(all.counts.connectRefused, { RATE_LIMITED: 1 });
});

test("what a node may say follows the pace of its area", () => {
  const paced = (speed: number, slotMs: number) =>
    publishRates({ clock: { kind: "running", ratePermille: speed * 1000 }, slotMs })?.publishes;
  assert.equal(publishRates({ clock: { kind: "barrier" }, slotMs: 900_000 }), undefined);
  assert.deepEqual(paced(1, 900_000), { perSecond: 20, burst: 2048 });
  assert.deepEqual(paced(900, 900_000), { perSecond: 64, burst: 2048 });
  assert.deepEqual(paced(1, 1000), { perSecond: 64, burst: 2048 });
});

test("tokens that are let in while one of them counts fit into what is remembered", () => {
  const { connects, tokensMax, connectionsMax } = BROKER_LIMITS;
  assert.ok(tokensMax >= connects.burst + 180 * connects.perSecond);
  assert.ok(connects.burst >= connectionsMax);
});
