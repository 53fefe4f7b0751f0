// SPDX-License-Identifier: Apache-2.0
/** The files of a demo's run folder: what the gateway is started from, and what is left to look at. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "#core/codec/bytes";
import { formatCoins } from "#core/units/money";
import type { GatewayOptions } from "#gateway/options";
import { OPERATOR_KEY_FILE } from "#node/config/operator-key";
import { SIM_AREA, SIM_NET } from "../setup.ts";
import type { World } from "../worlds/types.ts";

export interface RunFiles {
  config: string;
  /** The gateway makes it. */
  operatorKey: string;
  ready: string;
  store: string;
  gatewayLog: string;
  nodesLog: string;
}

/** A bank as the configuration file names it; what is not said is default. */
export interface CreditChoice {
  policy: string;
  [term: string]: unknown;
}

export interface DemoGateway {
  secretKey: Uint8Array;
  /** Default: SIM_AREA. */
  area?: string;
  /** As the configuration file has it. */
  consortium?: Record<string, unknown>;
  /** Port of the embedded broker, 0 for any; or the URL of an external one. */
  port: number;
  brokerUrl?: string;
  genesisMicro: number;
  deposit: GatewayOptions["deposit"];
  market: GatewayOptions["market"];
  slotTimeoutSeconds: number;
  /** False: transactions need no tokens. */
  proofOfTime: boolean;
  /** Protocol seconds in a real second; undefined for the barrier clock. */
  speed?: number;
  /** Where an authority certifies members: its folder, and the broker's certificate and key. */
  trust?: { identity: string; cert: string; key: string };
  credit?: CreditChoice;
}

/** Writes the gateway's configuration, key and prices into a fresh `dir`; an earlier run's store goes. */
export function writeRunFiles(dir: string, world: World, gateway: DemoGateway): RunFiles {
  mkdirSync(dir, { recursive: true });
  const files: RunFiles = {
    config: join(dir, "gateway.json"),
    operatorKey: join(dir, OPERATOR_KEY_FILE),
    ready: join(dir, "gateway.ready"),
    store: join(dir, "gateway.db"),
    gatewayLog: join(dir, "gateway.log"),
    nodesLog: join(dir, "nodes.log"),
  };
  const old = [files.store, `${files.store}-wal`, `${files.store}-shm`, files.ready];
  for (const file of [...old, files.gatewayLog, files.nodesLog]) rmSync(file, { force: true });
  writeFileSync(join(dir, "gateway.key"), `${toHex(gateway.secretKey)}\n`, { mode: 0o600 });
  writeFileSync(join(dir, "retail.csv"), retailCsv(world));
  writeFileSync(files.config, `${JSON.stringify(configOf(world, gateway), null, 2)}\n`);
  return files;
}

function retailCsv(world: World): string {
  const lines = ["retail_per_kwh"];
  for (let slot = 0; slot < world.slots; slot++)
    lines.push(formatCoins(world.retailMicroPerKwh(slot)));
  return `${lines.join("\n")}\n`;
}

function configOf(world: World, gateway: DemoGateway): Record<string, unknown> {
  const { deposit, market, speed, trust } = gateway;
  const tls = trust && { cert: trust.cert, key: trust.key };
  return {
    net: SIM_NET,
    area: gateway.area ?? SIM_AREA,
    keyFile: "gateway.key",
    store: "gateway.db",
    ...(gateway.brokerUrl
      ? { broker: { url: gateway.brokerUrl } }
      : { listen: { host: "127.0.0.1", port: gateway.port, tls } }),
    ...(gateway.consortium && { consortium: gateway.consortium }),
    ...(gateway.credit && { credit: gateway.credit }),
    ...(trust && { identity: { folder: trust.identity } }),
    expectNodes: world.homes.length,
    genesisCoins: formatCoins(gateway.genesisMicro),
    deposit: deposit
      ? { belowCoins: formatCoins(deposit.belowMicro), toCoins: formatCoins(deposit.toMicro) }
      : null,
    slotSeconds: world.slotSeconds,
    // Real time itself at speed 1; otherwise the time of the data.
    worldStart: worldStartOf(world, gateway),
    slots: world.slots,
    clock: speed === undefined ? "barrier" : { speed },
    slotTimeoutSeconds: gateway.slotTimeoutSeconds,
    proofOfTime: gateway.proofOfTime,
    market,
    tariff: { feedInPerKwh: formatCoins(world.feedInMicroPerKwh), retailCsv: "retail.csv" },
    log: { level: "warn" },
  };
}

/** With several gateways all begin at the same instant. */
function worldStartOf({ slotSeconds, startMs }: World, { speed, consortium }: DemoGateway): string {
  if (speed !== 1) return new Date(startMs).toISOString();
  if (!consortium) return "next-slot";
  const slotMs = slotSeconds * 1000;
  return new Date((Math.floor(Date.now() / slotMs) + 2) * slotMs).toISOString();
}
