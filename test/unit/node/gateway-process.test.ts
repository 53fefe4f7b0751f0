// SPDX-License-Identifier: Apache-2.0
/**
 * The gateway as a process: trade over real MQTT, restart, refusals, and kill -9 at every stage.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gatewayConfig } from "#node/config/gateway-config";
import { type GatewayHooks, startGatewayProcess } from "#node/gateway-process";
import { explainFailure, type Failure } from "#node/process/failure";
import { KILL_STAGES, killPoints } from "#node/process/kill-points";
import type { SlotFacts } from "#node/process/slot-facts";
import { openSealedStore } from "#node/store/sealed";
import { gatewayJson, type Meter, meterPair, TRADABLE_WH } from "./meter-pair.ts";
import { connectOperator, until } from "./mqtt-tools.ts";

const dir = mkdtempSync(join(tmpdir(), "wattle-gateway-"));
after(() => rmSync(dir, { recursive: true, force: true }));
let runs = 0;

/** A configuration with its own store and key, for the world of meter-pair.ts. */
function configFor(changes: Record<string, unknown> = {}) {
  return { ...gatewayJson(String(++runs)), ...changes };
}

type Json = ReturnType<typeof configFor>;
const start = (json: Json, hooks: GatewayHooks = {}) =>
  startGatewayProcess(gatewayConfig(json, { file: "test.json", dir }), hooks);

/** Starts a gateway and both meters; resolves when all slots are settled. */
async function trade(json: Json, hooks: GatewayHooks = {}) {
  const finished = Promise.withResolvers<void>();
  const slots: SlotFacts[] = [];
  const running = await start(json, {
    ...hooks,
    onSlot: (slot) => slots.push(slot),
    onFinished: () => finished.resolve(),
    onFatal: ({ message }) => finished.reject(new Error(message)),
  });
  const meters = meterPair(running.gatewayKey, json.area);
  for (const meter of meters) await meter.connect(running.port);
  const late = setTimeout(() => {
    const said = meters.flatMap((meter) => meter.said).join("\n");
    finished.reject(new Error(`not finished\n${said}`));
  }, 15_000);
  await finished.promise;
  clearTimeout(late);
  return { running, meters, slots };
}

function finalState(json: Json) {
  const store = openSealedStore(join(dir, json.store));
  const entries = [...store.read()];
  store.close();
  return entries;
}

test("two meters trade three slots over MQTT; the store gives the same state again", async () => {
  const json = configFor();
  const { running, meters, slots } = await trade(json, { metricsPort: 0 });
  const { area } = running.gateway;
  assert.equal(area.settledSlots, 3);
  assert.equal(area.tradedWh, TRADABLE_WH);
  assert.deepEqual(area.missedSlots, []);
  assert.equal(area.counters.rejectedTxs, 0);
  assert.deepEqual(Object.fromEntries(area.counters.byCode), {});
  const waiting = () => meters.every((m) => m.node.state.receiptedSeq === m.node.state.saidSeq);
  await until(waiting, "every message receipted");
  assert.deepEqual(
    slots.map((slot) => slot.slot),
    [0, 1, 2],
  );
  assert.deepEqual(
    slots.map((slot) => slot.tradedWh),
    [800, 500, 200],
  );
  assert.deepEqual(
    meters.flatMap((meter) => meter.said),
    [],
  );

  const response = await fetch(`http://127.0.0.1:${running.metricsPort}/metrics`);
  const metrics = await response.text();
  assert.match(metrics, /^wattle_slots_settled_total 3$/m);
  assert.match(metrics, /^wattle_traded_watt_hours_total 1500$/m);
  assert.match(metrics, /^wattle_commit_duration_seconds_count [1-9]/m);
  assert.match(metrics, /^wattle_broker_connections 2$/m);

  const copied = await running.backup(join(dir, "copy.db"));
  for (const meter of meters) meter.cut();
  await running.stop();
  await running.stop();
  const entries = finalState(json);
  assert.equal(copied, entries.length);
  assert.deepEqual(finalState({ ...json, store: "copy.db" }), entries);

  const again = await start(json);
  assert.equal(again.gatewayKey, running.gatewayKey);
  assert.deepEqual(again.gateway.area.chain.head?.id, area.chain.head?.id);
  assert.deepEqual(again.gateway.area.chain.state.sums(), area.chain.state.sums());
  assert.equal(again.gateway.area.tradedWh, TRADABLE_WH);
  await again.stop();
});

