// SPDX-License-Identifier: Apache-2.0
/** The node application on XS: the same bytes as on V8 for the same input, and failures that stay alone. */
import assert from "node:assert/strict";
import { after, type TestContext, test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { chipSample } from "#host-sim/fleet/chip";
import { countingStore, memoryStore, PowerCut } from "#host-sim/fleet/store";
import type { NodeEngine, NodeHost, NodeIo, NodeSetup } from "#host-sim/fleet/types";
import { v8Engine } from "#host-sim/fleet/v8-engine";
import { xsApp } from "#host-sim/fleet/xs-app";
import { type XsEngineOptions, xsEngine } from "#host-sim/fleet/xs-engine";
import type { KeyValueStore } from "#meter/ports";
import { sodiumCrypto } from "#node/crypto/sodium";
import { NET, ScriptedGateway, SLOT_MS, START_MS } from "./scripted-gateway.ts";
import { xsOrSkip } from "./xs-or-skip.ts";

const crypto = sodiumCrypto();
const engines: NodeEngine[] = [v8Engine()];
after(() => Promise.all(engines.map((engine) => engine.close())));

async function startXs(
  t: TestContext,
  options: XsEngineOptions = {},
): Promise<NodeEngine | undefined> {
  if (!(await xsOrSkip(t, options.bits === 32 ? { bits: 32 } : {}))) return undefined;
  const engine = await xsEngine(options);
  engines.push(engine);
  return engine;
}

function setupOf(name: string): NodeSetup {
  const secretKey = crypto.sha256(Buffer.from(name));
  const gatewayKey = new ScriptedGateway(crypto, secretKey).publicKey;
  const policy = { trade: true };
  const config = {
    net: NET,
    area: "a",
    name,
    secretKey,
    gatewayKey,
    capacityWh: 5000,
    wallets: 2,
    policy,
  };
  return { config, home: 0, seed: 42 };
}

/**
 * Imports in slot 0, exports in slot 1, imports a little in slot 3 and jumps in slot 4; the counters do not begin
 * at 0.
 */
function chipAt(atMs: number) {
  const slots = Math.max(0, Math.floor((atMs - START_MS) / SLOT_MS));
  const imported = (slots > 0 ? 500_123n : 0n) + (slots > 3 ? 3_001n : 0n);
  const exported = (slots > 1 ? 700_456n : 0n) + (slots > 4 ? 10n ** 12n : 0n);
  return chipSample(atMs, { importMwh: 9_000_000_000_000n + imported, exportMwh: 77n + exported });
}

/** Everything that a node asks of its surroundings, as lines to compare. */
interface Heard {
  lines: string[];
  failed: string[];
  causes: unknown[];
}

async function startNode(
  engine: NodeEngine,
  setup: NodeSetup,
  store: KeyValueStore,
  gateway: ScriptedGateway,
): Promise<{ host: NodeHost; heard: Heard }> {
  const heard: Heard = { lines: [], failed: [], causes: [] };
  const { lines } = heard;
  let nowMs = 1_000_000;
  const io: NodeIo = {
    publish(topic, payload, retain) {
      assert.equal(payload.constructor, Uint8Array);
      lines.push(`publish ${topic} ${retain} ${toHex(payload)}`);
      gateway.hear({ topic, payload });
    },
    sample: chipAt,
    store,
    uptimeMs: () => (nowMs += 7),
    utcMs: () => (nowMs += 7),
    wakeAfter: (delayMs) => lines.push(`wake ${delayMs}`),
    log: (level, event, facts) => lines.push(`log ${level} ${event} ${JSON.stringify(facts)}`),
    failed(reason, cause) {
      heard.failed.push(reason);
      heard.causes.push(cause);
    },
  };
  const host = await engine.start(setup, io);
  lines.push(JSON.stringify([host.id, host.subscriptions, host.will]));
  return { host, heard };
}

/** Two slots with a contract each, receipts, repeats, garbage, a lie of the gateway and a lost connection. */
async function play(host: NodeHost, gateway: ScriptedGateway): Promise<void> {
  const send = async (...messages: { topic: string; payload: Uint8Array }[]) => {
    for (const { topic, payload } of messages) await host.message(topic, payload);
  };
  await host.connected();
  await send(gateway.config(), gateway.account(), gateway.caps(0), gateway.notice(0));
  await send(gateway.notice(0), gateway.receipt(), ...gateway.market(0));
  await host.timer();
  await send(gateway.receipt(), { topic: "wattle/1/a/epoch", payload: new Uint8Array([0x82, 1]) });
  await host.disconnected();
  await send(gateway.caps(1), gateway.notice(1));
  await host.connected();
  await send(gateway.config());
  const [clearing, contract] = gateway.market(1);
  const [, wrong] = gateway.market(1, true);
  await send(contract, clearing, wrong, {
    topic: "wattle/1/a/market/ünknown",
    payload: wrong.payload,
  });
  await send(gateway.receipt(), gateway.caps(2), gateway.notice(2), gateway.receipt());
}

function contentsOf(store: { entries: ReadonlyMap<string, Uint8Array> }): Record<string, string> {
  const keys = [...store.entries.keys()].sort();
  return Object.fromEntries(keys.map((key) => [key, toHex(store.entries.get(key)!)]));
}

async function conversation(engine: NodeEngine) {
  const store = memoryStore();
  const setup = setupOf("home");
  const gateway = new ScriptedGateway(crypto, setup.config.secretKey);
  const first = await startNode(engine, setup, store, gateway);
  await play(first.host, gateway);
  const stats = await first.host.stats();
  await first.host.close();
  // Power comes back: the second start finds what the first one left.
  const second = await startNode(engine, { ...setup, boots: 1 }, store, gateway);
  await second.host.connected();
  for (const message of [gateway.config, () => gateway.caps(3), () => gateway.notice(3)]) {
    const { topic, payload } = message.call(gateway);
    await second.host.message(topic, payload);
  }
  await second.host.message(gateway.notice(4).topic, gateway.notice(4).payload);
  await second.host.timer();
  await second.host.close();
  const lines = [...first.heard.lines, ...second.heard.lines];
  const failed = [...first.heard.failed, ...second.heard.failed];
  return { lines, failed, contents: contentsOf(store), heard: gateway.heard, stats };
}

const VARIANTS: XsEngineOptions[] = [{}, { preload: false }, { crypto: "noble" }, { bits: 32 }];

for (const options of VARIANTS)
  test(`XS and V8 say and store the same bytes: ${JSON.stringify(options)}`, async (t) => {
    const xs = await startXs(t, options);
    if (!xs) return;
    const onV8 = await conversation(engines[0]);
    assert.deepEqual(onV8.failed, []);
    // Two slots of reading, RESERVE, order, and SOLD or BOUGHT were said: the script did what it says.
    assert.ok(onV8.heard >= 12, `${onV8.heard} messages`);
    assert.ok(onV8.lines.some((line) => line.includes("CONTRACT_TERMS")));
    // Energy counted while it was off, and a jump.
    assert.equal(onV8.lines.filter((line) => line.includes("/up/event")).length, 2);
    const onXs = await conversation(xs);
    assert.deepEqual(onXs.failed, []);
    assert.deepEqual(onXs.lines, onV8.lines);
    assert.deepEqual(onXs.contents, onV8.contents);
    assert.ok(onXs.stats!.meter > 0, JSON.stringify(onXs.stats));
    // Collector thrash is the way in which too little memory shows before it fails.
    if (options.crypto !== "noble")
      assert.ok(onXs.stats!.collections < 200, String(onXs.stats!.collections));
  });

/** With one gateway, with another, and with the first again, on one store; the power is cut on the way. */
async function roaming(engine: NodeEngine) {
  const flash = memoryStore();
  const setup = setupOf("roams");
  const { secretKey } = setup.config;
  const gateways = [0x67, 0x68].map((name) => new ScriptedGateway(crypto, secretKey, name));
  const lines: string[] = [];
  const stay = async (at: number, boots: number, cutAt = 0) => {
    const gateway = gateways[at];
    const config = { ...setup.config, gatewayKey: gateway.publicKey };
    const store = countingStore(flash, (n, moment) => {
      if (n === cutAt && moment === "during") throw new PowerCut(`write ${n}`);
    });
    const { host, heard } = await startNode(engine, { ...setup, config, boots }, store, gateway);
    await host.connected();
    const slot = 2 * boots;
    for (const { topic, payload } of [
      gateway.account(),
      gateway.config(),
      gateway.caps(slot),
      gateway.notice(slot),
      gateway.notice(slot + 1),
      gateway.receipt(),
    ])
      await host.message(topic, payload);
    await host.close();
    lines.push(...heard.lines);
    return heard.failed;
  };
  const failed = [...(await stay(0, 0)), ...(await stay(1, 1, 2)), ...(await stay(1, 2))];
  failed.push(...(await stay(0, 3)));
  return { lines, failed, contents: contentsOf(flash), gateways };
}

for (const options of [{}, { bits: 32 }] satisfies XsEngineOptions[])
  test(`XS and V8 go to another gateway and back in the same bytes: ${JSON.stringify(options)}`, async (t) => {
    const xs = await startXs(t, options);
    if (!xs) return;
    const onV8 = await roaming(engines[0]);
    assert.equal(onV8.failed.length, 1, "the cut");
    const arrivals = onV8.lines.filter((line) => /^publish .*arrival /.test(line));
    assert.ok(arrivals.length >= 2, `${arrivals.length} arrivals`);
    const heard = onV8.gateways.map((gateway) => gateway.heard);
    assert.ok(heard[0] > heard[1] && heard[1] > 0, heard.join());
    assert.equal(
      onV8.lines.filter((line) => /"RECEIPT_DIGEST|GATEWAY_BEHIND/.test(line)).length,
      0,
    );
    const onXs = await roaming(xs);
    assert.deepEqual(onXs.lines, onV8.lines);
    assert.deepEqual(onXs.contents, onV8.contents);
  });

test("a power cut at any write leaves XS and V8 with the same store and the same next start", async (t) => {
  const xs = await startXs(t);
  if (!xs) return;
  const after = async (engine: NodeEngine, cutAt: number, moment: string) => {
    const flash = memoryStore();
    const setup = setupOf("cut");
    const gateway = new ScriptedGateway(crypto, setup.config.secretKey);
    const store = countingStore(flash, (n, at) => {
      if (n === cutAt && at === moment) throw new PowerCut(`write ${n}, ${at}`);
    });
    const { host, heard } = await startNode(engine, setup, store, gateway);
    await host.connected();
    for (const { topic, payload } of [
      gateway.config(),
      gateway.account(),
      gateway.caps(0),
      gateway.notice(0),
    ])
      await host.message(topic, payload);
    assert.equal(heard.failed.length, 1);
    assert.ok(heard.causes[0] instanceof PowerCut, heard.failed[0]);
    const said = heard.lines.length;
    await host.timer();
    assert.equal(heard.lines.length, said, "a dead node says nothing");
    await host.close();
    const again = await startNode(engine, { ...setup, boots: 1 }, flash, gateway);
    await again.host.connected();
    await again.host.close();
    return { lines: [...heard.lines, ...again.heard.lines], contents: contentsOf(flash) };
  };
  for (const cutAt of [2, 4])
    for (const moment of ["before", "during", "after"])
      assert.deepEqual(await after(xs, cutAt, moment), await after(engines[0], cutAt, moment));
});

test("a failure that only XS shows ends one node, and the others go on", async (t) => {
  const app = await xsApp("native", true);
  const main = app.modules.find(({ name }) => name === "main")!;
  // Newer than XS 13.3, so that it throws there and works on V8; planted in the second node.
  const planted =
    "if (host.nodeIndex === 1) { const inner = host.onEvent; " +
    "host.onEvent = (kind, data) => { if (kind === 4) [2, 1].toSorted(); inner(kind, data); }; }";
  const modules = [
    ...app.modules.filter((m) => m !== main),
    { ...main, source: main.source + planted },
  ];
  const xs = await startXs(t, { app: { ...app, modules } });
  if (!xs) return;
  const nodes = [];
  for (const name of ["one", "two", "three"]) {
    const setup = setupOf(name);
    const gateway = new ScriptedGateway(crypto, setup.config.secretKey);
    nodes.push({ gateway, ...(await startNode(xs, setup, memoryStore(), gateway)) });
  }
  for (const { host } of nodes) await host.connected();
  for (const { host } of nodes) await host.timer();
  for (const { host, gateway } of nodes) await play(host, gateway).catch(() => {});
  assert.deepEqual(
    nodes.map(({ heard }) => heard.failed.length),
    [0, 1, 0],
  );
  assert.match(nodes[1].heard.failed[0], /TypeError/);
  assert.ok(nodes[0].gateway.heard >= 12 && nodes[2].gateway.heard >= 12);
  assert.equal(nodes[1].gateway.heard, 0);
});
