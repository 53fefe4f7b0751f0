// SPDX-License-Identifier: Apache-2.0
/** One gateway of a town: the real one, on its own broker, store and clock, through crashes. */
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
  /** How far its clock is ahead, ms. */
  skewMs = 0;
  private readonly town: Town;
  private client: Client | undefined;
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

  async start(): Promise<void> {
    const { town, bus } = this;
    const { agenda, crypto, net } = town;
    const life = ++this.life;
    const alive = (): boolean => this.life === life;
    const client = bus.attach("gateway", [], (topic, payload) => {
      if (alive()) gateway.deliver(topic, payload);
    });
    this.client = client;
    const nowMs = (): number => agenda.nowMs + this.skewMs;
    const gateway: Gateway = new Gateway(this.options, {
      crypto,
      verifier: {
        verify: (jobs) =>
          jobs.map((job) => crypto.verify(job.publicKey, job.message, job.signature)),
      },
      store: this.store,
      bus: {
        publish: (topic, payload, { retain }) => {
          if (alive()) bus.publish(client, topic, payload, retain);
        },
        subscribe: (filter) => void (client.filters = [...client.filters, filter]),
        close: async () => {},
      },
      tariff: tariffOf(town.world),
      time: {
        nowMs,
        wakeAfter: (delayMs) => {
          const mine = ++this.timer;
          agenda.at(agenda.nowMs + delayMs, async () => {
            if (mine === this.timer && alive()) await this.guard(() => gateway.onTimer());
          });
        },
      },
      probe: (stage) => town.probe(this, stage),
      log: (level, event, facts) => town.log(this, level, event, facts),
      ...(this.options.consortium && {
        consortium: {
          link: net.link(this.id),
          beacon: town.beaconOf(this.options.secretKey),
          after: (delayMs, run) =>
            agenda.at(agenda.nowMs + Math.max(0, delayMs), () => {
              if (alive()) return this.guard(run);
              return undefined;
            }),
          entropy: (length) => Uint8Array.from({ length }, () => town.random.below(256)),
        },
      }),
    });
    let due = false;
    gateway.onWork = () => {
      if (due) return;
      due = true;
      agenda.at(agenda.nowMs + town.turnMs, async () => {
        due = false;
        if (alive()) await this.guard(() => gateway.process());
      });
    };
    this.gateway = gateway;
    await this.guard(() => gateway.start());
    if (alive()) bus.resume(client);
  }

  /**
   * Power is cut, and comes again after so long; what is in the store stays. Called from within the gateway
   * it ends what that is doing.
   */
  crash(downMs: number): void {
    const { agenda, net } = this.town;
    if (!this.gateway) return;
    this.life++;
    net.unlink(this.id);
    if (this.client) this.bus.detach(this.client);
    this.gateway = undefined;
    if (Number.isFinite(downMs)) agenda.at(agenda.nowMs + downMs, () => this.start());
    if (this.inside > 0) throw new PowerCut();
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

  /** Does something of this life; a power cut ends it. */
  private async guard(act: () => void | Promise<void>): Promise<void> {
    this.inside++;
    try {
      await act();
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
    } finally {
      this.inside--;
    }
  }
}
