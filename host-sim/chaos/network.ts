// SPDX-License-Identifier: Apache-2.0
/** Links between hosts on a bad day: each message has its own delay; some come twice, some never. */

import type { Agenda } from "../agenda.ts";
import { type Random, randomStream } from "../worlds/random.ts";
import type { DeafTo, Weather } from "./plan.ts";

/** What a message is, for those who are deaf to one kind. */
export type WordKind = DeafTo | "quorum" | "polka";

export interface NetworkCounts {
  delivered: number;
  dropped: number;
  duplicated: number;
}

export class Network<T> {
  readonly counts: NetworkCounts = { delivered: 0, dropped: 0, duplicated: 0 };
  private readonly agenda: Agenda;
  private readonly deliver: (to: number, from: number, message: T) => void;
  private readonly links = new Map<number, Random>();
  private readonly seed: number;
  private weather: Weather;
  /** Who hears everything that is said to it: the adversary itself. */
  private readonly keen: ReadonlySet<number>;
  /** The group that each host is in, of each split under way. */
  private readonly splits = new Set<ReadonlySet<number>>();
  private readonly slowMs = new Map<number, number>();
  private readonly deaf = new Set<{ hosts: ReadonlySet<number>; to: DeafTo }>();

  constructor(
    agenda: Agenda,
    seed: number,
    weather: Weather,
    keen: ReadonlySet<number>,
    deliver: (to: number, from: number, message: T) => void,
  ) {
    this.agenda = agenda;
    this.seed = seed;
    this.weather = weather;
    this.keen = keen;
    this.deliver = deliver;
  }

  split(group: readonly number[], forMs: number): void {
    const split = new Set(group);
    this.splits.add(split);
    this.agenda.in(forMs, () => this.splits.delete(split));
  }

  slow(host: number, byMs: number, forMs: number): void {
    this.slowMs.set(host, byMs);
    this.agenda.in(forMs, () => this.slowMs.delete(host));
  }

  deafen(hosts: readonly number[], to: DeafTo, forMs: number): void {
    const deafness = { hosts: new Set(hosts), to };
    this.deaf.add(deafness);
    this.agenda.in(forMs, () => this.deaf.delete(deafness));
  }

  /** Nothing is lost any more, and everybody hears everybody within `delayMs`. */
  heal(delayMs: number): void {
    this.splits.clear();
    this.slowMs.clear();
    this.deaf.clear();
    this.weather = {
      dropPermille: 0,
      duplicatePermille: 0,
      delayMs,
      stragglerPermille: 0,
      stragglerMs: 1,
    };
  }

  send(from: number, to: number, kind: WordKind, message: T): void {
    const { weather, counts } = this;
    const random = this.link(from, to);
    const roll = (permille: number): boolean => permille > 0 && random.below(1000) < permille;
    if (this.isCut(from, to, kind) || roll(weather.dropPermille)) {
      counts.dropped++;
      return;
    }
    const copies = roll(weather.duplicatePermille) ? 2 : 1;
    if (copies === 2) counts.duplicated++;
    const slowMs = Math.max(this.slowMs.get(from) ?? 0, this.slowMs.get(to) ?? 0);
    for (let i = 0; i < copies; i++) {
      const upToMs = roll(weather.stragglerPermille) ? weather.stragglerMs : weather.delayMs;
      this.agenda.in(1 + random.below(upToMs) + slowMs, () => {
        counts.delivered++;
        this.deliver(to, from, message);
      });
    }
  }

  private isCut(from: number, to: number, kind: WordKind): boolean {
    for (const group of this.splits) if (group.has(from) !== group.has(to)) return true;
    // A quorum shown at once is as good as its parts.
    const word = kind === "quorum" ? "decision" : kind === "polka" ? "prevote" : kind;
    for (const deafness of this.deaf)
      if (deafness.to === word && deafness.hosts.has(to) && !this.keen.has(to)) return true;
    return false;
  }

  /** Each link has its own luck, so that a fault that is left out changes little elsewhere. */
  private link(from: number, to: number): Random {
    const key = from * 1024 + to;
    let random = this.links.get(key);
    if (!random) this.links.set(key, (random = randomStream(this.seed, 2, from, to)));
    return random;
  }
}