test("a restart in the middle changes no total", async () => {
  const json = configFor();
  const first = await start(json);
  const meters = meterPair(first.gatewayKey, json.area);
  for (const meter of meters) await meter.connect(first.port);
  await until(() => first.gateway.area.settledSlots >= 1, "the first slot");
  await first.stop();
  for (const meter of meters) meter.cut();
  const done = Promise.withResolvers<void>();
  const second = await start(json, { onFinished: () => done.resolve() });
  for (const meter of meters) await meter.connect(second.port);
  if (!second.gateway.area.finished) await done.promise;
  assert.equal(second.gateway.area.settledSlots, 3);
  assert.equal(second.gateway.area.tradedWh, TRADABLE_WH);
  for (const meter of meters) meter.cut();
  await second.stop();
});

test("a monitor sees the gateway come and say goodbye", async () => {
  const json = configFor();
  const running = await start(json);
  const client = await connectOperator(running, join(dir, "operator.key"));
  const states: string[] = [];
  client.on("message", (topic, payload) => {
    if (topic.endsWith("/gateway")) states.push(JSON.parse(payload.toString()).state);
  });
  await client.subscribeAsync("wattle/1/a/monitor/#", { qos: 1 });
  await until(() => states.length === 1, "birth");
  await running.stop();
  await until(() => states.length === 2, "goodbye");
  assert.deepEqual(states, ["online", "offline"]);
  client.end(true);
});

test("a store of another configuration is refused with the key and both values", async () => {
  const json = configFor();
  await (await start(json)).stop();
  const store = join(dir, json.store);
  const cases: [Record<string, unknown>, string][] = [
    [{ slotSeconds: 1800 }, "slotSeconds 900 s, and the configuration says 1800 s"],
    [{ net: "other" }, "net test, and the configuration says other"],
    [
      { worldStart: "2026-01-02T00:00:00Z" },
      "worldStart 2026-01-01T00:00:00Z, and the configuration says 2026-01-02T00:00:00Z",
    ],
    [{ tickSeconds: 10 }, "tickSeconds 30 s, and the configuration says 10 s"],
    [{ keyFile: "another.key" }, "keyFile public key "],
  ];
  for (const [changes, message] of cases) {
    const error = await start({ ...json, ...changes }).catch((e: unknown) => e);
    const failure = explainFailure(error, store);
    assert.ok(
      failure.message.startsWith(`store ${store} was made with ${message}`),
      failure.message,
    );
    assert.match(failure.message, /Restore \w+ in the configuration, or give a new store$/);
    assert.equal(failure.exitCode, 78);
    assert.equal(failure.code, "STORE_MISMATCH");
  }
  await (await start({ ...json, worldStart: "next-slot" })).stop();
});

test("another tariff than the log's is explained, and nothing stays open", async () => {
  const json = configFor();
  const { running, meters } = await trade(json);
  for (const meter of meters) meter.cut();
  await running.stop();
  const other = { ...json, tariff: { feedInPerKwh: "0.09", retailPerKwh: "0.3" } };
  const failure = explainFailure(await start(other).catch((e: unknown) => e), "x.db");
  assert.match(failure.message, /^store x\.db does not replay .* market or tariff/);
  assert.equal(failure.exitCode, 78);
  await (await start(json)).stop();
});

test("a locked store and a taken port are refused, and nothing stays open", async () => {
  const json = configFor();
  const running = await start(json);
  const locked = explainFailure(await start(json).catch((e: unknown) => e), "");
  assert.equal(locked.code, "STORE_LOCKED");
  assert.equal(locked.exitCode, 70);
  const other = configFor({ listen: { port: running.port } });
  const taken = explainFailure(await start(other).catch((e: unknown) => e), "");
  assert.match(taken.message, /another program listens there/);
  await running.stop();
  const free = await start({ ...other, listen: { port: 0 } });
  await free.stop();
});

test("an error inside the gateway ends it with code 70, and it says no more", async () => {
  const json = configFor();
  const fatal = Promise.withResolvers<Failure>();
  const said: string[] = [];
  const running = await start(json, {
    onFatal: fatal.resolve,
    log: (level, event, facts) => said.push(`${level} ${event} ${facts?.code ?? ""}`),
  });
  running.gateway.area.addMember = () => {
    throw new TypeError("for the test");
  };
  const meters = meterPair(running.gatewayKey, json.area);
  await meters[0].connect(running.port);
  const { code, exitCode, message } = await fatal.promise;
  assert.match(message, /^error for the test: a bug of the gateway\. .* then start it again$/);
  assert.deepEqual([code, exitCode], ["BUG", 70]);
  assert.ok(said.includes("error fatal BUG"), said.join("\n"));
  meters[0].cut();
  await (await start(json)).stop(); // the store was closed
});

