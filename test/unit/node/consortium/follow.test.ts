// SPDX-License-Identifier: Apache-2.0
/** Links and rights that follow changes of the gateways, and a gateway that is apart from the others. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { nodeIdOf } from "#core/identity";
import type { Partner } from "#gateway/consortium/ports";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { smallWorld } from "#host-sim/smartchain/small-world";
import { Town } from "#host-sim/town/town";
import { areaAcl } from "#node/broker/acl";
import { byTokens } from "#node/broker/authenticate";
import { type Broker, startBroker } from "#node/broker/embedded";
import { Addresses } from "#node/config/addresses";
import type { GatewayConfig } from "#node/config/gateway-config";
import { beaconKeyOf } from "#node/consortium/beacon";
import { MqttPeerLink } from "#node/consortium/peer-link";
import type { Peers } from "#node/consortium/peers";
import { sodiumCrypto } from "#node/crypto/sodium";
import { watchConsortium } from "#node/process/consortium";
import { connectClient, until } from "../mqtt-tools.ts";

const crypto = sodiumCrypto();
const NET = "test";
const secretOf = (index: number) => new Uint8Array(32).fill(index + 1);
const partnerOf = (index: number): Partner => {
  const publicKey = crypto.publicKey(secretOf(index));
  return { id: nodeIdOf(crypto, publicKey), publicKey, beaconKey: publicKey };
};
const hexOf = (index: number) => toHex(partnerOf(index).id);

interface End {
  link: MqttPeerLink;
  broker: Broker;
  heard: string[];
  events: string[];
}

/** A gateway with its broker that knows `others` by its configuration, and may follow changes. */
async function endOf(
  t: TestContext,
  index: number,
  others: readonly [number, number][],
): Promise<End> {
  const heard: string[] = [];
  const events: string[] = [];
  let link: MqttPeerLink | undefined;
  const broker = await startBroker({
    ...{ host: "127.0.0.1", port: 0, acl: areaAcl(`a${index}`, undefined, hexOf(index)) },
    authenticate: byTokens({
      ...{ crypto, net: NET, gatewayKey: partnerOf(index).publicKey },
      ...{ operators: new Set(), nowMs: Date.now, seenMax: 100 },
      gateways: { has: (id) => link?.has(id) ?? false },
    }),
  });
  t.after(() => broker.close());
  link = new MqttPeerLink({
    ...{ net: NET, area: `a${index}`, id: partnerOf(index).id, secretKey: secretOf(index), crypto },
    peers: others.map(([i, port]) => ({ ...partnerOf(i), area: `a${i}`, url: urlOf(port) })),
    addressOf: ({ id, publicKey, area, url }) => area && { id, publicKey, area, url },
    onChange: (id) => broker.drop(id),
    ...{ bus: broker, nowMs: Date.now, fail: (error) => assert.fail(String(error)) },
    log: (_level, event) => void events.push(event),
  } as ConstructorParameters<typeof MqttPeerLink>[0]);
  t.after(() => link.close());
  link.listen((from, kind) => void heard.push(`${from} ${kind}`));
  return { link, broker, heard, events };
}

const idsOf = ({ link }: End) => link.view().map(({ id }) => id);
const urlOf = (port: number) => `mqtt://127.0.0.1:${port}`;

test("who joins by a change is reached, heard and understood; who left is heard no more", async (t) => {
  const a = await endOf(t, 0, []);
  const b = await endOf(t, 1, [[0, a.broker.port]]);
  // It looks for a gateway that does not know it yet.
  await until(() => a.broker.counts.connections > 0, "it is there as a stranger");
  const all = [partnerOf(0), { ...partnerOf(1), area: "a1", url: urlOf(b.broker.port) }];
  a.link.follow(all);
  b.link.follow(all);
  await until(() => {
    a.link.send(undefined, "vote", new Uint8Array(1));
    b.link.send(undefined, "vote", new Uint8Array(1));
    return a.heard.includes(`${hexOf(1)} vote`) && b.heard.includes(`${hexOf(0)} vote`);
  }, "both hear each other");
  assert.deepEqual(idsOf(a), [hexOf(1)]);
  a.link.follow([partnerOf(0)]);
  assert.deepEqual(a.link.view(), []);
  assert.equal(a.link.has(hexOf(1)), true); // for the turns that led there
  const before = b.heard.length;
  a.link.send(undefined, "vote", new Uint8Array(1));
  a.link.send(hexOf(1), "decision", new Uint8Array(1));
  await until(() => b.heard.length > before, "what it asks for");
  assert.equal(b.heard.at(-1), `${hexOf(0)} decision`);
});

test("one that looks on keeps every way; one without an address is named", async (t) => {
  const a = await endOf(t, 0, []);
  const b = await endOf(t, 1, [[0, a.broker.port]]);
  b.link.follow([partnerOf(2)]);
  assert.deepEqual(idsOf(b), [hexOf(0)]);
  assert.ok(b.events.includes("peer-without-address"));
});

