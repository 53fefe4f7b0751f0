// SPDX-License-Identifier: Apache-2.0
/**
 * A whole update of 300 KB over real MQTT: signed and published by the command line, announced by a gateway
 * in a process of its own, cut, killed, resumed, installed; and one that does not stay.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseVersion } from "#core/records/release";
import { makeImage } from "#host-sim/flash/image";
import { keygenCommand, publishCommand, signCommand } from "#node/cli/firmware";
import { sodiumCrypto } from "#node/crypto/sodium";
import { readReleaseKey } from "#node/firmware/release-key";
import { connectClient, until } from "./mqtt-tools.ts";
import { UpdatingMeter } from "./updating-meter.ts";

const crypto = sodiumCrypto();
const dir = mkdtempSync(join(tmpdir(), "wattle-update-"));
const folder = join(dir, "firmware");
mkdirSync(folder);
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(dir, { recursive: true, force: true });
});
const SIZE = 300_000;
const quiet = { say: () => {}, err: () => {} };

/** A gateway that waits for a second node for ever: nothing but the update goes on. */
const CONFIG = {
  net: "test",
  area: "u",
  store: "gateway.db",
  keyFile: "gateway.key",
  listen: { port: 0 },
  expectNodes: 2,
  clock: "barrier",
  firmware: { folder: "firmware" },
  log: { level: "error" },
};

async function startGateway(): Promise<{
  port: number;
  gatewayKey: string;
  kill(): Promise<void>;
}> {
  const file = join(dir, "gateway.json");
  writeFileSync(file, JSON.stringify(CONFIG));
  const readyFile = join(dir, `ready-${children.length}.json`);
  const program = fileURLToPath(new URL("./gateway-child.ts", import.meta.url));
  const child = spawn(process.execPath, [program, file, readyFile], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  children.push(child);
  await until(() => existsSync(readyFile), "a gateway", 15_000);
  const kill = async () => {
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  };
  return { ...JSON.parse(readFileSync(readyFile, "utf8")), kill };
}

function publish(version: string, image: Uint8Array): void {
  const path = join(dir, `meter-${version}.bin`);
  writeFileSync(path, image);
  const key = join(dir, "release.key");
  const options = { key, board: "sim", release: version, chunkBytes: "4096", ...quiet };
  assert.equal(signCommand(path, options), 0);
  assert.equal(publishCommand(path.replace(".bin", ".release"), folder, quiet), 0);
}

test("300 KB over MQTT: a lost connection, a killed gateway, a trial, and what people see", async () => {
  assert.equal(keygenCommand(join(dir, "release.key"), quiet), 0);
  const releaseKey = crypto.publicKey(readReleaseKey(join(dir, "release.key")));
  const factory = makeImage(crypto, parseVersion("1.0.0")!, 50_000, 1);
  const image = makeImage(crypto, parseVersion("1.1.0")!, SIZE, 2);
  publish("1.1.0", image);
  const first = await startGateway();
  const { gatewayKey } = first;
  const setup = { area: "u", gatewayKey, releaseKey, board: "sim", factory, slotSectors: 80 };
  const meter = new UpdatingMeter(setup);
  meter.start();
  await meter.connect(first.port);
  const sectors = () => meter.receivedBytes / 4096;
  await until(() => sectors() > 15, "a part of the image", 20_000);

  meter.cut();
  const beforeCut = sectors();
  assert.ok(beforeCut < SIZE / 4096, "the connection is lost in the middle");
  await meter.connect(first.port);
  await until(() => sectors() > beforeCut + 15, "some more of it", 20_000);

  await first.kill();
  const second = await startGateway();
  meter.cut();
  await meter.connect(second.port);
  await until(() => meter.starts.length === 2, "the restart into the new image", 30_000);
  assert.deepEqual(meter.starts, ["1.0.0", "1.1.0"]);
  const more = meter.receivedBytes - SIZE;
  assert.ok(
    more < 20 * 4096,
    `${more} bytes more than the image, headers and two windows included`,
  );

  const last = () => meter.states[meter.states.length - 1];
  await until(() => last().update === "confirmed", "the confirmation", 20_000);
  const said = meter.states.map(({ update }) => update);
  for (const step of ["fetching 1.1.0", "verifying 1.1.0", "ready 1.1.0", "confirmed"])
    assert.ok(said.includes(step), `${step} in ${said}`);
  assert.ok(
    said.some((text) => /^on trial until 20\d\d-\d\d-\d\dT/.test(String(text))),
    String(said),
  );

  const monitor = await connectClient(second.port, "monitor-test");
  let retained: Record<string, unknown> = {};
  monitor.on("message", (_, payload) => (retained = JSON.parse(payload.toString())));
  await monitor.subscribeAsync(`wattle/1/u/node/${meter.node.id}/state`, { qos: 1 });
  await until(() => retained.firmware === "1.1.0", "the retained state");
  monitor.end(true);

  // The next one does not reach its meter, goes back, and says why.
  const bad = makeImage(crypto, parseVersion("1.2.0")!, 20_000, 3);
  publish("1.2.0", bad);
  meter.meterless = "1.2.0";
  await second.kill();
  const third = await startGateway();
  meter.cut();
  await meter.connect(third.port);
  await until(() => meter.starts.length === 3, "the restart into 1.2.0", 20_000);
  await until(() => meter.starts.length === 4, "the way back", 40_000);
  assert.equal(meter.starts[3], "1.1.0");
  await until(() => last().updateCode === "TRIAL_GATES", "the reason");
  assert.equal(last().update, "failed 1.2.0");
  meter.off();
  await third.kill();
});
