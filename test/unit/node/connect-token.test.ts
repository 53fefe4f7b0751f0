// SPDX-License-Identifier: Apache-2.0
/** CONNECT tokens at a live broker: each that does not count is refused, counted, and changes nothing. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { IClientOptions } from "mqtt";
import { CONNECT_AGE_MS } from "#core/limits";
import { areaAcl } from "#node/broker/acl";
import { startBroker } from "#node/broker/embedded";
import {
  clock,
  connectNode,
  connectOperator,
  gateway,
  operator,
  person,
  ROOT,
  token,
  tokenBroker,
} from "./broker-identity.ts";
import { connectClient, until } from "./mqtt-tools.ts";

const ann = person("ann");
const bob = person("bob");

/** Connects as `client` with `password`, and expects a refusal with CONNACK's `code`. */
async function refused(port: number, client: string, password: Buffer | undefined, code: number) {
  const options: IClientOptions = password ? { password } : {};
  await assert.rejects(connectClient(port, client, options), { code });
}

test("every fault of a token has its count, and none is a connection", async (t) => {
  const broker = await tokenBroker(t);
  const { port } = broker;
  const { id } = ann;
  const events: string[] = [];
  broker.onConnect((client) => void events.push(client));
  const tampered = token(ann, id);
  tampered[tampered.length - 1] ^= 1;
  const foreign = token({ ...ann, secretKey: bob.secretKey }, id);
  const cases: [string, Buffer | undefined][] = [
    ["TOKEN_MISSING", undefined],
    ["TOKEN_MALFORMED", Buffer.from("secret")],
    ["TOKEN_MALFORMED", Buffer.concat([token(ann, id), Buffer.from([0])])],
    ["TOKEN_NET", token(ann, id, { net: "other" })],
    ["TOKEN_GATEWAY", token(ann, id, { gateway: Buffer.from(bob.id, "hex") })],
    ["TOKEN_CLIENT", token(ann, bob.id)],
    ["TOKEN_CLIENT", token(bob, id)],
    ["TOKEN_TIME", token(ann, id, { atMs: clock.nowMs - CONNECT_AGE_MS - 10 })],
    ["TOKEN_TIME", token(ann, id, { atMs: clock.nowMs + CONNECT_AGE_MS + 1000 })],
    ["TOKEN_TIME", token(ann, id, { atMs: 0 })],
    ["TOKEN_SIGNATURE", tampered],
    ["TOKEN_SIGNATURE", foreign],
  ];
  const expected: Record<string, number> = {};
  for (const [fault, password] of cases) {
    expected[fault] = (expected[fault] ?? 0) + 1;
    await refused(port, id, password, 4);
    assert.deepEqual(broker.counts.connectRefused, expected, fault);
  }
  assert.deepEqual(events, []);
  const client = await connectNode(broker, ann);
  assert.equal(client.connected, true);
  await until(() => events.length === 1, "the one that counts");
});

test("a token counts once, here and at every other gateway", async (t) => {
  const broker = await tokenBroker(t);
  const other = await tokenBroker(t, { of: bob });
  const early = token(ann, ann.id);
  const taken = token(ann, ann.id);
  const first = await connectClient(broker.port, ann.id, { password: taken });
  await refused(broker.port, ann.id, taken, 4);
  await refused(broker.port, ann.id, early, 4); // one that was kept back is no better
  await refused(other.port, ann.id, taken, 4);
  assert.deepEqual(broker.counts.connectRefused, { TOKEN_REPLAYED: 2 });
  assert.deepEqual(other.counts.connectRefused, { TOKEN_GATEWAY: 1 });
  assert.equal(first.connected, true, "the replays did not throw it out");
  await first.endAsync();
  await refused(broker.port, ann.id, taken, 4);
  const again = await connectNode(broker, ann);
  assert.equal(again.connected, true);
});

test("a gateway that starts again takes no token of before", async (t) => {
  const before = token(ann, ann.id);
  clock.nowMs += 5;
  const broker = await tokenBroker(t);
  await refused(broker.port, ann.id, before, 4);
  assert.deepEqual(broker.counts.connectRefused, { TOKEN_REPLAYED: 1 });
  await connectNode(broker, ann);
});

test("what is remembered of tokens is bounded, and makes room when they are too old", async (t) => {
  const broker = await tokenBroker(t, { seenMax: 2 });
  const [cec, dan] = [person("cec"), person("dan")];
  await connectNode(broker, ann);
  await connectNode(broker, bob);
  await assert.rejects(connectNode(broker, cec), { code: 3 });
  await connectNode(broker, ann); // it has its place
  clock.nowMs += CONNECT_AGE_MS + 10;
  await connectNode(broker, cec);
  await connectNode(broker, dan);
  assert.deepEqual(broker.counts.connectRefused, { TOKEN_STORE_FULL: 1 });
});

