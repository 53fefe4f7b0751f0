// SPDX-License-Identifier: Apache-2.0
/** What members, guests, barred nodes, operators and outsiders get at a live broker, on every kind of topic. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MqttClient } from "mqtt";
import { DOWN_KINDS, UP_KINDS } from "#core/topics";
import type { Standing } from "#node/broker/acl";
import {
  connectNode,
  connectOperator,
  person,
  ROOT,
  type TokenBroker,
  tokenBroker,
} from "./broker-identity.ts";
import { connectClient, until } from "./mqtt-tools.ts";

const ann = person("ann");
const bob = person("bob");
const own = `node/${ann.id}`;
const NODE_FILTERS = [`${own}/down/+`, "epoch", "dag/#", "market/#", "chain/#", "update/#"];
/** A topic of each kind that a gateway publishes to, and a node's birth. */
const TOPICS = [
  ...DOWN_KINDS.map((kind) => `${own}/down/${kind}`),
  `node/${bob.id}/down/receipt`,
  ...["epoch", "dag/caps", "dag/tx", "market/demand", "market/clearing", "chain/head"],
  ...["update/esp32", "monitor/gateway", "monitor/node/ann", `node/${bob.id}/state`],
  ...["trust/gateway", "public/head"],
];
const OPEN = ["trust/gateway", "public/head"];
const downTo = (id: string) => TOPICS.filter((topic) => topic.startsWith(`node/${id}/down/`));

/** Asks for `filters` one by one; those that were granted. */
async function grantedOf(client: MqttClient, filters: readonly string[]): Promise<string[]> {
  const granted: string[] = [];
  for (const filter of filters)
    await client.subscribeAsync(`${ROOT}/${filter}`, { qos: 1 }).then(
      () => granted.push(filter),
      () => {},
    );
  return granted;
}

/** What `inbox` gets when the gateway says something on each topic, in the order of TOPICS. */
async function heardOf(broker: TokenBroker, inbox: string[]): Promise<string[]> {
  inbox.length = 0;
  for (const topic of TOPICS)
    broker.publish(`${ROOT}/${topic}`, Buffer.from(topic), { retain: false });
  await until(() => inbox.includes("public/head"), "the last of the topics");
  return TOPICS.filter((topic) => inbox.includes(topic));
}

test("a node hears by its standing, from one message to the next", async (t) => {
  const broker = await tokenBroker(t);
  const inbox: string[] = [];
  broker.standings.set(ann.id, "guest");
  const node = await connectNode(broker, ann, {}, inbox);
  const filters = [...NODE_FILTERS, "trust/#", "public/#"];
  const asked = [...filters, `node/${bob.id}/down/+`, "monitor/#", "node/+/state"];
  assert.deepEqual(await grantedOf(node, asked), filters);
  const guest = [...downTo(ann.id), ...OPEN];
  const member = TOPICS.filter((topic) => !/^monitor|^node/.test(topic) || guest.includes(topic));
  assert.deepEqual(await heardOf(broker, inbox), guest);
  for (const [standing, heard] of [
    ["member", member],
    ["barred", guest],
    ["member", member],
    ["guest", guest],
  ] as [Standing, string[]][]) {
    broker.standings.set(ann.id, standing);
    assert.deepEqual(await heardOf(broker, inbox), heard, standing);
  }
});

test("what is retained is no guest's either, until it asks again as a member", async (t) => {
  const broker = await tokenBroker(t);
  for (const topic of ["epoch", "trust/gateway"])
    broker.publish(`${ROOT}/${topic}`, Buffer.from(topic), { retain: true });
  broker.standings.set(ann.id, "guest");
  const inbox: string[] = [];
  const node = await connectNode(broker, ann, {}, inbox);
  const filters = [`${ROOT}/epoch`, `${ROOT}/trust/#`];
  await node.subscribeAsync(filters, { qos: 1 });
  await until(() => inbox.length > 0, "what is for all");
  assert.deepEqual(inbox, ["trust/gateway"]);
  broker.standings.set(ann.id, "member");
  await node.subscribeAsync(filters, { qos: 1 });
  await until(() => inbox.includes("epoch"), "what is for members");
});

