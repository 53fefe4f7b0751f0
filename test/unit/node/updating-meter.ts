// SPDX-License-Identifier: Apache-2.0
/**
 * A meter on V8 over real MQTT, on a board with two firmware slots: the bootloader starts an image, the node
 * application runs in it, and a restart goes through the bootloader again. Its uptime is a hundred times
 * real time, so that an update's pauses pass.
 */
import { connect, type MqttClient } from "mqtt";
import { formatVersion } from "#core/records/release";
import { TimeQuality } from "#core/units/time";
import { boot } from "#host-sim/flash/bootloader";
import { NorFlash } from "#host-sim/flash/nor";
import { OTADATA_SECTORS, SLOTS } from "#host-sim/flash/otadata";
import { Power } from "#host-sim/flash/power";
import { flashByWire, SimSlots } from "#host-sim/flash/slots";
import { poweredStore } from "#host-sim/flash/store";
import { CHIP_COUNTERS, chipSample } from "#host-sim/fleet/chip";
import type { NodeConfig } from "#meter/config";
import { MeterNode } from "#meter/node";
import { sodiumCrypto } from "#node/crypto/sodium";
import { tokenPassword } from "./mqtt-tools.ts";

const crypto = sodiumCrypto();
const SPEED = 100;

export interface UpdatingSetup {
  area: string;
  gatewayKey: string;
  releaseKey: Uint8Array;
  board: string;
  factory: Uint8Array;
  slotSectors: number;
}

export class UpdatingMeter {
  readonly power = new Power();
  readonly flash: NorFlash;
  /** Versions that were started, in order. */
  readonly starts: string[] = [];
  /** What it said of itself, latest last. */
  readonly states: Record<string, unknown>[] = [];
  /** Bytes of the messages with chunks that reached it. */
  receivedBytes = 0;
  /** A version in which the metering chip does not answer. */
  meterless = "";
  node!: MeterNode;
  private readonly setup: UpdatingSetup;
  private readonly config: NodeConfig;
  private readonly entries = new Map<string, Uint8Array>();
  private client: MqttClient | undefined;
  private timer: NodeJS.Timeout | undefined;
  private bootMs = 0;
  private port = 0;
  private draws = 0;

  constructor(setup: UpdatingSetup) {
    this.setup = setup;
    this.config = {
      net: "test",
      area: setup.area,
      name: "updated",
      secretKey: crypto.sha256(Uint8Array.of(77)),
      gatewayKey: Uint8Array.from(Buffer.from(setup.gatewayKey, "hex")),
      capacityWh: 5000,
      wallets: 1,
      policy: { trade: true },
    };
    this.flash = new NorFlash(OTADATA_SECTORS + SLOTS * setup.slotSectors, this.power);
    flashByWire(this.flash, 0, setup.factory);
  }

  /** Power-up: whatever the bootloader starts. */
  start(): void {
    clearTimeout(this.timer);
    const started = boot(this.flash, crypto);
    if (!started) throw new Error("no image starts");
    this.starts.push(formatVersion(started.version));
    this.bootMs = performance.now();
    const reset = () => void setImmediate(() => this.restart());
    const { releaseKey, board } = this.setup;
    this.node = new MeterNode(this.config, {
      crypto,
      entropy: { bytes: (n) => crypto.sha256(Uint8Array.of(5, ++this.draws)).slice(0, n) },
      store: poweredStore(this.entries, this.power),
      meter: {
        counters: CHIP_COUNTERS,
        sample: (atMs) =>
          this.starts[this.starts.length - 1] === this.meterless
            ? undefined
            : chipSample(atMs, { importMwh: 0n, exportMwh: 0n }),
      },
      transport: { publish: (topic, payload, retain) => this.publish(topic, payload, retain) },
      time: {
        uptimeMs: () => Math.floor((performance.now() - this.bootMs) * SPEED),
        utc: () => ({ utcMs: Date.now(), quality: TimeQuality.synced, errorMs: 0 }),
        wakeAfter: (delayMs) => {
          clearTimeout(this.timer);
          this.timer = setTimeout(() => this.node.onTimer(), delayMs / SPEED);
        },
      },
      log: () => {},
      firmware: {
        board,
        releaseKey,
        trialMs: 300_000,
        slots: new SimSlots(this.flash, crypto, started, reset),
        restart: reset,
      },
    });
  }

  /** A new connection to the broker at `port`; resolves when it is subscribed. */
  async connect(port: number): Promise<void> {
    this.port = port;
    const { node } = this;
    const will = node.will();
    const client = connect(`mqtt://127.0.0.1:${port}`, {
      clientId: node.id,
      username: node.id,
      password: tokenPassword(this.config, node.id),
      protocolVersion: 4,
      reconnectPeriod: 0,
      keepalive: 60,
      will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true },
    });
    client.on("error", () => {}); // a killed gateway closes the connection
    client.on("message", (topic, payload) => {
      if (topic.endsWith("/down/update")) this.receivedBytes += payload.length;
      if (client === this.client) node.onMessage(topic, payload);
    });
    client.on("close", () => {
      if (client === this.client) node.onDisconnect();
    });
    await new Promise<void>((resolve, reject) => {
      client.once("connect", () => resolve());
      client.once("close", () => reject(new Error("connection closed")));
    });
    this.client = client;
    await client.subscribeAsync(node.subscriptions(), { qos: 1 });
    node.onConnect();
  }

  /** Drops the connection as a power cut of the network would. */
  cut(): void {
    const { client } = this;
    this.client = undefined;
    this.node.onDisconnect();
    client?.stream?.destroy();
    client?.end(true);
  }

  /** Switches the board off. */
  off(): void {
    clearTimeout(this.timer);
    this.cut();
    clearTimeout(this.timer);
  }

  private async restart(): Promise<void> {
    this.off();
    this.start();
    await this.connect(this.port).catch(() => {}); // the test is over
  }

  private publish(topic: string, payload: Uint8Array, retain: boolean): void {
    if (topic.endsWith("/state")) this.states.push(JSON.parse(Buffer.from(payload).toString()));
    this.client?.publish(topic, Buffer.from(payload), { qos: 1, retain });
  }
}
