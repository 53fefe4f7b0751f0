// SPDX-License-Identifier: Apache-2.0
/** The node application directly in this process: quick, for tests and for very large fleets. */
import { readFile } from "node:fs/promises";
import { nobleCrypto } from "#core/crypto/noble";
import type { Crypto } from "#core/crypto/port";
import { TimeQuality } from "#core/units/time";
import type { NodeConfig } from "#meter/config";
import { MeterNode } from "#meter/node";
import type { NodePorts } from "#meter/ports";
import { vehicleProfile } from "#meter/profile/vehicle";
import { sodiumCrypto } from "#node/crypto/sodium";
import { faceOf } from "../panel/face.ts";
import { CHIP_COUNTERS } from "./chip.ts";
import { type EntropyKind, entropyFor } from "./entropy.ts";
import { EventTime } from "./event-time.ts";
import { remembered } from "./remembered.ts";
import type {
  EngineMemory,
  NodeCrypto,
  NodeEngine,
  NodeHost,
  NodeIo,
  NodeSetup,
  NodeStats,
} from "./types.ts";

export interface V8EngineOptions {
  /** Default "native". */
  crypto?: NodeCrypto;
  /** Default "seeded". */
  entropy?: EntropyKind;
}

/** Starts at once: there is nothing to build. */
export function v8Engine(options: V8EngineOptions = {}): NodeEngine {
  const crypto = remembered(options.crypto === "noble" ? nobleCrypto() : sodiumCrypto());
  const entropy = options.entropy ?? "seeded";
  return {
    name: "v8",
    version: `V8 ${process.versions.v8}`,
    crypto: crypto.name,
    start: async (setup, io) => new V8Node(setup, io, crypto, entropy),
    memory: processMemory,
    close: async () => {},
  };
}

class V8Node implements NodeHost {
  readonly id: string;
  readonly subscriptions: readonly string[];
  readonly will: { topic: string; payload: string };
  private readonly config: NodeConfig;
  private readonly node: MeterNode;
  private readonly io: NodeIo;
  private readonly time: EventTime;
  /** Dead nodes say nothing, even where the application goes on after a power cut of its store. */
  private alive = true;

  constructor(setup: NodeSetup, io: NodeIo, crypto: Crypto, entropy: EntropyKind) {
    this.io = io;
    this.time = new EventTime(io);
    this.config = setup.config;
    const ports: NodePorts = {
      crypto,
      entropy: entropyFor(entropy, setup),
      store: io.store,
      meter: { counters: CHIP_COUNTERS, sample: (atMs) => io.sample(atMs) },
      transport: {
        publish: (topic, payload, retain) => {
          if (this.alive) io.publish(topic, payload, retain);
        },
      },
      time: {
        uptimeMs: () => this.time.uptimeMs(),
        utc: () => ({ utcMs: this.time.utcMs(), quality: TimeQuality.synced, errorMs: 0 }),
        wakeAfter: (delayMs) => {
          if (this.alive) io.wakeAfter(delayMs);
        },
      },
      log: (level, event, facts) => io.log(level, event, facts),
      witness: io.witness,
    };
    const { vehicle } = setup.config;
    if (vehicle && io.battery) ports.profile = vehicleProfile(vehicle, io.battery);
    this.node = new MeterNode(setup.config, ports);
    this.id = this.node.id;
    this.subscriptions = this.node.subscriptions();
    this.will = this.node.will();
  }

  connected(): Promise<void> {
    return this.handle(() => this.node.onConnect());
  }

  disconnected(): Promise<void> {
    return this.handle(() => this.node.onDisconnect());
  }

  message(topic: string, payload: Uint8Array): Promise<void> {
    // A plain copy, as on XS: the caller may use its buffer again, and the node keeps parts of it.
    return this.handle(() => this.node.onMessage(topic, new Uint8Array(payload)));
  }

  timer(): Promise<void> {
    return this.handle(() => this.node.onTimer());
  }

  async look(): Promise<string | undefined> {
    await this.handle(() => this.node.onPoll());
    if (!this.alive) return undefined;
    const { name, enrolment } = this.config;
    const facts = { name, connected: true, alarms: [], claim: enrolment?.claim };
    return JSON.stringify(faceOf(this.node, facts));
  }

  stepped(beforeMs: number, afterMs: number): Promise<void> {
    return this.handle(() => this.node.onStep(beforeMs, afterMs));
  }

  async stats(): Promise<NodeStats | undefined> {
    return undefined;
  }

  async close(): Promise<void> {
    this.alive = false;
  }

  private async handle(event: () => void): Promise<void> {
    if (!this.alive) return;
    this.time.begin();
    try {
      event();
    } catch (error) {
      this.alive = false;
      this.io.failed(
        error instanceof Error ? `${error.name}: ${error.message}` : String(error),
        error,
      );
    }
  }
}

async function processMemory(): Promise<EngineMemory> {
  const text = await readFile("/proc/self/smaps_rollup", "utf8").catch(() => "");
  const kb = (name: string) => Number(new RegExp(`^${name}: +(\\d+)`, "m").exec(text)?.[1] ?? 0);
  return { pssBytes: kb("Pss") * 1024, rssBytes: kb("Rss") * 1024 };
}
