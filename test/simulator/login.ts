// SPDX-License-Identifier: Apache-2.0
/** SDK-built nodes with passwords at a Mosquitto with dynamic security, set up as docs/operations.md says. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loginCommand } from "#node/cli/login";
import { loadGatewayConfig } from "#node/config/gateway-config";
import { startGatewayProcess } from "#node/gateway-process";
import { type Find, folder, lastJson, wattle } from "../accept/harness.ts";
import { mainBroker } from "../interop/recipe.ts";
import { AREA, SLOT_S } from "./area.ts";
import { Authority } from "./certificates.ts";
import { powerOn, setUp, trade } from "./houses.ts";
import type { Parts, SimNode } from "./sim-node.ts";

export async function tryLogin(parts: Parts, find: Find): Promise<void> {
  const place = folder("sim-login");
  const authority = new Authority(place, "ec", "ec");
  const { chain, key } = authority.server("broker", "IP:127.0.0.1");
  const admin = { name: `gateway-${AREA}`, password: "a gateway's" };
  const witness = { name: "witness", password: "unused" };
  const main = await mainBroker(place, admin, witness, { cert: chain, key });
  await main.broker.start();
  const config = join(place, "gateway.json");
  const { password } = admin;
  const broker = { url: `mqtt://127.0.0.1:${main.gateway}`, password, dynamicSecurity: {} };
  const run = { slotSeconds: SLOT_S, clock: { speed: 10 }, expectNodes: 2 };
  writeFileSync(config, JSON.stringify({ area: AREA, broker, ...run, log: { level: "error" } }));
  const gateway = await startGatewayProcess(loadGatewayConfig(config));
  const houses = await powerOn(parts, place);
  const { roof, house } = houses;
  try {
    const area = { url: `mqtts://127.0.0.1:${main.nodes}`, gatewayKey: gateway.gatewayKey };
    for (const [node, name] of [
      [roof, "roof"],
      [house, "house"],
    ] as const) {
      const facts = await setUp(node, name, area, find, authority.pem);
      await giveLogin(node, String(facts.publicKey), config, find);
    }
    gateway.look();
    await trade(houses, find);
  } finally {
    await Promise.all([roof.powerOff(), house.powerOff()]);
    await gateway.stop();
    await main.broker.stop();
  }
}

async function giveLogin(node: SimNode, key: string, config: string, find: Find): Promise<void> {
  let said = "";
  const say = (text: string) => void (said += text);
  find("  wattle login", 0, loginCommand(key, { config, json: true, say, err: say }));
  const { password } = JSON.parse(said);
  const port = ["--port", `127.0.0.1:${node.port}`];
  const args = ["provision", ...port, "--set", `password=${password}`, "--json"];
  const ran = await wattle(args, () => {});
  find("  wattle provision --set password", 0, ran.code);
  if (ran.code !== 0) throw new Error(ran.err);
  find("  it is not said again", false, JSON.stringify(lastJson(ran.out)).includes(password));
}
