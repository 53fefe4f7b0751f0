// SPDX-License-Identifier: Apache-2.0
/** How a gateway ends: on a full disk, where a part of it does not close, and as a process. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { LogStore } from "#gateway/ports";
import { gatewayConfig } from "#node/config/gateway-config";
import { type GatewayHooks, startGatewayProcess } from "#node/gateway-process";
import type { Failure } from "#node/process/failure";
import { StoreError } from "#node/store/errors";
import { gatewayJson, meterPair, TRADABLE_WH } from "./meter-pair.ts";
import { until } from "./mqtt-tools.ts";

const dir = mkdtempSync(join(tmpdir(), "wattle-gateway-end-"));
after(() => rmSync(dir, { recursive: true, force: true }));

const start = (name: string, hooks: GatewayHooks = {}) =>
  startGatewayProcess(gatewayConfig(gatewayJson(name), { file: "test.json", dir }), hooks);

/** A store on a disk that has no room for more after so many writes. */
function filling(store: LogStore, writes: number): LogStore {
  const write = () => {
    if (--writes < 0) throw new StoreError("STORE_FULL", "for the test");
  };
  return {
    append: (entries) => {
      write();
      store.append(entries);
    },
    keep: (name, bytes) => {
      write();
      store.keep(name, bytes);
    },
    read: (from) => store.read(from),
    drop: (head, before) => store.drop(head, before),
    kept: (name) => store.kept(name),
    close: () => store.close(),
    get length() {
      return store.length;
    },
    get gap() {
      return store.gap;
    },
  };
}

test("a full disk ends the gateway and closes all; with room the next start goes on", async () => {
  const fatal = Promise.withResolvers<Failure>();
  const said: string[] = [];
  const running = await start("full", {
    onFatal: fatal.resolve,
    log: (level, event) => said.push(`${level} ${event}`),
    aroundStore: (store) => filling(store, 12),
  });
  const meters = meterPair(running.gatewayKey, "a");
  for (const meter of meters) await meter.connect(running.port);
  const { code, exitCode } = await fatal.promise;
  assert.deepEqual([code, exitCode], ["STORE_FULL", 70]);
  await running.stop();
  assert.equal(running.broker!.counts.connections, 0);
  assert.deepEqual(
    said.filter((line) => line.startsWith("error")),
    ["error fatal"],
  );
  for (const meter of meters) meter.cut();
  const again = await start("full");
  for (const meter of meters) await meter.connect(again.port);
  await until(() => again.gateway.area.finished, "all slots");
  assert.equal(again.gateway.area.tradedWh, TRADABLE_WH);
  for (const meter of meters) meter.cut();
  await again.stop();
});

test("a checkpoint that cannot be kept is a warning", async () => {
  const said: string[] = [];
  const running = await start("warned", {
    log: (level, event) => said.push(`${level} ${event}`),
    aroundStore: (store) => filling(store, 1),
  });
  await running.stop();
  assert.ok(said.includes("warn no-checkpoint"), said.join("\n"));
  assert.ok(!said.some((line) => line.startsWith("error")), said.join("\n"));
  await (await start("warned")).stop(); // the store was closed
});

test("whatever does not close, the rest of the process does, and stop resolves", async () => {
  const said: string[] = [];
  const running = await start("stuck", {
    log: (_, event, facts) => event === "not-closed" && said.push(`${facts?.part}`),
  });
  running.gateway.stop = () => {
    throw new Error("for the test");
  };
  const { broker } = running;
  const close = broker!.close.bind(broker);
  broker!.close = () => close().then(() => Promise.reject(new Error("for the test")));
  await running.stop();
  assert.deepEqual(said, ["gateway", "bus"]);
  await (await start("stuck")).stop(); // the store was closed
});

test("SIGTERM ends the process with 0, though something in it goes on", async () => {
  const [file, ready] = ["process.json", "ready.json"].map((name) => join(dir, name));
  writeFileSync(file, JSON.stringify(gatewayJson("process")));
  const program = fileURLToPath(new URL("./gateway-child.ts", import.meta.url));
  const env = { ...process.env, WATTLE_TEST_HOLD: "1" };
  const child = spawn(process.execPath, [program, file, ready], { stdio: "ignore", env });
  await until(() => existsSync(ready), "the ready file", 15_000);
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [0, null]);
});
