// SPDX-License-Identifier: Apache-2.0
/**
 * A whole area in one process: a gateway and its meters over an in-memory bus, with libsodium, a
 * small table of energy and simulated time. Real code on both sides; only the network, the disk and
 * the clocks are not.
 *
 *     const run = new AreaRun({ nodes: 4, slots: 6 });
 *     await run.finish();
 *     run.entries();          // the gateway's log
 *     run.area.chain.state    // what it made of it
 */
import type { Crypto } from "#core/crypto/port";
import { WALLETS_DEFAULT } from "#core/limits";
import { TimeQuality } from "#core/units/time";
import type { Area } from "#gateway/area";
import { Gateway } from "#gateway/gateway";
import type { GatewayOptions } from "#gateway/options";
import type { LogEntry, LogStore } from "#gateway/ports";
import { storeRegion } from "#host-sim/flash/store-region";
import { CHIP_COUNTERS, chipSample } from "#host-sim/fleet/chip";
import { LocalBus } from "#host-sim/sim/local-bus";
import { TableWorld } from "#host-sim/worlds/table-world";
import type { World } from "#host-sim/worlds/types";
import type { TradePolicy } from "#meter/config";
import { MeterNode } from "#meter/node";
import type { KeyValueStore } from "#meter/ports";
import { sodiumCrypto } from "#node/crypto/sodium";
import { openMemoryStore } from "#node/store/memory";

export interface AreaRunOptions {
  nodes?: number;
  slots?: number;
  /** Where the energy comes from; default `smallWorld(nodes, slots)`. */
  world?: World;
  /** Changes to the gateway's options. */
  gateway?: Partial<GatewayOptions>;
  market?: Partial<GatewayOptions["market"]>;
  policy?: (node: number) => TradePolicy;
  store?: LogStore;
  /** Called with the gateway before it starts: the place to make it lie. */
  tamper?: (gateway: Gateway) => void;
  /** Whether a message from this home's node gets lost on its way. */
  lose?: (home: number, topic: string, run: AreaRun, payload: Uint8Array) => boolean;
  /** Default STUCK_AFTER: more where members that nobody hears go on asking. */
  stuckAfter?: number;
  log?: (who: string, level: string, event: string, facts?: Record<string, unknown>) => void;
}

/** What a node says of itself on its state topic. */
export interface NodeFacts {
  state: string;
  boot: number;
  alarm?: string;
  detail?: string;
}

/** Turns without any message after which the earliest timer is let go off. */
const IDLE_TURNS = 2;
/** Timers in a row that bring nothing about: then nothing ever will, if all are heard. */
const STUCK_AFTER = 50;

export class AreaRun {
  readonly crypto: Crypto = sodiumCrypto();
  readonly secretKey: Uint8Array;
  readonly world: World;
  readonly bus = new LocalBus();
  readonly store: LogStore;
  readonly gateway: Gateway;
  readonly nodes: MeterNode[] = [];
  /** The latest state that each node published, by name. */
  readonly facts = new Map<string, NodeFacts>();
  /** Every alarm ever raised, as `name code`. */
  readonly alarms = new Set<string>();
  nowMs = 1_700_000_000_000;
  private readonly options: AreaRunOptions;
  /** Flash of each home's node, which a crash leaves as it is; and how to take its present start off the bus. */
  private readonly flash: { store: KeyValueStore; witness: KeyValueStore }[] = [];
  private readonly off: (() => void)[] = [];
  private readonly wakes = new Map<string, { atMs: number; fire: () => void | Promise<void> }>();

  constructor(options: AreaRunOptions = {}) {
    this.options = options;
    this.secretKey = this.key(0);
    this.world = options.world ?? smallWorld(options.nodes ?? 4, options.slots ?? 6);
    this.store = options.store ?? openMemoryStore();
    this.gateway = this.makeGateway();
    options.tamper?.(this.gateway);
    this.world.homes.forEach((home, i) => {
      this.nodes.push(this.makeNode(home.name, home.capacityWh, i));
    });
  }

