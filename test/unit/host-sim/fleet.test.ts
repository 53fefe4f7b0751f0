// SPDX-License-Identifier: Apache-2.0
/**
 * A fleet over a real broker: births, last wills, restarts from the store, a broker that goes and
 * comes back.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Fleet, startFleet } from "#host-sim/fleet/fleet";
import { countingStore, fileStores, memoryStore, PowerCut } from "#host-sim/fleet/store";
import type { NodeSetup } from "#host-sim/fleet/types";
import { v8Engine } from "#host-sim/fleet/v8-engine";
import { syntheticWorld } from "#host-sim/worlds/synthetic";
import type { KeyValueStore } from "#meter/ports";
import { areaAcl } from "#node/broker/acl";
import { startBroker } from "#node/broker/embedded";
import { sodiumCrypto } from "#node/crypto/sodium";
import { until } from "../node/mqtt-tools.ts";

const crypto = sodiumCrypto();
const world = syntheticWorld({ homes: 3, days: 1, seed: 1 });
const setups: NodeSetup[] = world.homes.map(({ name, capacityWh }, home) => {
  const secretKey = crypto.sha256(Buffer.from(name));
  const gatewayKey = crypto.publicKey(new Uint8Array(32).fill(7));
  const policy = { trade: true };
  const config = {
    net: "n",
    area: "a",
    name,
    secretKey,
    gatewayKey,
    capacityWh,
    wallets: 1,
    policy,
  };
  return { config, home, seed: home };
});

const open: { close(): Promise<void> }[] = [];
after(async () => {
  for (const { close } of open.reverse()) await close().catch(() => {});
});

async function brokerOn(port: number) {
  const broker = await startBroker({ host: "127.0.0.1", port, acl: areaAcl("a") });
  open.push(broker);
  const states = new Map<string, { state: string; boot: number }>();
  const enrolled: string[] = [];
  broker.subscribe("wattle/1/a/node/+/state", (topic, payload) => {
    const { state, boot, writes } = JSON.parse(Buffer.from(payload).toString());
    assert.equal(writes, state === "online" ? boot : undefined, "each start writes once");
    states.set(topic.split("/")[4], { state, boot });
  });
  broker.subscribe(
    "wattle/1/a/node/+/up/enrol",
    (topic) => void enrolled.push(topic.split("/")[4]),
  );
  return { broker, states, enrolled };
}

async function fleetOn(
  port: number,
  storeFor: (index: number) => KeyValueStore,
  failed: unknown[] = [],
) {
  const fleet = await startFleet({
    engine: v8Engine(),
    setups,
    world,
    worldStartMs: world.startMs,
    mqttUrl: `mqtt://127.0.0.1:${port}`,
    storeFor,
    onFailed: (index, reason, cause) => void failed.push({ index, reason, cause }),
  });
  open.push(fleet);
  return fleet;
}

const allConnected = (fleet: Fleet) => setups.every((_, index) => fleet.connected(index));

test("births, a power cut with its last will, a restart from the store, a clean end", async () => {
  const { broker, states, enrolled } = await brokerOn(0);
  const stores = setups.map(() => memoryStore());
  const fleet = await fleetOn(broker.port, (index) => stores[index]);
  await until(() => enrolled.length === 3 && states.size === 3, "three births");
  const [first, second] = fleet.ids;
  assert.deepEqual(states.get(first), { state: "online", boot: 1 });

  await fleet.stop(0);
  await until(() => states.get(first)?.state === "offline", "the last will");
  assert.equal(fleet.connected(0), false);
  assert.equal(states.get(second)?.state, "online");
  await fleet.restart(0);
  await until(
    () => states.get(first)?.boot === 2 && states.get(first)?.state === "online",
    "birth 2",
  );

  const summary = await fleet.summary();
  assert.deepEqual(
    [
      summary.engine,
      summary.nodes,
      summary.running,
      summary.connected,
      summary.starts,
      summary.failed,
    ],
    ["v8", 3, 3, 3, 4, []],
  );
  await fleet.close();
  await until(() => [...states.values()].every(({ state }) => state === "offline"), "goodbyes");
});

test("a broker that goes and comes back is found again, and nothing is queued for it", async () => {
  const first = await brokerOn(0);
  const { port } = first.broker;
  const fleet = await fleetOn(port, () => memoryStore());
  await until(() => first.enrolled.length === 3, "three births");
  await first.broker.close();
  await until(() => !setups.some((_, index) => fleet.connected(index)), "the loss");
  const second = await brokerOn(port);
  await until(() => allConnected(fleet) && second.enrolled.length === 3, "all back", 8000);
  // One birth each, of this connection: nothing of the old one was sent again.
  assert.equal(new Set(second.enrolled).size, 3);
  await fleet.close();
});

test("without a broker a fleet starts, and finds it when it comes", async () => {
  const probe = await brokerOn(0);
  const { port } = probe.broker;
  await probe.broker.close();
  const fleet = await fleetOn(port, () => memoryStore());
  assert.equal(allConnected(fleet), false);
  const { enrolled } = await brokerOn(port);
  await until(() => enrolled.length === 3, "three births", 8000);
  await fleet.close();
});

test("a store that loses power ends its node only, with the PowerCut as cause", async () => {
  const { broker, enrolled } = await brokerOn(0);
  const flash = memoryStore();
  const failed: { index: number; cause: unknown }[] = [];
  let cut = true;
  const hook = (n: number, moment: string) => {
    if (cut && n === 1 && moment === "during") throw new PowerCut("write 1");
  };
  const storeFor = (index: number) => (index === 1 ? countingStore(flash, hook) : memoryStore());
  const fleet = await fleetOn(broker.port, storeFor, failed);
  await until(() => enrolled.length === 2, "two births");
  assert.equal(failed.length, 1);
  assert.equal(failed[0].index, 1);
  assert.ok(failed[0].cause instanceof PowerCut);
  assert.equal((await fleet.summary()).failed[0].name, setups[1].config.name);
  cut = false;
  await fleet.restart(1);
  await until(() => enrolled.length === 3, "the third birth");
  assert.deepEqual((await fleet.summary()).failed, []);
  await fleet.close();
});

test("a file of stores keeps each node's values apart, and over a reopening", () => {
  const dir = mkdtempSync(join(tmpdir(), "wattle-fleet-"));
  try {
    const path = join(dir, "fleet.db");
    const stores = fileStores(path);
    const [a, b] = [stores.of("a"), stores.of("b")];
    a.set("o1", new Uint8Array([1, 2]));
    a.set("o2", new Uint8Array(0));
    a.set("s%", new Uint8Array([3]));
    b.set("o1", new Uint8Array([9]));
    a.delete("o2");
    stores.close();
    const again = fileStores(path);
    assert.deepEqual(again.of("a").get("o1"), new Uint8Array([1, 2]));
    assert.deepEqual(again.of("b").get("o1"), new Uint8Array([9]));
    assert.equal(again.of("a").get("o2"), undefined);
    assert.deepEqual(again.of("a").keys("o"), ["o1"]);
    assert.deepEqual(again.of("a").keys("").sort(), ["o1", "s%"]);
    again.close();
  } finally {
    rmSync(dir, { recursive: true });
  }
});
