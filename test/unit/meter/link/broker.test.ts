// SPDX-License-Identifier: Apache-2.0
/** The session against the real broker over TCP, with a client that behaves as the SDK's. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { nodeIdOf } from "#core/identity";
import { connectToken } from "#core/trust/connect";
import { MqttSession } from "#meter/link/session";
import { areaAcl } from "#node/broker/acl";
import { byTokens } from "#node/broker/authenticate";
import { type Broker, startBroker } from "#node/broker/embedded";
import { sodiumCrypto } from "#node/crypto/sodium";
import { type Census, clientDouble } from "../../../helpers/mqtt-client-double.ts";
import { RealTimer, tcpWire } from "../../../helpers/tcp-wire.ts";
import { Rng } from "../../../property/rng.ts";
import { connectClient, until } from "../../node/mqtt-tools.ts";

const ID = "00112233445566778899aabbccddeeff";
const ROOT = `wattle/1/a/node/${ID}`;

/** Without pauses it tries far more often than a node does. */
const FREE = { perSecond: 1e6, burst: 1e6 };
const broker = (port = 0) => startBroker({ host: "127.0.0.1", port, acl: areaAcl("a") });

/** What a node knows of itself over one link: enough to see what the session does. */
function nodeOn(
  t: TestContext,
  port: () => number,
  { id = ID, password }: { id?: string; password?: () => ArrayBuffer } = {},
) {
  const root = `wattle/1/a/node/${id}`;
  const timer = new RealTimer();
  const census: Census = { clients: 0, wires: 0, timers: 0, misuse: [] };
  const rng = new Rng(9);
  const events: string[] = [];
  const inbox: { topic: string; payload: Uint8Array }[] = [];
  const session = new MqttSession(
    {
      client: clientDouble(
        {
          connect: (address, _port, wire) => tcpWire(address, port(), wire),
          after: (delayMs, run) => timer.after(delayMs, run),
          uptimeMs: () => timer.uptimeMs(),
          bufferBytes: () => 1_440,
          pieceBytes: (left) => Math.min(left, 1 + rng.below(1_440)),
        },
        census,
      ),
      host: "localhost",
      port: 0,
      user: id,
      dns: {
        io: class {
          resolve(query: { host: string; onResolved(host: string, address: string): void }) {
            timer.after(0, () => query.onResolved(query.host, "127.0.0.1"));
          }
        },
      },
      socket: {},
      bytesMax: () => 48 * 1024,
    },
    // No jitter: pauses of a millisecond, so that nothing has to be waited for.
    { timer, entropy: { bytes: (n) => new Uint8Array(n) }, log: () => {}, password },
  );
  session.start({
    id,
    subscriptions: () => [`${root}/down/+`, "wattle/1/a/epoch"],
    will: () => ({ topic: `${root}/state`, payload: "offline" }),
    onConnect: () => {
      events.push("connect");
      session.publish(`${root}/state`, text("online"), true);
    },
    onDisconnect: () => void events.push("disconnect"),
    onMessage: (topic, payload) => void inbox.push({ topic, payload }),
  });
  t.after(() => session.close());
  return { session, events, inbox, census, timer };
}

const text = (value: string) => Uint8Array.from(Buffer.from(value));
const large = (length: number, seed: number) => new Rng(seed).bytes(length);

/** Follows what the gateway's side of the broker hears. */
function hear(side: Broker, filter: string): { topic: string; payload: Uint8Array }[] {
  const heard: { topic: string; payload: Uint8Array }[] = [];
  side.subscribe(filter, (topic, payload) => {
    heard.push({ topic, payload: Uint8Array.from(payload) });
  });
  return heard;
}

const states = (heard: { payload: Uint8Array }[]) =>
  heard.map(({ payload }) => Buffer.from(payload).toString());

test("large messages both ways, retained ones, and the birth", async (t) => {
  const side = await broker();
  t.after(() => side.close());
  const heard = hear(side, `${ROOT}/#`);
  side.publish("wattle/1/a/epoch", text("kept"), { retain: true });
  const node = nodeOn(t, () => side.port);
  await until(() => node.session.online && node.inbox.length === 1, "online");
  assert.deepEqual(states(node.inbox), ["kept"]);
  for (let i = 0; i < 5; i++) {
    node.session.publish(`${ROOT}/up/tx`, large(16_000, i), false);
    side.publish(`${ROOT}/down/contract`, large(40_000, 100 + i), { retain: false });
    await until(() => node.inbox.length === 2 + i, `message ${i} down`);
    await until(() => heard.filter(({ topic }) => topic.endsWith("/tx")).length === 1 + i, "up");
  }
  const up = heard.filter(({ topic }) => topic.endsWith("/tx"));
  for (let i = 0; i < 5; i++) {
    assert.deepEqual(up[i].payload, large(16_000, i));
    assert.deepEqual(node.inbox[1 + i].payload, large(40_000, 100 + i));
  }
  assert.deepEqual(node.census.misuse, []);
});

