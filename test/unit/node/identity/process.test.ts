// SPDX-License-Identifier: Apache-2.0
/**
 * From nothing to trade and out again: the operator's commands as processes, a gateway with an identity folder,
 * and nodes over MQTT that ask, are certified, trade, and are revoked.
 */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { toHex } from "#core/codec/bytes";
import { startFleet } from "#host-sim/fleet/fleet";
import { memoryStore } from "#host-sim/fleet/store";
import type { NodeSetup } from "#host-sim/fleet/types";
import { v8Engine } from "#host-sim/fleet/v8-engine";
import { claimOf, withEnrolment } from "#host-sim/setup";
import { DEFAULT_POLICY } from "#meter/config";
import { gatewayConfig } from "#node/config/gateway-config";
import { startGatewayProcess } from "#node/gateway-process";
import { worldOf } from "#test/helpers/local-area";
import { crypto, PASSPHRASE, secretOf, tempFolder } from "../authority/tools.ts";
import { until } from "../mqtt-tools.ts";

const at = tempFolder();
const wattle = fileURLToPath(new URL("../../../../bin/wattle.js", import.meta.url));
const PATIENCE_MS = 20_000;
const SLOT_S = 900;
/** Certificates begin an hour ago: the world does too. */
const WORLD_START_MS = Math.floor(Date.now() / 1000 - SLOT_S) * 1000;
/** A seller and a buyer, and more slots than are needed. */
const world = worldOf([-1000, 800].map((netWh) => new Array(4000).fill(netWh)));

interface Said {
  code: number;
  said: string;
  failed: string;
}

/** `wattle …args` in the folder. */
function run(...args: string[]): Promise<Said> {
  const { promise, resolve } = Promise.withResolvers<Said>();
  const env = { ...process.env, WATTLE_PASSPHRASE: PASSPHRASE };
  const child = execFile(
    process.execPath,
    [wattle, ...args],
    { cwd: at(), env },
    (_, said, failed) => resolve({ code: child.exitCode ?? -1, said, failed }),
  );
  return promise;
}

async function ok(...args: string[]): Promise<string> {
  const { code, said, failed } = await run(...args);
  assert.equal(code, 0, failed);
  return said;
}

const OUT = ["--out", "identity"];

function setups(gatewayKey: Uint8Array, anchorKey: Uint8Array): NodeSetup[] {
  return ["seller", "buyer"].map((name, home) => {
    const config = {
      ...{ net: "test", area: "a", name, secretKey: secretOf(home), gatewayKey },
      ...{ capacityWh: 5000, wallets: 2, policy: DEFAULT_POLICY },
    };
    const choices = { authority: anchorKey, meter: "M" };
    return { home, seed: home, config: withEnrolment(crypto, config, SLOT_S, choices, home + 1) };
  });
}

/** A gateway with an authority, and both nodes at its broker; nobody has a certificate yet. */
async function begin() {
  const made = await ok("authority", "init", "--net", "test", "--name", "Street", "--json", ...OUT);
  const anchorKey = Uint8Array.from(Buffer.from(JSON.parse(made).anchorKey, "hex"));
  const json = {
    ...{ net: "test", area: "a", listen: { port: 0 }, identity: { folder: "identity" } },
    ...{ expectNodes: 2, slotSeconds: SLOT_S, worldStart: new Date(WORLD_START_MS).toISOString() },
    // A sale that the revocation cuts off is waited for, and witnesses would be for longer than that.
    ...{ clock: "barrier", slotTimeoutSeconds: 4, proofOfTime: false, log: { level: "silent" } },
  };
  const authorities: unknown[] = [];
  const fatal: string[] = [];
  const gateway = await startGatewayProcess(gatewayConfig(json, { file: "g.json", dir: at() }), {
    log: (_, event, facts) => void (event === "authority" && authorities.push(facts)),
    onFatal: ({ message }) => void fatal.push(message),
  });
  const nodes = setups(Uint8Array.from(Buffer.from(gateway.gatewayKey, "hex")), anchorKey);
  const codes: string[][] = nodes.map(() => []);
  const fleet = await startFleet({
    ...{ engine: v8Engine(), setups: nodes, world, worldStartMs: WORLD_START_MS },
    mqttUrl: `mqtt://127.0.0.1:${gateway.port}`,
    storeFor: storesOf(nodes),
    log: (_, event, facts) => {
      const index = nodes.findIndex(({ config }) => config.name === facts?.node);
      if (event === "not-admitted") codes[index].push(String(facts?.code));
    },
  });
  after(async () => {
    await fleet.close();
    await gateway.stop();
    assert.deepEqual(fatal, []);
    assert.deepEqual(authorities, [{ name: "Street", key: toHex(anchorKey) }]);
  });
  return { gateway, area: gateway.gateway.area, nodes, codes, fleet };
}