test("nobody but a node's own key takes its connection over", async (t) => {
  const broker = await tokenBroker(t);
  const client = await connectNode(broker, ann);
  const { port } = broker;
  await refused(port, ann.id, undefined, 4);
  await refused(port, ann.id, token(bob, ann.id), 4);
  await refused(port, ann.id, token(operator, ann.id), 4);
  await refused(port, ann.id, token({ ...bob, publicKey: ann.publicKey }, ann.id), 4);
  assert.equal(client.connected, true);
  assert.deepEqual(broker.counts.connectRefused, {
    TOKEN_MISSING: 1,
    TOKEN_CLIENT: 2,
    TOKEN_SIGNATURE: 1,
  });
  await connectNode(broker, ann);
  await until(() => !client.connected, "its own key takes over");
});

test("operators by their key, outsiders without one, and nobody in between", async (t) => {
  const broker = await tokenBroker(t);
  const { port } = broker;
  await connectOperator(broker, "operator-ann");
  await connectOperator(broker, "monitor-ann");
  await connectClient(port, "monitor-curious");
  await refused(port, "operator-bob", undefined, 4);
  await refused(port, "operator-bob", token(bob, "operator-bob"), 5);
  await refused(port, "monitor-bob", token(bob, "monitor-bob"), 5);
  await refused(port, "monitor-bob", token(operator, "monitor-ann"), 4);
  await refused(port, "gateway", token(gateway, "gateway"), 2);
  assert.deepEqual(broker.counts.connectRefused, {
    TOKEN_MISSING: 1,
    NOT_OPERATOR: 2,
    TOKEN_CLIENT: 1,
    UNKNOWN_CLIENT: 1,
  });
});

test("an operator's connection and what it heard are not an outsider's to take", async (t) => {
  const broker = await tokenBroker(t);
  const { port } = broker;
  const here = await connectOperator(broker, "monitor-x", { clean: false });
  await here.subscribeAsync(`${ROOT}/monitor/#`, { qos: 1 });
  await refused(port, "monitor-x", undefined, 2);
  assert.deepEqual(broker.counts.connectRefused, { CLIENT_TAKEN: 1 });
  assert.equal(here.connected, true);
  await here.endAsync();
  broker.publish(`${ROOT}/monitor/slot`, Buffer.from("secret"), { retain: false });
  const inbox: string[] = [];
  const curious = await connectClient(port, "monitor-x", { clean: false }, inbox);
  broker.publish(`${ROOT}/monitor/slot`, Buffer.from("secret"), { retain: false });
  await curious.subscribeAsync(`${ROOT}/public/#`, { qos: 1 });
  broker.publish(`${ROOT}/public/x`, Buffer.from("open"), { retain: false });
  await until(() => inbox.length > 0, "what is public");
  assert.deepEqual(inbox, ["open"]);
});

test("by claims everybody is who he says, and a monitor sees what an operator does", async (t) => {
  const broker = await startBroker({ host: "127.0.0.1", port: 0, acl: areaAcl("a1") });
  t.after(() => broker.close());
  await connectClient(broker.port, ann.id);
  const monitor = await connectClient(broker.port, "monitor-x");
  await monitor.subscribeAsync([`${ROOT}/monitor/#`, `${ROOT}/node/+/state`], { qos: 1 });
});

test("a flood of mistakes is counted, and fills no log", async (t: TestContext) => {
  const warned: string[] = [];
  let uptimeMs = 0;
  const broker = await tokenBroker(t, {
    uptimeMs: () => uptimeMs,
    log: (level, event, facts) => {
      if (level === "warn") warned.push(`${event} ${facts?.code}`);
    },
  });
  for (let i = 0; i < 5; i++) await refused(broker.port, ann.id, undefined, 4);
  await refused(broker.port, ann.id, Buffer.from("x"), 4);
  uptimeMs += 1000;
  await refused(broker.port, ann.id, undefined, 4);
  assert.deepEqual(broker.counts.connectRefused, { TOKEN_MISSING: 6, TOKEN_MALFORMED: 1 });
  assert.deepEqual(warned, [
    "broker-connect-refused TOKEN_MISSING",
    "broker-connect-refused TOKEN_MALFORMED",
    "broker-connect-refused TOKEN_MISSING",
  ]);
});
