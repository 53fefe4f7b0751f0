// SPDX-License-Identifier: Apache-2.0
/**
 * The recipe for Mosquitto with dynamic security (docs/operations.md), on a real Mosquitto: nodes come as guests,
 * are certified, trade, and are revoked; and what each class may say and hear is what the embedded broker allows.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { after, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { type Fleet, startFleet } from "#host-sim/fleet/fleet";
import { memoryStore } from "#host-sim/fleet/store";
import type { NodeSetup } from "#host-sim/fleet/types";
import { v8Engine } from "#host-sim/fleet/v8-engine";
import { withEnrolment } from "#host-sim/setup";
import { DEFAULT_POLICY } from "#meter/config";
import { areaAcl, type Identity, type Standing } from "#node/broker/acl";
import { loginCommand } from "#node/cli/login";
import { loadGatewayConfig } from "#node/config/gateway-config";
import { type GatewayProcess, startGatewayProcess } from "#node/gateway-process";
import { worldOf } from "#test/helpers/local-area";
import { onCi } from "../data.ts";
import { crypto, idOf, PASSPHRASE, secretOf, tempFolder } from "../unit/node/authority/tools.ts";
import { until } from "../unit/node/mqtt-tools.ts";
import { type MainBroker, type Mosquitto, mainBroker, missing, porchBroker } from "./recipe.ts";

const at = tempFolder();
const wattle = fileURLToPath(new URL("../../bin/wattle.js", import.meta.url));
const PATIENCE_MS = 60_000;
const SLOT_S = 900;
/** Certificates begin an hour ago: the world does too. */
const WORLD_START_MS = Math.floor(Date.now() / 1000 - SLOT_S) * 1000;
/** A seller, a buyer, and one that neither buys nor sells. */
const world = worldOf([-1000, 800, 0].map((netWh) => new Array(8000).fill(netWh)));
const MALLORY = 2;
/** Has a login and no certificate. */
const GUEST = 3;
const OUT = ["--out", "identity"];
const settled = (holds: () => boolean, what: string) => until(holds, what, PATIENCE_MS);

function ok(...args: string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const env = { ...process.env, WATTLE_PASSPHRASE: PASSPHRASE };
  execFile(process.execPath, [wattle, ...args], { cwd: at(), env }, (error, said, failed) =>
    error ? reject(new Error(failed)) : resolve(said),
  );
  return promise;
}

/** As an operator does: the client's user name and password. */
function login(who: string, renew = false): { username: string; password: string } {
  let said = "";
  const say = (text: string) => void (said += text);
  const code = loginCommand(who, { config: at("gateway.json"), json: true, renew, say });
  assert.equal(code, 0);
  return JSON.parse(said);
}

interface Street {
  gateway: GatewayProcess;
  main: MainBroker;
  ca: Buffer;
  fleet: Fleet;
  /** Everything of the area that came by, live. */
  heard: { topic: string; text: string }[];
  logged: { event: string; facts: Record<string, unknown> }[];
  porch: { broker: Mosquitto; port: number };
}

function setups(gatewayKey: string, anchorKey: string): NodeSetup[] {
  return ["seller", "buyer", "mallory"].map((name, home) => {
    const config = {
      ...{ net: "test", area: "a", name, secretKey: secretOf(home) },
      gatewayKey: Uint8Array.from(Buffer.from(gatewayKey, "hex")),
      ...{ capacityWh: 5000, wallets: 2, policy: DEFAULT_POLICY },
    };
    const choices = { authority: Uint8Array.from(Buffer.from(anchorKey, "hex")), meter: "M" };
    return { home, seed: home, config: withEnrolment(crypto, config, SLOT_S, choices, home + 1) };
  });
}