test("a URL or a key that nobody can use keeps one gateway unreachable, and ends none", async (t) => {
  const a = await endOf(t, 0, []);
  const b = await endOf(t, 2, []);
  const noKey = crypto.sha256(new Uint8Array(3)); // no point of the curve
  const nobody = { id: nodeIdOf(crypto, noKey), publicKey: noKey, beaconKey: noKey, area: "a5" };
  const all: Partner[] = [
    partnerOf(0),
    { ...partnerOf(1), area: "a1", url: "mqtt://host:99999" },
    { ...partnerOf(3), area: "a3", url: "wss://ho^st:1" },
    { ...nobody, url: urlOf(b.broker.port) },
    { ...partnerOf(4), publicKey: noKey, area: "a4" },
    { ...partnerOf(2), area: "a2", url: urlOf(b.broker.port) },
  ];
  a.link.follow(all);
  b.link.follow([partnerOf(2), { ...partnerOf(0), area: "a0", url: urlOf(a.broker.port) }]);
  await until(() => {
    a.link.send(undefined, "vote", new Uint8Array(1));
    b.link.send(undefined, "vote", new Uint8Array(1));
    return a.heard.includes(`${hexOf(2)} vote`) && b.heard.includes(`${hexOf(0)} vote`);
  }, "the others hear each other");
  const connected = a.link.view().map((peer) => `${peer.area} ${peer.connected}`);
  assert.deepEqual(connected.slice(0, 2), ["a1 false", "a3 false"]);
  assert.equal(connected.at(-1), "a2 true");
  const named = a.events.filter((event) => event === "peer-url" || event === "peer-key");
  assert.deepEqual(named, ["peer-url", "peer-url", "peer-key"]);
});

test("addresses of the configuration are over those of the list and of changes", () => {
  const entry = (index: number) => ({
    publicKey: toHex(partnerOf(index).publicKey),
    beaconKey: toHex(beaconKeyOf(secretOf(index))),
    area: `a${index}`,
    url: `mqtt://gw${index}`,
  });
  const key = (index: number) => toHex(partnerOf(index).publicKey);
  const addresses = [
    { publicKey: key(1), url: "mqtt://nearer" },
    { publicKey: key(4), url: "mqtt://user:secret@gw4" },
    { publicKey: key(5), area: "a5", url: "mqtt://gw5" },
  ];
  const consortium = { gateways: [entry(0), entry(1)], addresses, folder: "/" };
  const at = { consortium, keyFile: "" } as unknown as ConstructorParameters<typeof Addresses>[1];
  const book = new Addresses(crypto, at, secretOf(0));
  const places = book.others.map(({ area, url }) => `${area} ${url}`);
  assert.deepEqual(places, ["a1 mqtt://nearer", "a5 mqtt://gw5"]);
  const joined = { ...partnerOf(4), area: "a4", url: "mqtt://gw4" };
  assert.equal(book.of(joined)?.url, "mqtt://user:secret@gw4");
  assert.equal(book.of({ ...partnerOf(6), area: "a6", url: "mqtt://gw6" })?.url, "mqtt://gw6");
  assert.equal(book.of(partnerOf(7)), undefined);
  assert.throws(() => new Addresses(crypto, at, secretOf(9)), /joined: true is for one/);
});

test("nodes are sent away by a gateway that has halted, and the gateway says that it is off", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "wattle-apart-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const world = smallWorld(3, 4, 2, 900);
  const town = new Town({ seed: 3, gateways: 4, world, crypto: keyedCrypto() });
  await town.start();
  const gateway = town.gateways[0].gateway!;
  const said: string[] = [];
  gateway.sayState = (state) => void said.push(state);
  const broker = await startBroker({ host: "127.0.0.1", port: 0, acl: areaAcl("street-1") });
  t.after(() => broker.close());
  const node = await connectClient(broker.port, hexOf(0));
  const peers = { learning: false, onLook() {}, view: () => ({ peers: [], silent: [] }) };
  const config = {
    consortium: { folder: dir, gateways: [] },
    net: NET,
    area: "street-1",
  };
  watchConsortium(
    config as unknown as GatewayConfig,
    { of: () => undefined } as unknown as Addresses,
    {
      ...{ gateway, peers: peers as unknown as Peers, broker, crypto, log: () => {} },
      bus: { publish: () => {} },
    },
  );
  peers.onLook();
  assert.deepEqual(said, []);
  gateway.seat!.replica.halted = "height 7: TURN_TERMS";
  await until(() => {
    peers.onLook();
    return !node.connected;
  }, "the node is sent away");
  assert.deepEqual(said, ["offline"]);
  assert.equal(
    gateway.seat!.wishFault({ net: NET, number: 1, leaves: undefined, joins: undefined }),
    "halted",
  );

  gateway.seat!.replica.halted = undefined;
  peers.onLook();
  assert.deepEqual(said, ["offline", "online"]);
});
