// SPDX-License-Identifier: Apache-2.0
/** An authority in a consortium: its gateways' terms name it, so that each has to know it from the start. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { gatewayConfig } from "#node/config/gateway-config";
import { beaconKeyOf } from "#node/consortium/beacon";
import { startGatewayProcess } from "#node/gateway-process";
import { anchorKey, crypto, NET, newAuthority, secretOf, tempFolder } from "../authority/tools.ts";
import { until } from "../mqtt-tools.ts";

const at = tempFolder();

test("a gateway of a consortium finds the authority in its folder, and again at a restart", async () => {
  const secret = secretOf(1);
  mkdirSync(at("identity"));
  writeFileSync(at("identity", "authority.cbor"), newAuthority(at("register")).record());
  writeFileSync(at("gateway.key"), toHex(secret));
  const gateways = [
    {
      publicKey: toHex(crypto.publicKey(secret)),
      beaconKey: toHex(beaconKeyOf(secret)),
      area: "a",
      url: "mqtt://127.0.0.1:1",
    },
  ];
  const json = {
    ...{ net: NET, area: "a", listen: { port: 0 }, identity: { folder: "identity" } },
    ...{ expectNodes: 2, slotSeconds: 900, worldStart: "2027-01-01T00:00:00.000Z" },
    ...{ consortium: { gateways }, log: { level: "silent" } },
  };
  for (let start = 0; start < 2; start++) {
    const fatal: string[] = [];
    const gateway = await startGatewayProcess(gatewayConfig(json, { file: "g.json", dir: at() }), {
      onFatal: ({ message }) => void fatal.push(message),
    });
    const { area, seat } = gateway.gateway;
    assert.deepEqual(seat!.replica.anchorKey, anchorKey);
    if (start === 0) gateway.look();
    await until(() => area.registry.authority !== undefined, "a turn brings the authority");
    assert.equal(toHex(area.registry.authority!.anchorKey), toHex(anchorKey));
    await gateway.stop();
    assert.deepEqual(fatal, []);
  }
});