async function begin(): Promise<Street> {
  const made = await ok("authority", "init", "--net", "test", "--name", "Street", "--json", ...OUT);
  await ok("authority", "tls", "--host", "127.0.0.1", "--out", "tls");
  const admin = { name: "gateway-a", password: "a gateway's" };
  const witness = { name: "witness", password: "a witness'" };
  const main = await mainBroker(at(), admin, witness);
  await main.broker.start();
  after(() => main.broker.stop());
  const json = {
    ...{ net: "test", area: "a", identity: { folder: "identity" } },
    broker: {
      ...{ url: `mqtt://127.0.0.1:${main.gateway}`, password: admin.password },
      dynamicSecurity: {},
    },
    ...{ expectNodes: 3, slotSeconds: SLOT_S, worldStart: new Date(WORLD_START_MS).toISOString() },
    // What is asked here is who may say what; witnesses take longer than this time to give a slot up.
    ...{ clock: "barrier", slotTimeoutSeconds: 4, proofOfTime: false, log: { level: "silent" } },
  };
  writeFileSync(at("gateway.json"), JSON.stringify(json));
  const logged: Street["logged"] = [];
  const gateway = await startGatewayProcess(loadGatewayConfig(at("gateway.json")), {
    log: (_, event, facts = {}) => void logged.push({ event, facts }),
    onFatal: ({ message }) => void logged.push({ event: "FATAL", facts: { message } }),
  });
  after(() => gateway.stop());
  const heard: Street["heard"] = [];
  const seer = await client(main.gateway, { username: witness.name, password: witness.password });
  seer.on("message", (topic, payload, { retain }) => {
    if (!retain) heard.push({ topic, text: payload.toString("latin1") });
  });
  await seer.subscribeAsync("wattle/1/#", { qos: 1 });

  for (let node = 0; node <= GUEST; node++) login(idOf(node));
  const { password } = login("outsider-porch");
  login("operator-ann");
  gateway.look();
  await ok("authority", "issue", "--gateway", gateway.gatewayKey, "--area", "a", ...OUT);
  const porch = await porchBroker(at(), main.gateway, "a", password);
  const ca = readFileSync(at("tls", "ca.pem"));
  const nodes = setups(gateway.gatewayKey, JSON.parse(made).anchorKey);
  const stores = nodes.map(() => memoryStore());
  const fleet = await startFleet({
    ...{ engine: v8Engine(), setups: nodes, world, worldStartMs: WORLD_START_MS },
    ...{ mqttUrl: `mqtts://127.0.0.1:${main.nodes}`, ca: ca.toString() },
    storeFor: (index) => stores[index],
    passwordOf: (id) => login(id).password,
  });
  after(() => fleet.close());
  return { gateway, main, ca, fleet, heard, logged, porch };
}

/** A client at `port`, with TLS where there is an authority; rejects with the broker's refusal. */
function client(port: number, options: IClientOptions): Promise<MqttClient> {
  const scheme = options.ca ? "mqtts" : "mqtt";
  const made = connect(`${scheme}://127.0.0.1:${port}`, { reconnectPeriod: 0, ...options });
  after(() => void made.end(true));
  return new Promise((resolve, reject) => {
    made.once("connect", () => resolve(made));
    made.on("error", (error) => {
      made.end(true);
      reject(error);
    });
    made.once("close", () => reject(new Error("closed")));
  });
}

const FILTERS = [
  ...["#", "+/+/+/#", "wattle/1/#", "wattle/1/a/#", "wattle/1/+/public/#", "$SYS/#", "$CONTROL/#"],
  ...["node/#", "node/+/#", "node/+/state", "node/+/down/+", "node/+/up/+", "node/OWN/#"],
  ...["node/OWN/+/+", "node/OWN/down/+", "node/OWN/down/#", "node/OWN/down/receipt"],
  ...["node/OWN/up/+", "node/OWN/state", "node/OTHER/down/+", "node/OTHER/down/account"],
  ...["node/OTHER/state", "dag/#", "dag", "dag/tx", "+/tx", "market/+", "chain/head", "epoch"],
  ...["epoch/#", "update/+", "trust/#", "trust/+", "public/#", "public/block", "monitor/#"],
  ...["monitor/gateway", "monitor/+", "monitor"],
];
const TOPICS = [
  ...["node/OWN/up/enrol", "node/OWN/up/certificate", "node/OWN/up/reading", "node/OWN/up/a/b"],
  ...["node/OWN/up/tx", "node/OWN/state", "node/OWN/state/x", "node/OWN/down/config", "node/OWN"],
  ...["node/OTHER/up/enrol", "node/OTHER/up/reading", "node/OTHER/state", "node/OTHER/down/config"],
  ...[
    "node/OTHER/down/account",
    "epoch",
    "dag/tx",
    "market/clearing",
    "chain/head",
    "public/block",
  ],
  ...["trust/gateway", "monitor/gateway", "update/x", "x"],
];