test("a broker that restarts is found again", async (t) => {
  let side = await broker();
  const { port } = side;
  const node = nodeOn(t, () => port);
  for (let round = 1; round <= 3; round++) {
    await until(() => node.session.online, `online, round ${round}`);
    await side.close();
    await until(() => !node.session.online, "loss noticed");
    side = await broker(port);
  }
  t.after(() => side.close());
  await until(() => node.session.online, "online at the end");
  const heard = hear(side, `${ROOT}/up/+`);
  node.session.publish(`${ROOT}/up/reading`, text("after"), false);
  await until(() => heard.length === 1, "a publish after it");
  assert.deepEqual(node.events.slice(0, 3), ["connect", "disconnect", "connect"]);
  assert.equal(node.census.clients, 1);
  assert.deepEqual(node.census.misuse, []);
});

test("another client with its id throws it out, and the birth comes after that one's will", async (t) => {
  const side = await broker();
  t.after(() => side.close());
  const heard = hear(side, `${ROOT}/state`);
  const node = nodeOn(t, () => side.port);
  await until(() => node.session.online, "online");
  const will = { topic: `${ROOT}/state`, payload: Buffer.from("offline"), qos: 1, retain: true };
  const twin = await connectClient(side.port, ID, { will: will as never });
  await until(() => node.events.includes("disconnect"), "thrown out");
  twin.removeAllListeners("error");
  twin.on("error", () => {});
  await until(() => node.events.filter((event) => event === "connect").length === 2, "back");
  twin.end(true);
  await until(() => states(heard).at(-1) === "online", "it says that it is there");
  assert.deepEqual(node.census.misuse, []);
});

test("a clean stop leaves offline behind, and a lost connection the will", async (t) => {
  const side = await broker();
  t.after(() => side.close());
  const heard = hear(side, `${ROOT}/state`);
  const node = nodeOn(t, () => side.port);
  await until(() => states(heard).includes("online"), "birth");
  await new Promise<void>((done) => node.session.stop(done));
  await until(() => states(heard).at(-1) === "offline", "offline");
  assert.deepEqual(node.events, ["connect", "disconnect"]);
  assert.deepEqual([node.census.clients, node.census.wires, node.census.timers], [0, 0, 0]);
  assert.equal(node.timer.waiting.size, 0);
  const other = nodeOn(t, () => side.port);
  await until(() => states(heard).at(-1) === "online", "birth again");
  other.session.close();
  await until(() => states(heard).at(-1) === "offline", "the will");
});

test("a refused subscription leads to no connection, however often it is tried", async (t) => {
  const side = await startBroker({ host: "127.0.0.1", port: 0, acl: areaAcl("b") });
  t.after(() => side.close());
  const node = nodeOn(t, () => side.port);
  await until(() => node.session.facts.attempts >= 3, "attempts");
  assert.deepEqual(node.events, []);
  node.session.close();
  await until(() => node.timer.waiting.size === 0, "nothing left");
  assert.equal(node.census.clients, 0);
});

test("with a token for each attempt: refused without the time of day, and in once it is known", async (t) => {
  const crypto = sodiumCrypto();
  const secretKey = crypto.sha256(text("node"));
  const publicKey = crypto.publicKey(secretKey);
  const gatewayKey = crypto.publicKey(crypto.sha256(text("gateway")));
  const id = toHex(nodeIdOf(crypto, publicKey));
  const net = "n";
  const nowMs = () => Date.now();
  const rule = { crypto, net, gatewayKey, operators: new Set<string>(), nowMs, seenMax: 10 };
  const authenticate = byTokens(rule);
  const limits = { connects: FREE, connectsPerAddress: FREE };
  const acl = areaAcl("a");
  const side = await startBroker({ host: "127.0.0.1", port: 0, acl, authenticate, limits });
  t.after(() => side.close());
  let known = false;
  let atMs = 0;
  const gateway = nodeIdOf(crypto, gatewayKey);
  const password = () => {
    atMs = known ? Math.max(Date.now(), atMs + 1) : 0;
    const token = { net, gateway, client: id, publicKey, atMs };
    return connectToken(crypto, secretKey, token).slice().buffer;
  };
  const node = nodeOn(t, () => side.port, { id, password });
  await until(() => side.counts.connectRefused.TOKEN_TIME >= 2, "refusals");
  assert.equal(node.session.online, false);
  known = true;
  await until(() => node.session.online, "online");
  assert.deepEqual(Object.keys(side.counts.connectRefused), ["TOKEN_TIME"]);
  assert.deepEqual(node.census.misuse, []);
});
