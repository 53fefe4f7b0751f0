// SPDX-License-Identifier: Apache-2.0
/**
 * A neighbourhood in virtual time, on the wall clock as in the field: the gateway, node applications on V8 as
 * neighbours, and one board with the whole firmware.
 */
import type { Crypto } from "#core/crypto/port";
import { Gateway } from "#gateway/gateway";
import type { GatewayOptions } from "#gateway/options";
import type { FirmwareShelf } from "#gateway/ports";
import { openMemoryStore } from "#node/store/memory";
import { SimRegion } from "../flash/region.ts";
import { chipSample } from "../fleet/chip.ts";
import { memoryStore } from "../fleet/store.ts";
import type { NodeEngine, NodeHost, NodeSetup } from "../fleet/types.ts";
import { tariffOf } from "../setup.ts";
import { LocalBus } from "../sim/local-bus.ts";
import type { World } from "../worlds/types.ts";
import type { Board } from "./board.ts";
import { Scheduler } from "./scheduler.ts";

/** Flash of a neighbour's witness log: as little as it asks for. */
const WITNESS_SECTORS = 16;

export interface AreaSetup {
  world: World;
  options: GatewayOptions;
  /** Node applications; the board is one more member. */
  setups: readonly NodeSetup[];
  engine: NodeEngine;
  crypto: Crypto;
  /** Time of day at which everything begins, ms. */
  startMs: number;
  /** Firmware that the gateway hands out. */
  shelf?: FirmwareShelf;
  log?: (who: string, level: string, event: string, facts: object) => void;
}

export class DeviceArea {
  readonly bus = new LocalBus();
  readonly scheduler: Scheduler;
  gateway!: Gateway;
  readonly hosts: NodeHost[] = [];
  private readonly setup: AreaSetup;

  constructor(setup: AreaSetup) {
    this.setup = setup;
    this.scheduler = new Scheduler(setup.startMs);
  }

  async start(): Promise<void> {
    await this.startGateway();
    for (const node of this.setup.setups) await this.startNode(node);
    for (const host of this.hosts) await host.connected();
  }

  private async startGateway(): Promise<void> {
    const { world, options, crypto, log } = this.setup;
    const { scheduler } = this;
    let cancel = () => {};
    this.gateway = new Gateway(options, {
      crypto,
      verifier: {
        verify: (batch) =>
          batch.map((job) => crypto.verify(job.publicKey, job.message, job.signature)),
      },
      store: openMemoryStore(),
      bus: this.bus,
      tariff: tariffOf(world),
      time: {
        nowMs: () => scheduler.nowMs,
        wakeAfter: (delayMs) => {
          cancel();
          cancel = scheduler.after(delayMs, () => this.gateway.onTimer());
        },
      },
      probe: () => {},
      shelf: this.setup.shelf,
      log: (level, event, facts = {}) => log?.("gateway", level, event, facts),
    });
    await this.gateway.start();
  }

  private async startNode(node: NodeSetup): Promise<void> {
    const { world, options, engine, log } = this.setup;
    const { scheduler, bus } = this;
    const { name } = node.config;
    let cancel = () => {};
    const host = await engine.start(node, {
      publish: (topic, payload, retain) => bus.publish(topic, payload, { retain }),
      sample: (atMs) => chipSample(atMs, world.counters(node.home, atMs - options.worldStartMs)),
      store: memoryStore(),
      witness: new SimRegion(WITNESS_SECTORS),
      uptimeMs: () => scheduler.nowMs,
      utcMs: () => scheduler.nowMs,
      wakeAfter: (delayMs) => {
        cancel();
        cancel = scheduler.after(delayMs, () => host.timer());
      },
      log: (level, event, facts = {}) => log?.(name, level, event, facts),
      failed: (reason) => {
        throw new Error(`${name}: ${reason}`);
      },
    });
    bus.attach(host.subscriptions, (topic, payload) => host.message(topic, payload));
    this.hosts.push(host);
  }

  /** Goes on until `done`, or until the board has failed. */
  async run(board: Board, done: () => boolean): Promise<void> {
    const { scheduler } = this;
    while (board.alive) {
      await this.settle();
      if (done()) return;
      const nextMs = scheduler.nextMs ?? Number.POSITIVE_INFINITY;
      if (board.nextMs !== undefined && board.nextMs < nextMs) {
        await board.run(Math.min(nextMs, board.nextMs + RUN_MS));
        scheduler.nowMs = Math.max(scheduler.nowMs, board.nowMs);
      } else await scheduler.step();
    }
  }

  /** Delivers until nothing moves at the present moment. */
  private async settle(): Promise<void> {
    do {
      await this.bus.pump();
      if (this.bus.idle) await this.gateway.process();
    } while (!this.bus.idle);
  }
}

/** Longest turn of the board, ms: `done` is asked as often. */
const RUN_MS = 60_000;