  get area(): Area {
    return this.gateway.area;
  }

  /** The log, as copies. */
  entries(): LogEntry[] {
    return [...this.store.read()];
  }

  /** Runs until all slots are settled, or nothing moves any more. True where it finished. */
  async finish(): Promise<boolean> {
    await this.gateway.start();
    for (const node of this.nodes) node.onConnect();
    let idle = 0;
    let timers = 0;
    const stuckAfter = this.options.stuckAfter ?? STUCK_AFTER;
    while (!this.area.finished && timers < stuckAfter) {
      await this.bus.pump();
      await this.gateway.process();
      if (!this.bus.idle) {
        idle = 0;
        if (this.area.finished) break;
        continue;
      }
      if (++idle < IDLE_TURNS) continue;
      const before = this.bus.delivered;
      if (!(await this.fireNext())) break;
      await this.bus.pump();
      timers = this.bus.delivered > before ? 0 : timers + 1;
    }
    for (let i = 0; i < 5; i++) await this.bus.pump();
    return this.area.finished;
  }

  /** Simulated time goes on to the earliest timer. */
  private async fireNext(): Promise<boolean> {
    let next: string | undefined;
    for (const [who, { atMs }] of this.wakes)
      if (next === undefined || atMs < this.wakes.get(next)!.atMs) next = who;
    if (next === undefined) return false;
    const { atMs, fire } = this.wakes.get(next)!;
    this.wakes.delete(next);
    this.nowMs = Math.max(this.nowMs, atMs);
    await fire();
    return true;
  }

  private time(who: string, fire: () => void | Promise<void>, isOn = () => true) {
    return {
      nowMs: () => this.nowMs,
      uptimeMs: () => this.nowMs,
      utc: () => ({ utcMs: this.nowMs, quality: TimeQuality.synced, errorMs: 0 }),
      wakeAfter: (delayMs: number) => {
        if (isOn()) this.wakes.set(who, { atMs: this.nowMs + delayMs, fire });
      },
    };
  }

  /** The home's node stops within whatever it does, and starts again from its flash after `outageMs`. */
  crash(home: number, outageMs: number): void {
    this.off[home]();
    const { name, capacityWh } = this.world.homes[home];
    const fire = (): void => {
      this.nodes[home] = this.makeNode(name, capacityWh, home);
      this.nodes[home].onConnect();
    };
    this.wakes.set(name, { atMs: this.nowMs + outageMs, fire });
  }

  /** The secret key of a home's node. */
  keyOf(home: number): Uint8Array {
    return this.key(home + 1);
  }

  private key(number: number): Uint8Array {
    return this.crypto.sha256(new Uint8Array([77, number & 255, number >> 8]));
  }

  private makeGateway(): Gateway {
    const { crypto, world, options } = this;
    const lastSlot = world.slots - 1;
    return new Gateway(
      {
        net: "test",
        area: "a",
        secretKey: this.secretKey,
        admit: "open",
        expectNodes: world.homes.length,
        genesisMicro: 100_000_000,
        deposit: { belowMicro: 20_000_000, toMicro: 100_000_000 },
        slotMs: world.slotSeconds * 1000,
        worldStartMs: world.startMs,
        slots: world.slots,
        clock: { kind: "barrier" },
        slotTimeoutMs: 30_000,
        tickMs: 30_000,
        ageMaxMs: 120_000,
        market: {
          timing: "ex-post",
          mode: "auction",
          pricing: "uniform",
          kPermille: 500,
          ...options.market,
        },
        ...options.gateway,
      },
      {
        crypto,
        verifier: {
          verify: (batch) => batch.map((j) => crypto.verify(j.publicKey, j.message, j.signature)),
        },
        store: this.store,
        bus: this.bus,
        tariff: {
          feedInMicro: world.feedInMicroPerKwh,
          retailMicro: (slot) => world.retailMicroPerKwh(Math.min(slot, lastSlot)),
        },
        time: this.time("gateway", () => this.gateway.onTimer()),
        probe: () => {},
        log: (level, event, facts) => this.log("gateway", level, event, facts),
      },
    );
  }

