// SPDX-License-Identifier: Apache-2.0
/** The node application on the engine of the device: one process of xs-host, one machine per node. */
import type { Crypto, Entropy } from "#core/crypto/port";
import { sodiumCrypto } from "#node/crypto/sodium";
import { type XsCreation, XsHost } from "../xs-host/host.ts";
import { ByteWriter, Event } from "./abi.ts";
import { deviceCreation } from "./device-creation.ts";
import { type EntropyKind, entropyFor } from "./entropy.ts";
import { remembered } from "./remembered.ts";
import type { NodeCrypto, NodeEngine, NodeHost, NodeIo, NodeSetup, NodeStats } from "./types.ts";
import { type XsApp, xsApp } from "./xs-app.ts";
import { XsNode } from "./xs-driver.ts";

/** In 64 bits slots have 32 bytes; larger steps than the device's, since collections cost a fleet its time. */
const MEMORY_64: XsCreation = Object.freeze({
  staticBytes: 512 * 1024,
  chunkInitial: 64 * 1024,
  chunkIncremental: 16 * 1024,
  heapInitial: 4096,
  heapIncremental: 1024,
  stackSlots: 640,
});

/**
 * noble, and modules that are not preloaded, live in the node's own memory: as much as they take. Modules run
 * one inside the other then, as deep as they import each other: 1024 slots are too few.
 */
const MEMORY_FREE: XsCreation = Object.freeze({
  chunkInitial: 128 * 1024,
  chunkIncremental: 32 * 1024,
  heapInitial: 16_384,
  heapIncremental: 2048,
  stackSlots: 1536,
});

/**
 * Bytecodes of one event: a thousand times the dearest of a normal day; noble's first signature
 * makes a table.
 */
const METER_LIMIT = { native: 500e6, noble: 2000e6 };

/** What a node is created with, unless the options say otherwise; in 32 bits what the device has. */
export function nodeCreation(options: XsEngineOptions): XsCreation {
  const kind = options.crypto ?? "native";
  const tight = kind === "native" && (options.preload ?? true);
  const memory = !tight ? MEMORY_FREE : options.bits === 32 ? deviceCreation() : MEMORY_64;
  return { ...memory, meterLimit: METER_LIMIT[kind], ...options.creation };
}

export interface XsEngineOptions {
  /** Default "native". */
  crypto?: NodeCrypto;
  /** Default "seeded". */
  entropy?: EntropyKind;
  /** 32: slots of 16 bytes, as on the device (needs gcc-multilib). Default 64. */
  bits?: 32 | 64;
  /** Over the defaults of nodeCreation. */
  creation?: Partial<XsCreation>;
  /** Slower, but a node's exceptions name the lines of the TypeScript files. */
  debug?: boolean;
  /** Run the application's modules once, in the shared machine (xs-app.ts). Default true. */
  preload?: boolean;
  /** For tests: other modules than the node application's. */
  app?: XsApp;
  /** What xs-host is doing when it has to be built first. */
  log?: (line: string) => void;
}

/** Builds xs-host where need be, bundles the node application and starts the process. */
export async function xsEngine(options: XsEngineOptions = {}): Promise<NodeEngine> {
  const kind = options.crypto ?? "native";
  const { bits, debug, log } = options;
  const app = options.app ?? (await xsApp(kind, options.preload ?? true, debug));
  const nodes = new Map<number, XsNode>();
  const handlers = {
    call: (node: number, fn: number, data: Uint8Array | undefined) =>
      nodes.get(node)!.call(fn, data),
    post: (node: number, fn: number, data: Uint8Array) => nodes.get(node)?.post(fn, data),
    failed: (node: number, reason: string) => nodes.get(node)?.failed(reason),
  };
  const xs = await XsHost.start({ bits, debug, log, ...app }, handlers);
  return new XsEngine(xs, nodes, kind, options);
}

