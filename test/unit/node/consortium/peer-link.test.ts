// SPDX-License-Identifier: Apache-2.0
/** Gateways that speak to each other through their real brokers. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import { nodeIdOf } from "#core/identity";
import { readersRecord } from "#core/records/readers";
import { Topics } from "#core/topics";
import type { PeerKind } from "#gateway/consortium/ports";
import { areaAcl } from "#node/broker/acl";
import { byTokens } from "#node/broker/authenticate";
import { type Broker, startBroker } from "#node/broker/embedded";
import { beaconKeyOf } from "#node/consortium/beacon";
import { Confidential } from "#node/consortium/confidential";
import { idsOf, MqttPeerLink, type PeerAddress } from "#node/consortium/peer-link";
import { Peers } from "#node/consortium/peers";
import { sodiumCrypto } from "#node/crypto/sodium";
import { connectClient, until } from "../mqtt-tools.ts";

const crypto = sodiumCrypto();
const NET = "test";
const secretOf = (index: number) => new Uint8Array(32).fill(index + 1);
const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const ALL: PeerAddress[] = [0, 1, 2].map((index) => {
  const publicKey = crypto.publicKey(secretOf(index));
  const beaconKey = beaconKeyOf(secretOf(index));
  return { id: nodeIdOf(crypto, publicKey), publicKey, beaconKey, area: `a${index}` };
});
const hexOf = (index: number) => toHex(ALL[index].id);

interface Heard {
  from: string;
  kind: PeerKind;
  text: string;
}

/** A broker as gateway `index` has it; `port` where it had one before. */
async function brokerOf(t: TestContext, index: number, port = 0): Promise<Broker> {
  const others = ALL.filter((_, i) => i !== index);
  const gatewayKey = ALL[index].publicKey;
  const broker = await startBroker({
    ...{ host: "127.0.0.1", port, acl: areaAcl(`a${index}`, undefined, hexOf(index)) },
    authenticate: byTokens({
      ...{ crypto, net: NET, gatewayKey, operators: new Set(), nowMs: Date.now, seenMax: 100 },
      gateways: idsOf(others),
    }),
  });
  t.after(() => broker.close());
  return broker;
}

function linkOf(t: TestContext, index: number, own: Broker, ports: readonly number[]) {
  const heard: Heard[] = [];
  const events: string[] = [];
  const link = new MqttPeerLink({
    ...{ net: NET, area: `a${index}`, id: ALL[index].id, secretKey: secretOf(index), crypto },
    peers: ALL.flatMap((one, i) => {
      if (i === index || ports[i] === undefined) return [];
      return [{ ...one, url: `mqtt://127.0.0.1:${ports[i]}` }];
    }),
    bus: own,
    log: (_level, event) => void events.push(event),
    nowMs: Date.now,
    fail: (error) => assert.fail(String(error)),
  });
  link.listen((from, kind, payload) => {
    heard.push({ from, kind, text: Buffer.from(payload).toString() });
  });
  t.after(() => link.close());
  return { link, heard, events };
}

async function pair(t: TestContext) {
  const brokers = [await brokerOf(t, 0), await brokerOf(t, 1)];
  const ports = brokers.map(({ port }) => port);
  const a = linkOf(t, 0, brokers[0], ports);
  const b = linkOf(t, 1, brokers[1], ports);
  await ready(a, b);
  return { brokers, ports, a, b };
}

type End = ReturnType<typeof linkOf>;

/** Until both have heard each other, keys included. */
async function ready(a: End, b: End): Promise<void> {
  await until(() => {
    a.link.send(undefined, "vote", bytes("?"));
    b.link.send(undefined, "vote", bytes("?"));
    return a.heard.length > 0 && b.heard.length > 0;
  }, "both hear each other");
}

test("what one gateway says the other hears, and nobody else can read it", async (t) => {
  const { brokers, a, b } = await pair(t);
  const seen: { topic: string; payload: Buffer }[] = [];
  brokers[1].subscribe("wattle/1/a1/gateway/#", (topic, payload) => {
    seen.push({ topic, payload: Buffer.from(payload) });
  });
  a.link.send(hexOf(1), "segment", bytes("a very secret segment"));
  await until(() => b.heard.some(({ kind }) => kind === "segment"), "the segment");
  const got = b.heard.find(({ kind }) => kind === "segment");
  assert.deepEqual(got, { from: hexOf(0), kind: "segment", text: "a very secret segment" });
  const topic = new Topics("a1").peer(hexOf(1), hexOf(0), "segment");
  const passed = seen.find((one) => one.topic === topic);
  assert.ok(passed);
  assert.ok(!passed.payload.includes("secret"));
  assert.ok(a.link.view()[0].silentMs < 60_000);
});

