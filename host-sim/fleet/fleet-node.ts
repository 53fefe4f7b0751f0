// SPDX-License-Identifier: Apache-2.0
/** One member of a fleet through its starts, failures and power cuts. */
import type { NodeConfig } from "#meter/config";
import type { LogLevel } from "#meter/ports";
import { sodiumCrypto } from "#node/crypto/sodium";
import { tokenPasswords } from "#node/mqtt/token";
import { type BatteryTrace, countersOf, Pack } from "../battery/pack.ts";
import { storeRegion } from "../flash/store-region.ts";
import type { NodeFace } from "../panel/protocol.ts";
import { chipSample } from "./chip.ts";
import type { FleetOptions } from "./fleet.ts";
import { Link } from "./link.ts";
import { FAILURES_MAX } from "./places.ts";
import type { NodeHost, NodeIo, NodeSetup, NodeStats } from "./types.ts";

/** Longest delay that setTimeout takes. */
const TIMER_MAX_MS = 0x7fffffff;

/** What a node shows, and how much it heard since its start, by the last level of the topic. */
export interface Shown {
  /** Undefined where it does not run. */
  face: NodeFace | undefined;
  heard: Record<string, number>;
}

/** One start of the node, until it is stopped or dies. */
interface Life {
  host: NodeHost;
  link: Link;
  heard: Map<string, number>;
}

export class FleetNode {
  readonly index: number;
  readonly setup: NodeSetup;
  id = "";
  starts = 0;
  /** Why it is dead; undefined while it runs or was stopped on purpose. */
  failure: string | undefined;
  published = 0;
  received = 0;
  dropped = 0;
  /** How often it went on at the next gateway. */
  moves = 0;
  /** Of the lives that are over. */
  readonly past: NodeStats[] = [];
  private readonly options: FleetOptions;
  /** Its battery, which lives through all starts. */
  private readonly pack: Pack | undefined;
  private life: Life | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** Starts, stops and restarts, one after the other. */
  private order: Promise<void> = Promise.resolve();

  constructor(index: number, setup: NodeSetup, options: FleetOptions) {
    this.index = index;
    this.setup = setup;
    this.options = options;
    const spec = options.world.battery(setup.home);
    this.pack = spec && new Pack(setup.home, spec, options.world, options.worldStartMs);
  }

  /** What its battery did. */
  get battery(): BatteryTrace | undefined {
    return this.pack?.trace();
  }

  get running(): boolean {
    return this.life !== undefined;
  }

  get connected(): boolean {
    return this.life?.link.connected ?? false;
  }

  async stats(): Promise<NodeStats | undefined> {
    return this.life?.host.stats();
  }

  async look(): Promise<Shown> {
    const { life } = this;
    const face = await life?.host.look();
    const heard = Object.fromEntries(life?.heard ?? []);
    return { face: face === undefined ? undefined : (JSON.parse(face) as NodeFace), heard };
  }

  start(): Promise<void> {
    return this.inOrder(() => this.begin());
  }

  stop(): Promise<void> {
    return this.inOrder(() => this.cut());
  }

  restart(): Promise<void> {
    return this.inOrder(async () => {
      await this.cut();
      await this.begin();
    });
  }

  end(): Promise<void> {
    return this.inOrder(async () => {
      await this.life?.link.end();
      await this.cut();
    });
  }

  private inOrder(act: () => Promise<void>): Promise<void> {
    return (this.order = this.order.then(act));
  }

  private async begin(): Promise<void> {
    const boots = this.starts++;
    this.failure = undefined;
    // The application says nothing before it is connected, so io needs no link until then.
    const own: { life?: Life } = {};
    const { config, url } = this.place();
    let host: NodeHost;
    try {
      host = await this.options.engine.start({ ...this.setup, config, boots }, this.ioFor(own));
    } catch (error) {
      this.fail(error instanceof Error ? error.message : String(error), error);
      return;
    }
    this.id = host.id;
    const heard = new Map<string, number>();
    const link = new Link({
      url,
      id: host.id,
      password: this.passwords(config, host.id),
      ca: this.options.ca,
      subscriptions: host.subscriptions,
      will: host.will,
      connected: () => host.connected(),
      disconnected: () => host.disconnected(),
      message: (topic, payload) => {
        this.received++;
        const kind = topic.slice(topic.lastIndexOf("/") + 1);
        heard.set(kind, (heard.get(kind) ?? 0) + 1);
        this.pack?.hear(sodiumCrypto(), topic, payload);
        return host.message(topic, payload);
      },
      failed: (attempts) => {
        if (own.life === this.life && attempts >= FAILURES_MAX) this.move();
      },
      log: (level, event, facts) => this.log(level, event, facts),
    });
    this.life = own.life = { host, link, heard };
    await link.open();
  }