test("a key file is made for its owner only, and never where createKey is false", async () => {
  const json = configFor();
  await assert.rejects(start({ ...json, createKey: false } as Json), /Restore the key from its/);
  assert.equal(existsSync(join(dir, json.store)), false);
  await (await start(json)).stop();
  assert.equal(statSync(join(dir, json.keyFile)).mode & 0o777, 0o600);
  writeFileSync(join(dir, json.keyFile), "no key");
  const error = await start(json).catch((e: Error) => e);
  assert.match(String(error), /keyFile: found 6 characters that are no key/);
});

test("WATTLE_KILL_AT names a stage and a number, or is an error", () => {
  killPoints(undefined)("intake");
  for (const bad of ["durable", "durable:0", "nowhere:1", "durable:1:2", ":"])
    assert.throws(
      () => killPoints(bad),
      /^Error: WATTLE_KILL_AT: found ".*"; allowed: <stage>:<n>/,
    );
});

interface Child {
  process: ChildProcess;
  stderr: () => string;
  ready: Promise<{ port: number; gatewayKey: string; pid: number } | undefined>;
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** `wattle gateway` as a process; `ready` is undefined where it ended before. */
function startChild(configFile: string, killAt?: string): Child {
  const readyFile = join(dir, `ready-${++runs}.json`);
  const program = fileURLToPath(new URL("./gateway-child.ts", import.meta.url));
  const child = spawn(process.execPath, [program, configFile, readyFile], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, WATTLE_KILL_AT: killAt ?? "" },
  });
  let stderr = "";
  child.stderr.on("data", (data) => (stderr += data));
  const exited = once(child, "exit").then(([code, signal]) => ({ code, signal }));
  let ended = false;
  exited.then(() => (ended = true));
  const ready = until(() => ended || existsSync(readyFile), "ready file", 15_000).then(() =>
    existsSync(readyFile) ? JSON.parse(readFileSync(readyFile, "utf8")) : undefined,
  );
  return { process: child, stderr: () => stderr, ready, exited };
}

async function reconnect(meters: readonly Meter[], port: number): Promise<void> {
  for (const meter of meters) meter.cut();
  // The gateway may be killed again while they connect; that shows as its exit.
  for (const meter of meters) await meter.connect(port).catch(() => {});
}

/**
 * Each stage in the middle of the trade, and the very first commit. How many batches a trade takes
 * depends on the machine's load, but never less than nine.
 */
const KILLS = ["commit-inside:1", "durable:2", ...KILL_STAGES.map((stage) => `${stage}:7`)];

/** `WATTLE_TEST_KILLS="said:3 said:4"` tries others. */
for (const kill of process.env.WATTLE_TEST_KILLS?.split(" ") ?? KILLS)
  test(`kill -9 at ${kill}, start again: all slots, all energy, no coin lost`, async () => {
    const json = configFor();
    const file = join(dir, `${runs}.json`);
    writeFileSync(file, JSON.stringify(json));
    const killed = startChild(file, kill);
    const before = await killed.ready;
    let meters: Meter[] = [];
    if (before) {
      meters = meterPair(before.gatewayKey, json.area);
      await reconnect(meters, before.port);
    }
    const first = await killed.exited;
    assert.equal(first.signal, "SIGKILL", `${JSON.stringify(first)} ${killed.stderr()}`);
    assert.match(killed.stderr(), new RegExp(`WATTLE_KILL_AT: killed at ${kill}\n$`));

    const second = startChild(file);
    const ready = await second.ready;
    assert.ok(ready, second.stderr());
    if (meters.length === 0) meters = meterPair(ready.gatewayKey, json.area);
    await reconnect(meters, ready.port);
    const end = await second.exited;
    for (const meter of meters) meter.cut();
    assert.equal(end.code, 0, second.stderr());
    assert.deepEqual(
      meters.flatMap((meter) => meter.said),
      [],
    );
    await checkState(json);
  });

/** What the store says after everything: nothing lost, nothing twice. */
async function checkState(json: Json): Promise<void> {
  const running = await start(json);
  const { area } = running.gateway;
  assert.equal(area.settledSlots, 3);
  assert.equal(area.tradedWh, TRADABLE_WH);
  assert.equal(area.counters.rejectedTxs, 0);
  assert.deepEqual(area.missedSlots, []);
  const { totals } = area.chain.state;
  const { walletsMicro, lockedMicro } = area.chain.state.sums();
  assert.equal(totals.genesisMicro, 200_000_000);
  assert.equal(totals.mintedMicro, 0);
  assert.equal(walletsMicro + lockedMicro, totals.genesisMicro);
  await running.stop();
}