test("a gateway that starts again has other keys, and is understood after a moment", async (t) => {
  const { brokers, ports, a, b } = await pair(t);
  await b.link.close();
  await brokers[1].close();
  await until(() => !a.link.view()[0].connected, "it is noticed");
  const again = linkOf(t, 1, await brokerOf(t, 1, ports[1]), ports);
  const before = a.heard.length;
  await until(() => {
    again.link.send(undefined, "status", bytes("back"));
    a.link.send(undefined, "status", bytes("welcome"));
    return a.heard.length > before && again.heard.length > 0;
  }, "both again");
  assert.equal(a.heard.at(-1)?.text, "back");
  assert.equal(again.heard.at(-1)?.text, "welcome");
});

test("no node, no stranger and no other gateway speaks in a gateway's name", async (t) => {
  const { brokers, b } = await pair(t);
  const claims = await startBroker({
    ...{ host: "127.0.0.1", port: 0, acl: areaAcl("a1") },
  });
  t.after(() => claims.close());
  const node = await connectClient(claims.port, "0123456789abcdef0123456789abcdef");
  const topic = new Topics("a1").peer(hexOf(1), hexOf(0), "fetch");
  await node.publishAsync(topic, "x", { qos: 1 });
  const [{ qos }] = await node.subscribeAsync("wattle/1/a1/gateway/#").catch(() => [{ qos: 128 }]);
  assert.equal(qos, 128);
  assert.equal(claims.counts.publishDenied.NOT_ALLOWED, 1);
  const acl = areaAcl("a1", undefined, hexOf(1));
  const other = { client: hexOf(2), class: "gateway" } as const;
  assert.equal(acl.publish(other, topic, false), "NOT_ALLOWED");
  const own = new Topics("a1").peer(hexOf(1), hexOf(2), "readers");
  assert.equal(acl.publish(other, own, true), undefined);
  assert.equal(acl.publish(other, own.replace("readers", "vote"), true), "RETAIN_NOT_ALLOWED");
  const elsewhere = new Topics("a1").peer(hexOf(0), hexOf(2), "readers");
  assert.equal(acl.publish(other, elsewhere, true), "NOT_ALLOWED");
  assert.equal(areaAcl("a1").publish(other, own, true), "NOT_ALLOWED");
  assert.equal(acl.publish(other, "wattle/1/a1/dag/tx", false), "NOT_ALLOWED");
  assert.equal(acl.subscribe(other, "wattle/1/a1/gateway/#"), "NOT_ALLOWED");
  // What claims to be another's and was sealed by nobody is dropped without a word.
  const before = b.heard.length;
  brokers[1].publish(topic, bytes("not sealed at all, but long enough to look like it is one"), {
    retain: false,
  });
  await until(() => b.link.view()[0].dropped > 0, "it is counted");
  assert.equal(b.heard.slice(before).filter(({ kind }) => kind === "fetch").length, 0);
});

test("a key of the future is refused, and so is what is none, without a line for each", async (t) => {
  const { brokers, a, b } = await pair(t);
  const topic = new Topics("a0").peer(hexOf(0), hexOf(1), "readers");
  const say = (payload: Uint8Array) => brokers[0].publish(topic, payload, { retain: false });
  const readersAt = (atMs: number) => {
    const other = new Confidential(ALL[1].id, secretOf(1));
    const readers = other.readers(NET, [ALL[0]], atMs);
    return signRecord(readersRecord, crypto, secretOf(1), readers).bytes;
  };
  const refused = () => a.events.filter((event) => event === "peer-key-refused").length;
  say(readersAt(Date.now() + 91_000));
  await until(() => refused() === 1, "it is refused");
  const { dropped } = a.link.view()[0];
  for (let i = 0; i < 500; i++) say(new Uint8Array(1));
  await until(() => a.link.view()[0].dropped >= dropped + 500, "all are");
  assert.ok(refused() <= 2, `${refused()} lines`);
  // Nothing of it keeps its next key from counting.
  const before = a.heard.length;
  say(readersAt(Date.now() + 1000));
  b.link.send(undefined, "status", bytes("still heard"));
  await until(() => a.heard.length > before, "it is heard");
  assert.equal(refused() <= 2, true);
});

test("more keys than a gateway has are not looked at, and it is asked for its own once more", async (t) => {
  const { brokers, a, b } = await pair(t);
  const topic = new Topics("a0").peer(hexOf(0), hexOf(1), "readers");
  for (let i = 0; i < 50; i++) {
    const other = new Confidential(ALL[1].id, secretOf(1));
    const readers = other.readers(NET, [ALL[0]], Date.now() + i);
    const { bytes: signed } = signRecord(readersRecord, crypto, secretOf(1), readers);
    brokers[0].publish(topic, signed, { retain: false });
  }
  await until(() => a.link.view()[0].dropped >= 40, "most are dropped");
  assert.ok(!a.events.includes("peer-key-refused"));
  const before = a.heard.length;
  await until(() => {
    b.link.send(undefined, "status", bytes("again"));
    return a.heard.length > before;
  }, "it is heard again");
});

