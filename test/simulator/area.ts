// SPDX-License-Identifier: Apache-2.0
/** A gateway as a process, and what its monitor topics say. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import mqtt, { type IClientOptions } from "mqtt";
import { Topics } from "#core/topics";
import { operatorKey } from "#node/config/operator-key";
import { sodiumCrypto } from "#node/crypto/sodium";
import { tokenPasswords } from "#node/mqtt/token";
import { WATTLE } from "../accept/harness.ts";
import { until } from "./sim-node.ts";

export const AREA = "simulated";
/** Protocol seconds of a slot, and how fast they pass: a slot every six seconds. */
export const SLOT_S = 60;
const SPEED = 10;
const START_MS = 20_000;

export interface AreaOptions {
  folder: string;
  /** In place of the gateway's own broker. */
  broker?: { url: string; ca: string };
}

export class Area {
  url = "";
  gatewayKey = "";
  readonly store: string;
  /** By topic below `monitor/`. */
  readonly monitor = new Map<string, Record<string, unknown>>();
  private readonly options: AreaOptions;
  private child: ChildProcess | undefined;
  private client: mqtt.MqttClient | undefined;
  private said = "";

  constructor(options: AreaOptions) {
    this.options = options;
    this.store = join(options.folder, "gateway.db");
  }

  async start(): Promise<void> {
    const { folder, broker } = this.options;
    const config = join(folder, "gateway.json");
    const ready = join(folder, "ready.json");
    const where = broker ? { broker: { url: broker.url } } : { listen: { port: 0 } };
    const run = { slotSeconds: SLOT_S, clock: { speed: SPEED }, expectNodes: 2 };
    writeFileSync(config, JSON.stringify({ area: AREA, ...where, ...run }));
    const args = [WATTLE, "gateway", "--config", config, "--ready-file", ready];
    const env = { ...process.env, ...(broker && { NODE_EXTRA_CA_CERTS: broker.ca }) };
    this.child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on("data", (text) => void (this.said += text));
    try {
      await until("the gateway is ready", START_MS, () => existsSync(ready));
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${this.said}`);
    }
    const { port, gatewayKey } = JSON.parse(readFileSync(ready, "utf8"));
    this.gatewayKey = gatewayKey;
    this.url = broker?.url ?? `mqtt://127.0.0.1:${port}`;
    this.watch(broker?.ca);
  }

  private watch(ca: string | undefined): void {
    const clientId = `monitor-${process.pid}`;
    const options: IClientOptions = { clientId, username: clientId, protocolVersion: 4 };
    const password = ca === undefined ? this.operator(clientId) : undefined;
    const client = mqtt.connect(this.url, {
      ...options,
      ...(ca && { ca: readFileSync(ca) }),
      ...(password && { password: password() }),
    });
    if (password) client.on("reconnect", () => void (client.options.password = password()));
    this.client = client;
    const prefix = new Topics(AREA).monitor("");
    client.on("connect", () => client.subscribe(`${prefix}#`, { qos: 1 }));
    client.on("error", () => {}); // it tries again
    client.on("message", (topic, payload) => {
      this.monitor.set(topic.slice(prefix.length), JSON.parse(payload.toString("latin1")));
    });
  }

  /** What proves to the gateway's own broker that this may look on. */
  private operator(client: string): () => Buffer {
    const secretKey = operatorKey(join(this.options.folder, "operator.key"));
    const gatewayKey = Buffer.from(this.gatewayKey, "hex");
    const crypto = sodiumCrypto();
    return tokenPasswords({
      crypto,
      secretKey,
      net: "wattle",
      gatewayKey,
      client,
      nowMs: Date.now,
    });
  }

  /** A number of a monitor topic; NaN where it has not come. */
  fact(topic: string, name: string): number {
    return Number(this.monitor.get(topic)?.[name]);
  }

  async stop(): Promise<void> {
    this.client?.end(true);
    const { child } = this;
    this.child = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await gone;
  }
}