  private makeNode(name: string, capacityWh: number, home: number): MeterNode {
    const { crypto, world, bus } = this;
    let drawn = 0;
    let on = true;
    const isOn = (): boolean => on;
    this.flash[home] ??= { store: mapStore(), witness: mapStore() };
    const store = switched(this.flash[home].store, isOn);
    const witness = switched(this.flash[home].witness, isOn);
    const node: MeterNode = new MeterNode(
      {
        net: "test",
        area: "a",
        name,
        secretKey: this.keyOf(home),
        gatewayKey: crypto.publicKey(this.secretKey),
        capacityWh,
        wallets: WALLETS_DEFAULT,
        policy: this.options.policy?.(home) ?? { trade: true },
      },
      {
        crypto,
        entropy: {
          bytes: (length) => {
            drawn++;
            const seed = [home, drawn & 255, (drawn >> 8) & 255, drawn >> 16];
            return crypto.sha256(new Uint8Array(seed)).slice(0, length);
          },
        },
        store,
        witness: this.options.gateway?.pot && storeRegion(witness),
        meter: {
          counters: CHIP_COUNTERS,
          sample: (atMs) =>
            chipSample(atMs, world.counters(home, Math.max(0, atMs - world.startMs))),
        },
        transport: {
          publish: (topic, payload, retain) => {
            if (!on) return;
            if (topic.endsWith("/state")) this.heard(name, payload);
            if (this.options.lose?.(home, topic, this, payload)) return;
            bus.publish(topic, payload, { retain });
          },
        },
        time: this.time(name, () => node.onTimer(), isOn),
        log: (level, event, facts) => this.log(name, level, event, facts),
      },
    );
    const there = bus.attach(node.subscriptions(), (topic, payload) => {
      if (on) return node.onMessage(topic, payload);
    });
    this.off[home] = () => {
      on = false;
      there.detach();
    };
    return node;
  }

  private heard(name: string, payload: Uint8Array): void {
    const facts = JSON.parse(new TextDecoder().decode(payload)) as NodeFacts;
    this.facts.set(name, facts);
    if (facts.alarm) this.alarms.add(`${name} ${facts.alarm}`);
  }

  private log(who: string, level: string, event: string, facts?: Record<string, unknown>): void {
    this.options.log?.(who, level, event, facts);
  }
}

/** Flash as a node sees it: what it writes after its power went is not there. */
function switched(store: KeyValueStore, isOn: () => boolean): KeyValueStore {
  return {
    ...store,
    set: (key, value) => void (isOn() && store.set(key, value)),
    delete: (key) => void (isOn() && store.delete(key)),
  };
}

function mapStore(): KeyValueStore {
  const flash = new Map<string, Uint8Array>();
  return {
    get: (key) => flash.get(key),
    set: (key, value) => void flash.set(key, value),
    delete: (key) => void flash.delete(key),
    keys: (prefix) => [...flash.keys()].filter((key) => key.startsWith(prefix)),
  };
}

/**
 * Homes that differ, so that every slot has bids and offers and the offers are short: every third
 * home has more sun than load in even slots; prices change from slot to slot.
 */
export function smallWorld(
  nodes: number,
  slots: number,
  nameOf = (home: number): string => `home_${home}`,
): TableWorld {
  return new TableWorld({
    name: "small",
    homes: Array.from({ length: nodes }, (_, i) => ({ name: nameOf(i), capacityWh: 9200 })),
    slotSeconds: 900,
    slots,
    startMs: 1_600_000_200_000,
    feedInMicroPerKwh: 80_000,
    load: (home, slot) => 150 + 37 * home + ((slot * 53 + home * 29) % 41),
    generation: (home, slot) => (home % 3 === 0 ? 480 + 90 * (slot % 4) + 11 * home : 20),
    retail: (slot) => 250_000 + 10_000 * (slot % 3),
  });
}
