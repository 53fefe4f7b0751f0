// SPDX-License-Identifier: Apache-2.0
/** Two meters on V8 over real MQTT: a seller and a buyer in a tiny table of slots. */
import { connect, type MqttClient } from "mqtt";
import { TimeQuality } from "#core/units/time";
import { storeRegion } from "#host-sim/flash/store-region";
import { CHIP_COUNTERS, chipSample } from "#host-sim/fleet/chip";
import type { NodeConfig } from "#meter/config";
import { MeterNode } from "#meter/node";
import type { KeyValueStore } from "#meter/ports";
import { sodiumCrypto } from "#node/crypto/sodium";
import { tokenPassword } from "./mqtt-tools.ts";

export const WORLD_START = "2026-01-01T00:00:00Z";
export const WORLD_START_MS = Date.parse(WORLD_START);
export const SLOT_SECONDS = 900;
/** Net energy of a slot, Wh: negative is surplus. Three slots, 1500 Wh can be traded. */
export const NET_WH: readonly (readonly number[])[] = [
  [-1000, -500, -300],
  [800, 500, 200],
];
export const TRADABLE_WH = 800 + 500 + 200;

/** The configuration of a gateway for them, with a key and a store of its own. */
export function gatewayJson(name: string) {
  return {
    net: "test",
    area: "a",
    keyFile: `${name}.key`,
    store: `${name}.db`,
    listen: { port: 0 },
    expectNodes: 2,
    slotSeconds: SLOT_SECONDS,
    worldStart: WORLD_START,
    slots: NET_WH[0].length,
    clock: "barrier",
    tariff: { feedInPerKwh: "0.08", retailPerKwh: "0.3" },
    log: { level: "warn" },
  };
}

const crypto = sodiumCrypto();

/** Counters of home `home` at protocol time `atMs`, linear within a slot. */
function countersAt(home: number, atMs: number) {
  let importMwh = 0n;
  let exportMwh = 0n;
  const slotMs = SLOT_SECONDS * 1000;
  for (let slot = 0; slot < NET_WH[home].length; slot++) {
    const inSlotMs = Math.max(0, Math.min(slotMs, atMs - WORLD_START_MS - slot * slotMs));
    const mwh = (BigInt(Math.abs(NET_WH[home][slot])) * 1000n * BigInt(inSlotMs)) / BigInt(slotMs);
    if (NET_WH[home][slot] > 0) importMwh += mwh;
    else exportMwh += mwh;
  }
  return { importMwh, exportMwh };
}

function memoryStore(): KeyValueStore {
  const entries = new Map<string, Uint8Array>();
  return {
    get: (key) => entries.get(key)?.slice(),
    set: (key, value) => void entries.set(key, value.slice()),
    delete: (key) => void entries.delete(key),
    keys: (prefix) => [...entries.keys()].filter((key) => key.startsWith(prefix)),
  };
}

export class Meter {
  readonly name: string;
  readonly node: MeterNode;
  /** Warnings and errors of the node, for a test's message. */
  readonly said: string[] = [];
  received = 0;
  private client: MqttClient | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly config: NodeConfig;

  constructor(home: number, gatewayKey: string, area: string) {
    this.name = ["seller", "buyer"][home];
    let drawn = 0;
    const config: NodeConfig = (this.config = {
      net: "test",
      area,
      name: this.name,
      secretKey: crypto.sha256(Uint8Array.of(7, home)),
      gatewayKey: Uint8Array.from(Buffer.from(gatewayKey, "hex")),
      capacityWh: 5000,
      wallets: 2,
      policy: { trade: true },
    });
    this.node = new MeterNode(config, {
      crypto,
      entropy: {
        bytes: (n) => crypto.sha256(Uint8Array.of(home, ++drawn, drawn >> 8)).slice(0, n),
      },
      store: memoryStore(),
      witness: storeRegion(memoryStore()),
      meter: {
        counters: CHIP_COUNTERS,
        sample: (atMs) => chipSample(atMs, countersAt(home, atMs)),
      },
      transport: {
        publish: (topic, payload, retain) =>
          void this.client?.publish(topic, Buffer.from(payload), { qos: 1, retain }),
      },
      time: {
        uptimeMs: () => Math.floor(performance.now()),
        utc: () => ({ utcMs: Date.now(), quality: TimeQuality.synced, errorMs: 0 }),
        wakeAfter: (delayMs) => {
          clearTimeout(this.timer);
          this.timer = setTimeout(() => this.node.onTimer(), delayMs);
        },
      },
      log: (level, event, facts) => {
        if (level !== "debug") this.said.push(`${level} ${event} ${JSON.stringify(facts ?? {})}`);
      },
    });
  }

  /** A new connection to the broker at `port`; resolves when it is subscribed. */
  async connect(port: number): Promise<void> {
    const will = this.node.will();
    const client = connect(`mqtt://127.0.0.1:${port}`, {
      clientId: this.node.id,
      username: this.node.id,
      password: tokenPassword(this.config, this.node.id),
      protocolVersion: 4,
      reconnectPeriod: 0,
      keepalive: 60,
      will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true },
    });
    client.on("error", () => {}); // a killed gateway closes the connection, which is noticed there
    client.on("message", (topic, payload) => {
      this.received++;
      this.node.onMessage(topic, payload);
    });
    client.on("close", () => this.node.onDisconnect());
    await new Promise<void>((resolve, reject) => {
      client.once("connect", () => resolve());
      client.once("close", () => reject(new Error(`${this.name}: connection closed`)));
    });
    this.client = client;
    await client.subscribeAsync(this.node.subscriptions(), { qos: 1 });
    this.node.onConnect();
  }

  /** Drops the connection as a power cut would: the broker publishes the will. */
  cut(): void {
    clearTimeout(this.timer);
    this.client?.stream?.destroy();
    this.client?.end(true);
    this.client = undefined;
  }
}

/** The seller and the buyer. */
export function meterPair(gatewayKey: string, area: string): [Meter, Meter] {
  return [new Meter(0, gatewayKey, area), new Meter(1, gatewayKey, area)];
}
