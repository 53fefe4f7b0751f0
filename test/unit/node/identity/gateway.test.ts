// SPDX-License-Identifier: Apache-2.0
/** A gateway process and its identity folder, where that is not as it should be. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Subject } from "#core/records/authority";
import { gatewayConfig } from "#node/config/gateway-config";
import { startGatewayProcess } from "#node/gateway-process";
import { TestAuthority } from "#test/helpers/authority";
import { tempFolder } from "../authority/tools.ts";
import { until } from "../mqtt-tools.ts";

const at = tempFolder();

test("a folder that cannot be read is said once, and read when it is there; the log keeps what it had", async (t) => {
  const logs: string[] = [];
  const json = {
    ...{ net: "test", area: "a", listen: { port: 0 }, identity: { folder: "identity" } },
    log: { level: "silent" },
  };
  const start = async () => {
    const config = gatewayConfig(json, { file: "g.json", dir: at() });
    const running = await startGatewayProcess(config, {
      log: (_, event, facts) => void logs.push(`${event} ${Object.values(facts ?? {}).join(" ")}`),
    });
    t.after(() => running.stop());
    return running;
  };
  const said = (event: string) => logs.filter((line) => line.startsWith(`${event} `)).length;
  writeFileSync(at("identity"), "no folder");
  const gateway = await start();
  gateway.look();
  gateway.look();
  assert.equal(said("identity-folder"), 1);
  assert.equal(gateway.gateway.area.registry.authority, undefined);

  const authority = new TestAuthority("test");
  const gatewayKey = Uint8Array.from(Buffer.from(gateway.gatewayKey, "hex"));
  rmSync(at("identity"));
  mkdirSync(at("identity"));
  writeFileSync(at("identity", "authority.cbor"), authority.record());
  const certificate = authority.issue(gatewayKey, { subject: Subject.gateway, area: "a" });
  writeFileSync(at("identity", "gateway.cert"), certificate);
  writeFileSync(at("identity", "7.cert"), "not one");
  gateway.look();
  const { registry, id } = gateway.gateway.area;
  await until(() => registry.certificateOf(id) !== undefined, "its certificate", 20_000);
  assert.equal(said("identity-ignored"), 1);
  gateway.look();
  copyFileSync(at("identity", "7.cert"), at("identity", "notes.txt"));
  gateway.look();
  assert.equal(said("identity-ignored"), 1, "nothing new");
  await gateway.stop();
  gateway.look();

  rmSync(at("identity"), { recursive: true });
  const again = await start();
  assert.deepEqual(again.gateway.area.registry.certificateOf(id)?.encoded, certificate);
  assert.equal(again.gateway.area.barred("00".repeat(16)), "NOT_ENROLLED");
});