test("a guest's and a barred node's words but the request go nowhere, and it stays", async (t) => {
  const broker = await tokenBroker(t, { limits: { deniedMax: 3 } });
  const said: string[] = [];
  broker.subscribe(`${ROOT}/node/#`, (topic) => void said.push(topic.slice(ROOT.length + 1)));
  const topics = [...UP_KINDS.map((kind) => `${own}/up/${kind}`), `${own}/state`];
  const will = { topic: `${ROOT}/${own}/state`, payload: Buffer.from("gone"), qos: 1 as const };
  const say = async (client: MqttClient) => {
    said.length = 0;
    for (const topic of topics) await client.publishAsync(`${ROOT}/${topic}`, "x", { qos: 1 });
    return said.slice();
  };
  for (const standing of ["guest", "barred"] as const) {
    broker.standings.set(ann.id, standing);
    const node = await connectNode(broker, ann, { will: { ...will, retain: true } });
    const asking = [`${own}/up/enrol`, `${own}/up/certificate`];
    assert.deepEqual(await say(node), asking, standing);
    broker.standings.set(ann.id, "member");
    assert.deepEqual(await say(node), topics, `${standing}, then member`);
    broker.standings.set(ann.id, standing);
    node.stream.destroy();
    await until(() => broker.counts.connections === 0, "its end");
    assert.deepEqual(said, topics, "no will");
  }
  const { NOT_ENROLLED, BARRED } = broker.counts.publishDenied;
  // All but the two that may be said, and the will.
  const denied = topics.length - 1;
  assert.deepEqual([NOT_ENROLLED, BARRED], [denied, denied]);
  assert.deepEqual(broker.counts.connectRefused, {});
});

test("operators look on, outsiders see who the gateway is, and neither says anything", async (t) => {
  const broker = await tokenBroker(t);
  const filters = ["monitor/#", "node/+/state", "monitor/gateway", "trust/#", "public/#"];
  const asked = [...filters, ...NODE_FILTERS, "#", "node/#"];
  const inbox: string[] = [];
  const operator = await connectOperator(broker);
  operator.on("message", (_, payload) => void inbox.push(payload.toString()));
  assert.deepEqual(await grantedOf(operator, asked), filters);
  const seen = ["monitor/gateway", "monitor/node/ann", `node/${bob.id}/state`, ...OPEN];
  assert.deepEqual(await heardOf(broker, inbox), seen);
  const heard: string[] = [];
  const outsider = await connectClient(broker.port, "monitor-curious", {}, heard);
  assert.deepEqual(await grantedOf(outsider, asked), filters.slice(2));
  assert.deepEqual(await heardOf(broker, heard), ["monitor/gateway", ...OPEN]);
  const said: string[] = [];
  broker.subscribe("#", (topic) => void said.push(topic));
  for (const client of [operator, outsider])
    for (const topic of [...TOPICS, `${own}/up/enrol`, `${own}/up/reading`])
      await client.publishAsync(`${ROOT}/${topic}`, "forged", { qos: 1 });
  assert.deepEqual(said, []);
  assert.deepEqual(broker.counts.publishDenied, { READ_ONLY_CLIENT: 2 * (TOPICS.length + 2) });
});

test("only a member's session is kept while it is away", async (t) => {
  const broker = await tokenBroker(t);
  const kept = async (standing: Standing) => {
    broker.standings.set(ann.id, standing);
    const client = await connectNode(broker, ann, { clean: false });
    await client.subscribeAsync(`${ROOT}/${own}/down/+`, { qos: 1 });
    await client.endAsync();
    broker.publish(`${ROOT}/${own}/down/receipt`, Buffer.from(standing), { retain: false });
    const inbox: string[] = [];
    const again = await connectNode(broker, ann, { clean: false, resubscribe: false }, inbox);
    await again.subscribeAsync(`${ROOT}/trust/#`, { qos: 1 });
    broker.publish(`${ROOT}/trust/x`, Buffer.from("now"), { retain: false });
    await until(() => inbox.includes("now"), "the present");
    await again.endAsync();
    return inbox;
  };
  assert.deepEqual(await kept("guest"), ["now"]);
  assert.deepEqual(await kept("member"), ["member", "now"]);
  assert.deepEqual(await kept("barred"), ["now"]);
});