test("what one gateway sends in masses takes no room from another", async (t) => {
  let hear: (topic: string, payload: Uint8Array) => void = () => {};
  const link = new MqttPeerLink({
    ...{ net: NET, area: "a0", id: ALL[0].id, secretKey: secretOf(0), crypto, log: () => {} },
    peers: [ALL[1], ALL[2]],
    bus: { publish: () => {}, subscribe: (_, handler) => void (hear = handler) },
    ...{ nowMs: Date.now, fail: (error) => assert.fail(String(error)) },
  });
  t.after(() => link.close());
  const topic = (from: number, kind: string) => new Topics("a0").peer(hexOf(0), hexOf(from), kind);
  for (let i = 0; i < 9000; i++) hear(topic(1, "segment"), new Uint8Array(64));
  const readers = new Confidential(ALL[2].id, secretOf(2)).readers(NET, [ALL[0]], Date.now());
  const { bytes: key } = signRecord(readersRecord, crypto, secretOf(2), readers);
  hear(topic(2, "readers"), key);
  await until(() => link.view()[0].dropped >= 9000, "none of the many can be read");
  assert.equal(link.view()[1].dropped, 0);
});

test("a gateway that is away gets nothing kept for it, and is silent", async (t) => {
  const { brokers, a, b } = await pair(t);
  await b.link.close();
  await brokers[1].close();
  await until(() => !a.link.view()[0].connected, "it is noticed");
  const { dropped, received } = a.link.view()[0];
  for (let i = 0; i < 1000; i++) a.link.send(undefined, "segment", new Uint8Array(1000));
  const view = a.link.view()[0];
  assert.equal(view.dropped, dropped + 1000);
  assert.equal(view.received, received);
  assert.ok(a.events.includes("peer-disconnected"));
});

test("one broker that all share", async (t) => {
  const broker = await brokerOf(t, 0);
  const heard: string[][] = [[], [], []];
  const links = ALL.map((one, index) => {
    const link = new MqttPeerLink({
      ...{ net: NET, area: one.area, id: one.id, secretKey: secretOf(index), crypto, bus: broker },
      peers: ALL.filter((_, i) => i !== index),
      ...{ log: () => {}, nowMs: Date.now, fail: (error) => assert.fail(String(error)) },
    });
    link.listen((from, kind, payload) => {
      heard[index].push(`${from} ${kind} ${Buffer.from(payload)}`);
    });
    t.after(() => link.close());
    return link;
  });
  const all = () => heard.every((list) => new Set(list).size === 2);
  await until(() => {
    for (const link of links) link.send(undefined, "status", bytes("here"));
    return all();
  }, "each hears both others");
  links[2].send(hexOf(0), "down", bytes("for one"));
  await until(() => heard[0].includes(`${hexOf(2)} down for one`), "what is for one");
  assert.ok(!heard[1].some((line) => line.includes("for one")));
});

test("too few gateways: it is said once with cause and cure, and once only", async (t) => {
  const brokers = [await brokerOf(t, 0), await brokerOf(t, 1)];
  const events: { event: string; facts?: Record<string, string | number> }[] = [];
  const failed: string[] = [];
  const gateways = ALL.map(({ publicKey, area }) => ({
    ...{ publicKey: toHex(publicKey), beaconKey: "", area },
  }));
  const peers = new Peers(
    { gateways, rule: "quorum" },
    {
      ...{ net: NET, area: "a0", id: ALL[0].id, secretKey: secretOf(0), crypto, bus: brokers[0] },
      peers: [1, 2].map((i) => ({ ...ALL[i], url: `mqtt://127.0.0.1:${brokers[1].port}` })),
      ...{ log: (_level, event, facts) => void events.push({ event, facts }), nowMs: Date.now },
      fail: (error) => failed.push(String(error)),
    },
    400,
  );
  t.after(() => peers.close());
  const said = (event: string) => events.filter((one) => one.event === event);
  await until(() => said("quorum-missing").length > 0, "it is noticed");
  const [{ facts }] = said("quorum-missing");
  assert.equal(facts?.silent, "a1 a2");
  assert.deepEqual([facts?.heard, facts?.needed], [1, 3]);
  assert.match(String(facts?.cure), /start the silent ones/);
  assert.deepEqual(peers.view().silent, ["a1", "a2"]);
  assert.equal(failed.length, 0);
  peers.onLook = () => {
    throw new Error("for the test");
  };
  await until(() => failed.includes("Error: for the test"), "what fails as it looks ends it");
});