class XsEngine implements NodeEngine {
  readonly name = "xs";
  readonly version: string;
  readonly crypto: string;
  private readonly xs: XsHost;
  private readonly nodes: Map<number, XsNode>;
  private readonly options: XsEngineOptions;
  private readonly native: Crypto = remembered(sodiumCrypto());
  private next = 0;
  private readonly free: number[] = [];

  constructor(xs: XsHost, nodes: Map<number, XsNode>, kind: NodeCrypto, options: XsEngineOptions) {
    this.xs = xs;
    this.nodes = nodes;
    this.version = xs.version;
    this.crypto = kind === "native" ? this.native.name : "noble";
    this.options = options;
  }

  async start(setup: NodeSetup, io: NodeIo): Promise<NodeHost> {
    const index = this.free.pop() ?? this.next++;
    const entropy: Entropy = entropyFor(this.options.entropy ?? "seeded", setup);
    const node = new XsNode(setup.config, io, this.native, entropy);
    this.nodes.set(index, node);
    try {
      await this.xs.create(index, nodeCreation(this.options));
      node.assertUp();
    } catch (error) {
      await this.release(index);
      throw node.cause instanceof Error ? node.cause : error;
    }
    return new XsNodeHost(node, this.xs, index, () => this.release(index));
  }

  async memory() {
    return this.xs.memory();
  }

  async close(): Promise<void> {
    for (const node of this.nodes.values()) node.silence();
    await this.xs.close();
  }

  private async release(index: number): Promise<void> {
    this.nodes.get(index)?.silence();
    await this.xs.destroy(index);
    this.nodes.delete(index);
    this.free.push(index);
  }
}

class XsNodeHost implements NodeHost {
  readonly id: string;
  readonly subscriptions: readonly string[];
  readonly will: { topic: string; payload: string };
  private readonly node: XsNode;
  private readonly xs: XsHost;
  private readonly index: number;
  private readonly release: () => Promise<void>;
  private meter = 0;
  private meterEventMax = 0;
  private events = 0;
  private closed: Promise<void> | undefined;

  constructor(node: XsNode, xs: XsHost, index: number, release: () => Promise<void>) {
    this.node = node;
    this.xs = xs;
    this.index = index;
    this.release = release;
    ({ id: this.id, subscriptions: this.subscriptions, will: this.will } = node.assertUp());
  }

  connected(): Promise<void> {
    return this.deliver(Event.connected);
  }

  disconnected(): Promise<void> {
    return this.deliver(Event.disconnected);
  }

  message(topic: string, payload: Uint8Array): Promise<void> {
    const size = Buffer.byteLength(topic);
    const data = Buffer.allocUnsafe(4 + size + payload.length);
    data.writeUInt32LE(size, 0);
    data.write(topic, 4);
    data.set(payload, 4 + size);
    return this.deliver(Event.message, data);
  }

  timer(): Promise<void> {
    return this.deliver(Event.timer);
  }

  async look(): Promise<string | undefined> {
    this.node.face = undefined;
    await this.deliver(Event.look);
    return this.node.face;
  }

  stepped(beforeMs: number, afterMs: number): Promise<void> {
    return this.deliver(Event.stepped, new ByteWriter(16).f64(beforeMs).f64(afterMs).done());
  }

  async stats(): Promise<NodeStats | undefined> {
    if (this.closed) return undefined;
    const { meter, meterEventMax, events } = this;
    const stats = await this.xs.stats(this.index).catch(() => undefined);
    return stats && { ...stats, meter, meterEventMax, events };
  }

  close(): Promise<void> {
    this.node.silence();
    // Without its process the machine is gone already.
    return (this.closed ??= this.release().catch(() => {}));
  }

  private async deliver(kind: number, data: Uint8Array = new Uint8Array(0)): Promise<void> {
    if (!this.node.alive) return;
    this.events++;
    try {
      const { meter } = await this.xs.deliver(this.index, kind, data);
      this.meter += meter;
      this.meterEventMax = Math.max(this.meterEventMax, meter);
    } catch (error) {
      // The process ended, and all its nodes with it.
      this.node.failed(error instanceof Error ? error.message : String(error));
    }
  }
}
