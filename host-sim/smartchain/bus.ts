// SPDX-License-Identifier: Apache-2.0
/**
 * MQTT as it is on a bad day, on a virtual clock: every delivery has a delay of its own, so that messages
 * overtake each other; some come twice, some never, and whole members are cut off for a while. All by seed.
 */
import { topicMatches } from "#node/mqtt/topic-filter";
import type { Agenda } from "../agenda.ts";
import type { Random } from "../worlds/random.ts";

export type Handler = (topic: string, payload: Uint8Array) => void | Promise<void>;

/** Chances in a thousand, and delays in ms. */
export interface Weather {
  dropPermille: number;
  duplicatePermille: number;
  /** Most deliveries take up to this … */
  delayMs: number;
  /** … and a few up to this. */
  stragglerPermille: number;
  stragglerMs: number;
}

export interface Client {
  readonly name: string;
  filters: readonly string[];
  handler: Handler;
  /** What is said to it and by it is lost. */
  cut: boolean;
}

/** What happened on the bus. */
export interface BusCounts {
  delivered: number;
  dropped: number;
  duplicated: number;
  late: number;
}

export class FaultyBus {
  readonly counts: BusCounts = { delivered: 0, dropped: 0, duplicated: 0, late: 0 };
  /** Sees everything that is published, before the weather does. */
  tap: (from: string, topic: string, payload: Uint8Array) => void = () => {};
  /** What never arrives, whatever the weather. */
  lost: (topic: string) => boolean = () => false;
  /** Called after each delivery. */
  after: () => void = () => {};
  weather: Weather;
  private readonly agenda: Agenda;
  private readonly random: Random;
  private readonly clients: Client[] = [];
  private readonly matches = new Map<readonly string[], Map<string, boolean>>();
  private readonly retained = new Map<string, Uint8Array>();

  constructor(agenda: Agenda, random: Random, weather: Weather) {
    this.agenda = agenda;
    this.random = random;
    this.weather = weather;
  }

  /** A client hears what is retained, and then what is said. */
  attach(name: string, filters: readonly string[], handler: Handler): Client {
    const client: Client = { name, filters, handler, cut: false };
    this.clients.push(client);
    this.resume(client);
    return client;
  }

  detach(client: Client): void {
    const at = this.clients.indexOf(client);
    if (at >= 0) this.clients.splice(at, 1);
    client.cut = true;
  }

  /** Whether it is attached, connected or not. */
  has(client: Client): boolean {
    return this.clients.includes(client);
  }

  /** The connection is new: what is retained comes again. */
  resume(client: Client): void {
    client.cut = false;
    for (const [topic, payload] of this.retained)
      if (client.filters.some((filter) => topicMatches(filter, topic)))
        this.send(client, topic, payload, false);
  }

  publish(from: Client | undefined, topic: string, payload: Uint8Array, retain: boolean): void {
    this.tap(from?.name ?? "", topic, payload);
    if (from?.cut || this.lost(topic)) {
      this.counts.dropped++;
      return;
    }
    if (retain) {
      if (payload.length === 0) this.retained.delete(topic);
      else this.retained.set(topic, payload.slice());
    }
    for (const client of this.clients)
      if (this.hears(client, topic)) this.send(client, topic, payload, !retain);
  }

  private hears({ filters }: Client, topic: string): boolean {
    let known = this.matches.get(filters);
    if (!known) this.matches.set(filters, (known = new Map()));
    let matches = known.get(topic);
    if (matches === undefined) {
      matches = filters.some((filter) => topicMatches(filter, topic));
      known.set(topic, matches);
    }
    return matches;
  }

  /** Straight to one client, whoever is allowed to say it. */
  inject(client: Client, topic: string, payload: Uint8Array): void {
    this.send(client, topic, payload, true);
  }

  private send(client: Client, topic: string, payload: Uint8Array, mayDrop: boolean): void {
    const { random, weather, counts } = this;
    const roll = (permille: number): boolean => random.below(1000) < permille;
    let copies = 1;
    if (mayDrop && roll(weather.dropPermille)) {
      copies = 0;
      counts.dropped++;
    } else if (roll(weather.duplicatePermille)) {
      copies = 2;
      counts.duplicated++;
    }
    for (let i = 0; i < copies; i++) {
      const straggles = roll(weather.stragglerPermille);
      if (straggles) counts.late++;
      const delayMs = 1 + random.below(straggles ? weather.stragglerMs : weather.delayMs);
      const copy = payload.slice();
      this.agenda.at(this.agenda.nowMs + delayMs, async () => {
        if (client.cut) {
          counts.dropped++;
          return;
        }
        counts.delivered++;
        await client.handler(topic, copy);
        this.after();
      });
    }
  }
}