const requests = () => readdirSync(at("identity", "requests"));
const settled = (holds: () => boolean, what: string) => until(holds, what, PATIENCE_MS);

test("init, issue, ask, approve, trade, revoke", { timeout: 120_000 }, async () => {
  const { gateway, area, nodes, codes, fleet } = await begin();
  assert.ok(nodes.every((_, index) => fleet.connected(index)));
  assert.deepEqual(requests(), [], "they say nothing before the gateway has a certificate");
  await ok("authority", "issue", "--gateway", gateway.gatewayKey, "--area", "a", ...OUT);
  gateway.look();
  await settled(() => requests().length === 2, "both ask");
  await settled(() => codes.every((said) => said.includes("ENROL_PENDING")), "they are told");
  assert.equal(area.sessions.size, 0);

  await approve(nodes, fleet.ids);
  gateway.look();
  await settled(() => area.sessions.size === 2, "both are members");
  await settled(() => area.tradedWh >= 3 * 800, "they trade");
  assert.equal(area.registry.certificateOf(fleet.ids[0])?.certificate.meter, "M-1");

  await ok("authority", "revoke", fleet.ids[0], "--reason", "misbehaved", ...OUT);
  gateway.look();
  await settled(() => codes[0].at(-1) === "CERT_REVOKED", "it is told at once");
  assert.equal(area.barred(fleet.ids[0]), "CERT_REVOKED");
  const told = codes[0].length;
  await fleet.restart(0);
  await settled(() => codes[0].length > told, "and when it comes again");
  assert.equal(codes[0].at(-1), "CERT_REVOKED");
  const before = area.settledSlots;
  await settled(() => area.settledSlots > before + 2, "the area goes on");
  const { tradedWh, settledSlots } = area;
  await settled(() => area.settledSlots > settledSlots + 2, "and on");
  assert.equal(area.tradedWh, tradedWh, "nobody is left to trade with");
  assert.equal(area.barred(fleet.ids[1]), undefined);
  assert.deepEqual(requests(), [], "a revoked node asks for nothing");
  area.chain.state.assertConserved();
});

/** As the operator does, with the codes that the nodes show. */
async function approve(nodes: readonly NodeSetup[], ids: readonly string[]): Promise<void> {
  const { requests: listed } = JSON.parse(await ok("enrol", "list", "--json"));
  const asked = listed.map((one: Record<string, unknown>) => [
    ...[one.id, one.name, one.meter, one.connectionW],
  ]);
  assert.deepEqual(asked, [
    [ids[1], "buyer", "M-2", 20_000],
    [ids[0], "seller", "M-1", 20_000],
  ]);
  const wrong = await run("enrol", "approve", "seller", "--claim", claimOf(crypto, secretOf(1)));
  assert.deepEqual([wrong.code, wrong.said], [2, ""]);
  assert.match(wrong.failed, /^wattle enrol approve: the claim code is not the one/);
  for (const { config } of nodes)
    await ok("enrol", "approve", config.name, "--claim", config.enrolment!.claim);
  assert.deepEqual(requests(), []);
}

function storesOf(nodes: readonly NodeSetup[]) {
  const stores = nodes.map(() => memoryStore());
  return (index: number) => stores[index];
}

/** The lines that a gateway begins with; then it is stopped. */
async function greetingOf(config: string): Promise<string> {
  const child = spawn(process.execPath, [wattle, "gateway", "--config", config], { cwd: at() });
  let said = "";
  for await (const part of child.stdout) {
    said += part;
    if (said.includes("  grid ") && said.includes("identity")) break;
  }
  child.kill("SIGTERM");
  if (child.exitCode === null) await once(child, "exit");
  return said;
}

test("a gateway says which identity folder it has, and whose certificates count", async () => {
  const json = { net: "test", area: "b", listen: { port: 0 }, log: { level: "silent" } };
  mkdirSync(at("b")); // another gateway's store and keys are beside this
  writeFileSync(at("b/h.json"), JSON.stringify({ ...json, identity: { folder: "of-b" } }));
  assert.match(await greetingOf("b/h.json"), / {2}identity \S*of-b \(no authority yet/);
  const out = ["--key", "b/authority.key", "--out", "b/of-b"];
  const made = await ok("authority", "init", "--net", "test", "--name", "Lane", "--json", ...out);
  const { anchorKey } = JSON.parse(made);
  const expected = new RegExp(` {2}identity \\S*of-b \\(authority Lane, key ${anchorKey}\\)`);
  assert.match(await greetingOf("b/h.json"), expected);
});
