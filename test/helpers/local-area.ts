// SPDX-License-Identifier: Apache-2.0
/**
 * One area in this process for tests: a gateway, meter nodes and a bus, in virtual real time.
 * Nothing depends on the machine: where everything is idle, time jumps to the next wake-up that was
 * asked for.
 */
import { toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { nodeIdOf } from "#core/identity";
import { WALLETS_DEFAULT } from "#core/limits";
import { type Receipt, receiptRecord } from "#core/records/receipt";
import { TimeQuality } from "#core/units/time";
import { Gateway } from "#gateway/gateway";
import type { GatewayOptions } from "#gateway/options";
import type { Bus, GatewayPorts, LogStore } from "#gateway/ports";
import { storeRegion } from "#host-sim/flash/store-region";
import { CHIP_COUNTERS, chipSample } from "#host-sim/fleet/chip";
import { memoryStore, PowerCut } from "#host-sim/fleet/store";
import { LocalBus } from "#host-sim/sim/local-bus";
import { TableWorld } from "#host-sim/worlds/table-world";
import type { World } from "#host-sim/worlds/types";
import type { EnrolmentConfig, TradePolicy } from "#meter/config";
import { MeterNode } from "#meter/node";
import type { EnergyMeter, KeyValueStore } from "#meter/ports";
import { sodiumCrypto } from "#node/crypto/sodium";
import { openMemoryStore } from "#node/store/memory";

export const crypto: Crypto = sodiumCrypto();
export const FEED_IN_MICRO = 80_000;
export const RETAIL_MICRO = 300_000;

/** `size` bytes that follow from a name. */
export function named(name: string, size = 32): Uint8Array {
  const text = Uint8Array.from(name, (letter) => letter.charCodeAt(0));
  return crypto.sha256(text).slice(0, size);
}

/** A world from rows of net energy by home, Wh: positive is load, negative generation. */
export function worldOf(
  netWh: readonly (readonly number[])[],
  capacityWh = 10_000,
  slotSeconds = 900,
  retail: (slot: number) => number = () => RETAIL_MICRO,
): World {
  return new TableWorld({
    name: "test",
    homes: netWh.map((_, i) => ({ name: `home ${i}`, capacityWh })),
    slotSeconds,
    slots: netWh[0].length,
    startMs: 1_700_000_000_000,
    feedInMicroPerKwh: FEED_IN_MICRO,
    load: (home, slot) => Math.max(0, netWh[home][slot]),
    generation: (home, slot) => Math.max(0, -netWh[home][slot]),
    retail,
  });
}

/** What a test may do to a message between a node and the gateway: false loses it. */
export type Wire = (home: number, topic: string, payload: Uint8Array) => boolean;

export interface LocalAreaSetup {
  world: World;
  options?: Partial<GatewayOptions>;
  store?: LogStore;
  /** Flash of each home's node; default in memory. */
  flash?: (home: number) => KeyValueStore;
  policy?: (home: number) => TradePolicy;
  /** Wallet addresses in a set of each node. */
  wallets?: number;
  secretKey?: (home: number) => Uint8Array;
  /** The gateway that a home's node was set up for; by default this one. */
  gatewayKey?: (home: number) => Uint8Array | undefined;
  /** Who decides on blocks; by default the gateway alone. */
  consensus?: GatewayPorts["consensus"];
  /** An authority's certificates, its anchor key for the nodes, and what they ask for. */
  identity?: GatewayPorts["identity"];
  authority?: Uint8Array;
  enrolment?: (home: number) => EnrolmentConfig | undefined;
  /** The metering chip of a home, where it is not the world's. */
  meter?: (home: number) => EnergyMeter | undefined;
  /** Whether the metering chip does not answer just now. */
  chipSilent?: (home: number) => boolean;
  /** Called at every wake-up of a node. */
  onWake?: (home: number) => void;
  /** Every message that a node publishes, and every one that reaches a node. */
  up?: Wire;
  down?: Wire;
  /**
   * When a node whose power was cut starts again: at once, when nothing else moves, or by the test.
   */
  reboot?: "at once" | "when idle" | "by hand";
  /** Called when a node's power was cut, after its last will went out. */
  onCut?: (home: number) => void;
  /** Called when an exception came out of the gateway; by default it is thrown on. */
  onGatewayFailure?: (error: unknown) => void;
}

interface Running {
  node: MeterNode;
  home: number;
  alive: boolean;
  wakeAtMs: number | undefined;
}

export class LocalArea {
  readonly setup: LocalAreaSetup;
  readonly options: GatewayOptions;
  readonly store: LogStore;
  readonly bus = new LocalBus();
  /** Virtual real time, ms. */
  nowMs = 1_800_000_000_000;
  gateway!: Gateway;
  readonly running: (Running | undefined)[] = [];
  readonly flash: KeyValueStore[] = [];
  /** What each home's node witnesses is kept apart, as on a board. */
  private readonly witnessed: KeyValueStore[] = [];
  readonly logs: { who: string; level: string; event: string; facts: object }[] = [];
  private readonly boots: number[] = [];
  private dead: number[] = [];
  private gatewayWakeAtMs: number | undefined;
  private gatewayLife = { alive: true };

  constructor(setup: LocalAreaSetup) {
    this.setup = setup;
    const { world } = setup;
    this.options = {
      net: "test",
      area: "a",
      secretKey: named("gateway"),
      admit: "open",
      expectNodes: world.homes.length,
      genesisMicro: 100_000_000,
      deposit: undefined,
      slotMs: world.slotSeconds * 1000,
      worldStartMs: world.startMs,
      slots: world.slots,
      clock: { kind: "barrier" },
      slotTimeoutMs: 30_000,
      tickMs: 30_000,
      ageMaxMs: 120_000,
      market: { timing: "ex-post", mode: "auction", pricing: "uniform", kPermille: 500 },
      ...setup.options,
    };
    this.store = setup.store ?? openMemoryStore();
    world.homes.forEach((_, home) => {
      this.flash.push(setup.flash?.(home) ?? memoryStore());
      this.witnessed.push(memoryStore());
    });
  }

  /** A (new) gateway on the same log; the one before is dead. */
  async startGateway(): Promise<void> {
    this.gatewayLife.alive = false;
    const life = { alive: true };
    this.gatewayLife = life;
    this.gatewayWakeAtMs = undefined;
    this.gateway = new Gateway(this.options, this.gatewayPorts(life));
    await this.gateway.start();
  }

  private gatewayPorts(life: { alive: boolean }): GatewayPorts {
    const { world } = this.setup;
    const bus: Bus = {
      publish: (topic, payload, options) => {
        if (life.alive) this.bus.publish(topic, payload, options);
      },
      subscribe: (filter, handler) =>
        this.bus.subscribe(filter, (topic, payload) => {
          if (life.alive) handler(topic, payload);
        }),
      close: async () => {},
    };
    return {
      crypto,
      verifier: {
        verify: (batch) =>
          batch.map((job) => crypto.verify(job.publicKey, job.message, job.signature)),
      },
      store: this.store,
      bus,
      tariff: {
        feedInMicro: world.feedInMicroPerKwh,
        retailMicro: (slot) => world.retailMicroPerKwh(Math.min(slot, world.slots - 1)),
      },
      time: {
        nowMs: () => this.nowMs,
        wakeAfter: (delayMs) => {
          if (life.alive) this.gatewayWakeAtMs = this.nowMs + delayMs;
        },
      },
      probe: () => {},
      consensus: this.setup.consensus,
      identity: this.setup.identity,
      log: (level, event, facts = {}) => this.logs.push({ who: "gateway", level, event, facts }),
    };
  }

  /** Ports for a second gateway that only replays the log of this one. */
  portsForReplay(): GatewayPorts {
    return { ...this.gatewayPorts({ alive: false }), log: () => {} };
  }

  secretKeyOf(home: number): Uint8Array {
    return this.setup.secretKey?.(home) ?? named(`node ${home}`);
  }

  /**
   * A (new) node on the home's flash, connected. Dies quietly where its flash throws a PowerCut.
   */
  startNode(home: number): void {
    const { world, policy } = this.setup;
    const boot = (this.boots[home] = (this.boots[home] ?? 0) + 1);
    let draws = 0;
    const life = { alive: true, wakeAtMs: undefined as number | undefined, home };
    const log = (level: string, event: string, facts = {}) =>
      void this.logs.push({ who: `home ${home}`, level, event, facts });
    const ports = {
      crypto,
      entropy: { bytes: (n: number) => named(`entropy ${home} ${boot} ${draws++}`, n) },
      store: this.flash[home],
      witness: storeRegion(this.witnessed[home]),
      meter: this.setup.meter?.(home) ?? {
        counters: CHIP_COUNTERS,
        sample: (atMs: number) =>
          this.setup.chipSilent?.(home)
            ? undefined
            : chipSample(atMs, world.counters(home, Math.max(0, atMs - world.startMs))),
      },
      transport: {
        publish: (topic: string, payload: Uint8Array, retain: boolean) => {
          if (life.alive && (this.setup.up?.(home, topic, payload) ?? true))
            this.bus.publish(topic, payload, { retain });
        },
      },
      time: {
        uptimeMs: () => this.nowMs,
        utc: () => ({ utcMs: this.nowMs, quality: TimeQuality.synced, errorMs: 0 }),
        wakeAfter: (delayMs: number) => {
          life.wakeAtMs = this.nowMs + delayMs;
        },
      },
      log,
    };
    const { net, area, secretKey } = this.options;
    const config = {
      net,
      area,
      name: world.homes[home].name,
      secretKey: this.secretKeyOf(home),
      gatewayKey: this.setup.gatewayKey?.(home) ?? crypto.publicKey(secretKey),
      capacityWh: world.homes[home].capacityWh,
      wallets: this.setup.wallets ?? WALLETS_DEFAULT,
      policy: policy?.(home) ?? { trade: true },
      authority: this.setup.authority,
      enrolment: this.setup.enrolment?.(home),
    };
    const running: Running = Object.assign(life, {
      node: undefined as unknown as MeterNode,
    });
    this.guard(running, () => {
      running.node = new MeterNode(config, ports);
    });
    if (!running.alive) return;
    this.running[home] = running;
    this.bus.attach(running.node.subscriptions(), (topic, payload) => {
      if (running.alive && (this.setup.down?.(home, topic, payload) ?? true))
        this.guard(running, () => running.node.onMessage(topic, payload));
    });
    this.guard(running, () => running.node.onConnect());
  }

  /** Takes a node off the air as a lost connection does: its last will goes out. */
  stopNode(home: number): void {
    const running = this.running[home];
    if (!running) return;
    running.alive = false;
    this.running[home] = undefined;
    const { topic, payload } = running.node.will();
    const bytes = Uint8Array.from(payload, (letter) => letter.charCodeAt(0));
    this.bus.publish(topic, bytes, { retain: true });
  }

  private guard(running: Running, event: () => void): void {
    try {
      event();
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      running.alive = false;
      if (this.running[running.home] === running) {
        running.alive = true; // only for its will
        this.stopNode(running.home);
      }
      this.dead.push(running.home);
      this.setup.onCut?.(running.home);
    }
  }

  async start(homes = this.setup.world.homes.map((_, home) => home)): Promise<void> {
    await this.guardGateway(() => this.startGateway());
    for (const home of homes) this.startNode(home);
  }

  /** Delivers until nothing moves at the present instant. */
  async settle(): Promise<void> {
    do {
      await this.bus.pump();
      if (this.setup.reboot === "at once") this.rebootDead();
      await this.guardGateway(() => this.gateway.process());
      if (this.bus.idle && this.setup.reboot === "when idle") this.rebootDead();
    } while (!this.bus.idle);
  }

  private rebootDead(): void {
    const { dead } = this;
    this.dead = [];
    for (const home of dead) this.startNode(home);
  }

  private async guardGateway(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.setup.onGatewayFailure) throw error;
      this.gatewayLife.alive = false;
      this.setup.onGatewayFailure(error);
      await this.guardGateway(() => this.startGateway());
    }
  }

  /** Real time of the next wake-up that anybody asked for. */
  nextWakeMs(): number | undefined {
    let next = this.gatewayWakeAtMs;
    for (const running of this.running) {
      const at = running?.alive ? running.wakeAtMs : undefined;
      if (at !== undefined && (next === undefined || at < next)) next = at;
    }
    return next;
  }

  /** Jumps to real time `ms` and fires what was asked for until then. */
  async advanceTo(ms: number): Promise<void> {
    this.nowMs = Math.max(this.nowMs, ms);
    for (const running of this.running) {
      if (!running?.alive || running.wakeAtMs === undefined || running.wakeAtMs > this.nowMs)
        continue;
      running.wakeAtMs = undefined;
      this.setup.onWake?.(running.home);
      this.guard(running, () => running.node.onTimer());
    }
    if (this.gatewayWakeAtMs !== undefined && this.gatewayWakeAtMs <= this.nowMs) {
      this.gatewayWakeAtMs = undefined;
      await this.guardGateway(() => this.gateway.onTimer());
    }
  }

  /** Runs until all slots are settled, or until `until` says so. */
  async run(until: () => boolean = () => false, jumpsMax = 10_000): Promise<void> {
    for (let jumps = 0; ; jumps++) {
      await this.settle();
      if (this.gateway.area.finished || until()) return;
      const next = this.nextWakeMs();
      assert(next !== undefined, "TEST_STUCK", this.describe());
      assert(jumps < jumpsMax, "TEST_ENDLESS", this.describe());
      await this.advanceTo(next);
    }
  }

  describe(): string {
    const { runs, sessions } = this.gateway.area;
    const open = [...runs.values()].map((run) => `${run.slot} ${run.phase}`);
    const online = [...sessions.values()].map((session) => `${session.online}/${session.saidSeq}`);
    return `runs ${open.join()}, sessions ${online.join()}, log ${this.store.length}`;
  }

  get state() {
    return this.gateway.area.chain.state;
  }

  nodeId(home: number): string {
    return toHex(nodeIdOf(crypto, crypto.publicKey(this.secretKeyOf(home))));
  }
}

/** A receipt as it came down. */
export function openReceipt(payload: Uint8Array): Receipt {
  const opened = openSigned(receiptRecord, crypto, payload);
  assert(opened.ok, "TEST_RECEIPT");
  return opened.value;
}
