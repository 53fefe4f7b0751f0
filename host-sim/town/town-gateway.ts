// SPDX-License-Identifier: Apache-2.0
/** One gateway of a town: the real one, on its own broker, store and clock, through crashes. */
import type { ConsortiumPorts } from "#gateway/consortium/ports";
import { Gateway } from "#gateway/gateway";
import type { GatewayOptions } from "#gateway/options";
import type { LogStore } from "#gateway/ports";
import { openMemoryStore } from "#node/store/memory";
import { tariffOf } from "../setup.ts";
import { type Client, FaultyBus } from "../smartchain/bus.ts";
import { randomStream } from "../worlds/random.ts";
import type { Town } from "./town.ts";

/** Ends whatever a gateway is doing. */
export class PowerCut extends Error {
  override readonly name = "PowerCut";
}

export class TownGateway {
  readonly index: number;
  readonly id: string;
  options: GatewayOptions;
  readonly bus: FaultyBus;
  store: LogStore = openMemoryStore();
  gateway: Gateway | undefined;
  /** How far its clock is ahead, ms, and how much faster it runs, millionths. */
  skewMs = 0;
  driftPpm = 0;
  /** The gateway of this life or of the one before. */
  latest: Gateway | undefined;
  private readonly town: Town;
  client: Client | undefined;
  private life = 0;
  /** Calls into the gateway that are under way. */
  private inside = 0;
  private timer = 0;

  constructor(town: Town, index: number, id: string, options: GatewayOptions) {
    this.town = town;
    this.index = index;
    this.id = id;
    this.options = options;
    const { agenda, seed, weather } = town;
    this.bus = new FaultyBus(agenda, randomStream(seed, 20 + index), weather.area);
  }

  get up(): boolean {
    return this.gateway !== undefined;
  }

  /** Its own clock. */
  get nowMs(): number {
    const { agenda, world } = this.town;
    const drift = Math.round(((agenda.nowMs - world.startMs) * this.driftPpm) / 1_000_000);
    return agenda.nowMs + this.skewMs + drift;
  }

  async start(): Promise<void> {
    const { town, bus } = this;
    const { agenda, crypto } = town;
    const life = ++this.life;
    const alive = (): boolean => this.life === life;
    const client = bus.attach("gateway", [], (topic, payload) => {
      if (alive()) gateway.deliver(topic, payload);
    });
    this.client = client;
    const gateway: Gateway = new Gateway(this.options, {
      crypto,
      verifier: {
        verify: (jobs) => {
          const right = () =>
            jobs.map((job) => crypto.verify(job.publicKey, job.message, job.signature));
          return town.verifyMs > 0 ? this.later(right, alive) : right();
        },
      },
      store: this.store,
      bus: {
        publish: (topic, payload, { retain }) => {
          const said = alive() ? town.publishes(this, topic, payload) : undefined;
          if (said) bus.publish(client, topic, said, retain);
        },
        subscribe: (filter) => void (client.filters = [...client.filters, filter]),
        close: async () => {},
      },
      tariff: tariffOf(town.world),
      time: {
        nowMs: () => this.nowMs,
        wakeAfter: (delayMs) => {
          const mine = ++this.timer;
          agenda.at(agenda.nowMs + delayMs, async () => {
            if (mine === this.timer && alive()) await this.guard(() => gateway.onTimer());
          });
        },
      },
      packer: town.packer,
      identity: town.identityOf(this.index),
      probe: (stage) => town.probe(this, stage),
      log: (level, event, facts) => town.log(this, level, event, facts),
      ...(this.options.consortium && { consortium: this.consortium(alive) }),
    });
    let due = false;
    gateway.onWork = () => {
      if (due) return;
      due = true;
      agenda.at(agenda.nowMs + town.turnMs, () => {
        due = false;
        if (!alive()) return undefined;
        const done = this.guard(() => gateway.process());
        if (town.verifyMs === 0) return done;
        town.stirred = true;
        return undefined;
      });
    };
    this.gateway = gateway;
    this.latest = gateway;
    await this.guard(() => gateway.start());
    if (alive()) bus.resume(client);
  }

  private consortium(alive: () => boolean): ConsortiumPorts {
    const { town } = this;
    const { agenda, net } = town;
    const link = net.link(this.id);
    return {
      link: {
        send: (to, kind, bytes) => {
          town.probe(this, `send ${kind}`);
          link.send(to, kind, bytes);
        },
        listen: (handler) =>
          link.listen((from, kind, bytes) => {
            if (alive()) this.act(() => handler(from, kind, bytes));
          }),
      },
      beacon: town.beaconOf(this.options.secretKey),
      after: (delayMs, run) => {
        const searchMs = delayMs === 0 && town.workMs > 0 ? town.random.below(town.workMs) : 0;
        agenda.at(agenda.nowMs + Math.max(searchMs, delayMs), () => {
          if (alive()) return this.guard(run);
          return undefined;
        });
      },
      entropy: (length) => Uint8Array.from({ length }, () => town.random.below(256)),
    };
  }

  /**
   * Power is cut, and comes again after so long; what is in the store stays. Called from within the gateway
   * it ends what that is doing.
   */
  crash(downMs: number): void {
    if (!this.gateway) return;
    this.fall(downMs);
    if (this.inside > 0) throw new PowerCut();
  }

  /** The same from outside, or before a PowerCut is thrown. */
  fall(downMs: number): void {
    const { agenda, net } = this.town;
    if (!this.gateway) return;
    this.life++;
    net.unlink(this.id);
    if (this.client) this.bus.detach(this.client);
    this.gateway = undefined;
    if (Number.isFinite(downMs)) agenda.at(agenda.nowMs + downMs, () => this.start());
  }

  /** It is told to end, whatever it is doing, or after it failed; it starts again after so long. */
  halt(downMs: number): void {
    this.tell((gateway) => gateway.stop());
    this.fall(downMs);
  }

  /** Its next start finds a new disk; that its key was used before the operator says. */
  loseDisk(): void {
    this.store = openMemoryStore();
    const { consortium } = this.options;
    this.options = {
      ...this.options,
      ...(consortium && { consortium: { ...consortium, keyUsed: true } }),
    };
  }

  /** An answer that takes its time; what has died meanwhile does not get it. */
  private later<T>(answer: () => T, alive: () => boolean): Promise<T> {
    const { town } = this;
    const { agenda, random, verifyMs } = town;
    town.waits(this);
    return new Promise((resolve) => {
      agenda.at(agenda.nowMs + random.below(verifyMs), () => {
        if (!alive()) return;
        town.stirred = true;
        resolve(answer());
      });
    });
  }

  /** Its operator tells it something. */
  tell(say: (gateway: Gateway) => void): void {
    const { gateway } = this;
    if (gateway) this.act(() => say(gateway));
  }

  /** Does something of this life; a power cut ends it. */
  private async guard(act: () => void | Promise<void>): Promise<void> {
    this.inside++;
    try {
      await act();
    } catch (error) {
      if (!(error instanceof PowerCut)) this.town.failed(this, error);
    } finally {
      this.inside--;
    }
  }

  private act(act: () => void): void {
    this.inside++;
    try {
      act();
    } catch (error) {
      if (!(error instanceof PowerCut)) this.town.failed(this, error);
    } finally {
      this.inside--;
    }
  }
}