  /** Whom it speaks with now, and where. */
  private place(): { config: NodeConfig; url: string } {
    const { config } = this.setup;
    const { places, mqttUrl } = this.options;
    if (!places) return { config, url: mqttUrl };
    const { area, gatewayKey, url } = places[(this.index + this.moves) % places.length];
    const gateways = places.map((place) => place.gatewayKey);
    return { config: { ...config, area, gatewayKey, gateways }, url };
  }

  /** Its gateway is away, or false: it starts anew, as for other settings, and goes on at the next. */
  private move(): void {
    if ((this.options.places?.length ?? 1) < 2) return;
    this.moves++;
    this.log("warn", "gateway-away", { moves: this.moves });
    void this.restart();
  }

  private passwords(config: NodeConfig, client: string): () => Buffer {
    const { passwordOf } = this.options;
    if (passwordOf) return () => Buffer.from(passwordOf(client));
    const { secretKey, net, gatewayKey } = config;
    const nowMs = this.options.nowMs ?? Date.now;
    return tokenPasswords({ crypto: sodiumCrypto(), secretKey, net, gatewayKey, client, nowMs });
  }

  private ioFor(own: { life?: Life }): NodeIo {
    const { options } = this;
    // What an earlier life still says after it is over goes nowhere.
    const current = () => own.life !== undefined && own.life === this.life;
    return {
      publish: (topic, payload, retain) => {
        if (!current()) return;
        this.published++;
        own.life!.link.publish(topic, payload, retain);
      },
      sample: (atMs) => {
        const sinceMs = atMs - options.worldStartMs;
        if (sinceMs < 0) return undefined; // a guest that is looked at has not heard the time
        return chipSample(atMs, countersOf(options.world, this.pack, this.setup.home, sinceMs));
      },
      store: options.storeFor(this.index),
      witness: storeRegion(options.storeFor(this.index)),
      battery: this.pack,
      uptimeMs: options.nowMs ?? (() => Math.floor(performance.now())),
      utcMs: options.nowMs ?? Date.now,
      wakeAfter: (delayMs) => {
        if (current()) this.wakeAfter(own.life!.host, delayMs);
      },
      log: (level, event, facts) => {
        this.log(level, event, facts);
        if (event === "leaves-gateway" && current()) this.move();
      },
      failed: (reason, cause) => {
        if (current()) this.died(reason, cause);
      },
    };
  }

  private wakeAfter(host: NodeHost, delayMs: number): void {
    clearTimeout(this.timer);
    const ms = Math.min(TIMER_MAX_MS, Math.max(0, Math.ceil(delayMs)));
    this.timer = setTimeout(() => void host.timer(), ms);
  }

  /** It died in an event: its power is gone too, so that the broker tells the others. */
  private died(reason: string, cause: unknown): void {
    void this.stop();
    this.fail(reason, cause);
  }

  private fail(reason: string, cause: unknown): void {
    this.failure = reason;
    this.log("error", "node-failed", { reason });
    this.options.onFailed?.(this.index, reason, cause);
  }

  private async cut(): Promise<void> {
    const { life } = this;
    if (!life) return;
    this.life = undefined;
    clearTimeout(this.timer);
    life.link.cut();
    this.dropped += life.link.dropped;
    const stats = await life.host.stats();
    if (stats) this.past.push(stats);
    await life.host.close();
  }

  private log(level: LogLevel, event: string, facts?: Record<string, string | number>): void {
    this.options.log?.(level, event, { node: this.setup.config.name, ...facts });
  }
}