/** What `one` may do at the broker, against what the embedded broker would let it. */
async function compare(street: Street, one: MqttClient, who: Identity, standing: Standing) {
  const other = idOf(0);
  const acl = areaAcl("a", () => standing);
  const here = (text: string) => {
    const full = text.replace("OWN", who.client).replace("OTHER", other);
    return /^[#+$w]/.test(full) && !full.startsWith("+/tx") ? full : `wattle/1/a/${full}`;
  };
  for (const filter of FILTERS.map(here)) {
    const granted = await one.subscribeAsync(filter, { qos: 1 }).then(
      ([{ qos }]) => qos < 3,
      () => false,
    );
    assert.equal(granted, acl.subscribe(who, filter) === undefined, `${standing} ${filter}`);
    await one.unsubscribeAsync(filter);
  }
  const mark = `${who.client} as ${standing}`;
  for (const topic of TOPICS.map(here)) await one.publishAsync(topic, mark, { qos: 1 });
  const allowed = TOPICS.map(here).filter((topic) => acl.publish(who, topic, false) === undefined);
  const mine = () => street.heard.filter(({ text }) => text === mark).map(({ topic }) => topic);
  if (allowed.length > 0) await settled(() => mine().length >= allowed.length, `${mark} is heard`);
  assert.deepEqual(mine().sort(), allowed.sort());
}

test("Mosquitto keeps the rules of the embedded broker", { timeout: 180_000 }, async (t) => {
  const absent = missing();
  if (absent && onCi()) throw new Error(absent);
  if (absent) return t.skip(absent);
  const street = await begin();
  await enrolled(street);
  await asMember(street);
  await asOthers(street);
  await atThePorch(street);
  await revoked(street, t);
  noFaults(street);
  await lostAccounts(street);
});

/** Nothing that a gateway warns of. */
function noFaults({ logged }: Street): void {
  const faults = /FATAL|dynamic-security-|logins-folder|mqtt-/;
  const usual = ["mqtt-connected", "mqtt-disconnected"]; // it cuts itself off for its own role
  const said = logged.filter(({ event }) => faults.test(event) && !usual.includes(event));
  assert.deepEqual(said, []);
}

/** A guest can ask; certified it is a member, and trades. */
async function enrolled({ gateway, fleet }: Street): Promise<void> {
  const { area } = gateway.gateway;
  const requests = () => readdirSync(at("identity", "requests"));
  gateway.look();
  await settled(() => requests().length === 3, "all ask, as guests");
  assert.equal(area.sessions.size, 0);
  await ok("enrol", "approve", "--all");
  gateway.look();
  await settled(() => area.sessions.size === 3, "all are members");
  await settled(() => area.tradedWh >= 3 * 800, "they trade");
  assert.ok([0, 1, 2].every((index) => fleet.connected(index)));
  area.chain.state.assertConserved();
}

async function asMember(street: Street): Promise<void> {
  const { fleet, main, ca } = street;
  await fleet.stop(MALLORY);
  const { username, password } = login(idOf(MALLORY));
  // Its own name is what counts: it does not get another's connection.
  const one = await client(main.nodes, { ca, username, password, clientId: idOf(0) });
  await compare(street, one, { client: username, class: "node" }, "member");
  assert.ok(fleet.connected(0));
  one.end(true);
}

async function asOthers(street: Street): Promise<void> {
  const { main, ca, gateway, fleet } = street;
  const guest = login(idOf(GUEST));
  const one = await client(main.nodes, { ca, ...guest });
  await compare(street, one, { client: guest.username, class: "node" }, "guest");
  const heard: string[] = [];
  one.on("message", (topic) => void heard.push(topic));
  const prefix = "wattle/1/a";
  for (const what of ["market/#", "dag/#", "chain/#", "public/#", "trust/#"])
    await one.subscribeAsync(`${prefix}/${what}`, { qos: 1 });
  const { settledSlots } = gateway.gateway.area;
  await settled(() => gateway.gateway.area.settledSlots > settledSlots + 2, "the area goes on");
  await settled(() => heard.includes(`${prefix}/public/block`), "what is public");
  const secret = heard.filter((topic) => !/^wattle\/1\/a\/(public|trust)\//.test(topic));
  assert.deepEqual(secret, [], "a guest hears nothing else");
  const ann = await client(main.nodes, { ca, ...login("operator-ann") });
  await compare(street, ann, { client: "operator-ann", class: "operator" }, "member");

  const refused = (options: IClientOptions) =>
    assert.rejects(client(main.nodes, { ca, ...options }), /Not authorized/);
  await refused({ clientId: idOf(0) });
  await refused({ clientId: idOf(0), username: idOf(0) });
  await refused({ username: idOf(0), password: login(idOf(1)).password });
  await refused({ username: "monitor-x", password: "x" });
  const renewed = login(idOf(GUEST), true);
  assert.notEqual(renewed.password, guest.password);
  const closed = new Promise<void>((resolve) => one.once("close", () => resolve()));
  gateway.look();
  await closed;
  await refused(guest);
  await client(main.nodes, { ca, ...renewed });
  rmSync(at("logins", idOf(GUEST)));
  gateway.look();
  await settled(() => fleet.connected(1), "the others stay");
}

/** An outsider reads what is public, and says nothing. */
async function atThePorch(street: Street): Promise<void> {
  const { porch, gateway, fleet } = street;
  await porch.broker.start();
  after(() => porch.broker.stop());
  const one = await client(porch.port, { clientId: idOf(0) });
  const heard = new Set<string>();
  one.on("message", (topic) => void heard.add(topic));
  await one.subscribeAsync("#", { qos: 1 }).catch(() => {});
  await one.subscribeAsync("wattle/1/a/#", { qos: 1 }).catch(() => {});
  for (const open of ["public/#", "trust/#", "monitor/gateway"])
    await one.subscribeAsync(`wattle/1/a/${open}`, { qos: 1 });
  const { settledSlots } = gateway.gateway.area;
  const wanted = ["public/block", "trust/authority", "trust/gateway", "monitor/gateway"];
  await settled(() => wanted.every((what) => heard.has(`wattle/1/a/${what}`)), "what is public");
  await settled(() => gateway.gateway.area.settledSlots > settledSlots + 1, "and a slot");
  const open = /^wattle\/1\/a\/(public\/|trust\/|monitor\/gateway$)/;
  assert.deepEqual(
    [...heard].filter((topic) => !open.test(topic)),
    [],
  );
  for (const what of ["public/block", "trust/gateway", "epoch", `node/${idOf(0)}/up/enrol`])
    await one.publishAsync(`wattle/1/a/${what}`, "of an outsider", { qos: 1 });
  const before = street.heard.length;
  await settled(() => street.heard.length > before + 20, "others are heard");
  assert.ok(!street.heard.some(({ text }) => text === "of an outsider"));
  assert.ok(fleet.connected(0), "a borrowed name takes nobody's place");
}

/** Out at once, and in again as what it is now. */
async function revoked(street: Street, t: TestContext): Promise<void> {
  const { gateway, main, ca } = street;
  const { username, password } = login(idOf(MALLORY));
  const one = await client(main.nodes, { ca, username, password });
  let closedMs = 0;
  one.once("close", () => void (closedMs = performance.now()));
  await ok("authority", "revoke", username, "--reason", "misbehaved", ...OUT);
  const beganMs = performance.now();
  gateway.look();
  await settled(() => closedMs > 0, "it is disconnected");
  const tookMs = closedMs - beganMs;
  t.diagnostic(`revoked and disconnected in ${Math.round(tookMs)} ms`);
  // Half a second between two looks, and a busy machine; a slot is of 900 s.
  assert.ok(tookMs < 5000, `${tookMs} ms`);
  const again = await client(main.nodes, { ca, username, password });
  await compare(street, again, { client: username, class: "node" }, "barred");
  again.end(true);
}

/** The broker comes back without its file: the gateway makes all of it again. */
async function lostAccounts({ main, gateway, fleet }: Street): Promise<void> {
  const { area } = gateway.gateway;
  await main.broker.stop();
  await settled(() => !fleet.connected(0), "the connection is lost");
  main.reset();
  await main.broker.start();
  await settled(() => fleet.connected(0) && fleet.connected(1), "both are back");
  const { tradedWh } = area;
  await settled(() => area.tradedWh > tradedWh + 800, "and trade");
}
