// SPDX-License-Identifier: Apache-2.0
/**
 * A gateway's own feed: what it collects becomes segments in its log, and then goes to all. Others keep so many
 * of them ahead of the turns; what there is no room for is not collected, or waits.
 */
import { CERTIFICATES_FED_MAX, FED_LATER_MAX, FEED_SEGMENTS_MAX } from "#core/limits";
import { type FedEntry, FedKind } from "#core/records/segment";
import type { Area } from "../area.ts";
import { Batch } from "../batch.ts";
import { segmentEntry, unpackEntry } from "../entries.ts";
import type { GatewayPorts } from "../ports.ts";
import type { Collector } from "./collect.ts";
import { Load, WITH_PROOF } from "./load.ts";
import type { Replica } from "./replica.ts";
import type { TradeTimes } from "./trade-times.ts";
import { nameOf } from "./trust.ts";

export interface OwnFeedOptions {
  area: Area;
  ports: GatewayPorts;
  replica: Replica;
  collector: Collector;
  times: TradeTimes;
}

export class OwnFeed {
  private readonly options: OwnFeedOptions;
  /** What is no node's message and had no room yet, by name. It is found again after a restart. */
  private readonly later = new Map<string, FedEntry>();

  constructor(options: OwnFeedOptions) {
    this.options = options;
  }

  /** Its store was lost: it does not know yet how far its own feed has come, and numbers nothing twice. */
  get mute(): boolean {
    return this.options.replica.at.silent;
  }

  /** No turn has taken anything in for long, or it may say nothing. */
  get full(): boolean {
    const { halted, backlog } = this.options.replica;
    return this.mute || halted !== undefined || backlog >= FEED_SEGMENTS_MAX - WITH_PROOF;
  }

  /** Whether what its nodes say can be taken in: it is one of the gateways, and there is room. */
  get isOpen(): boolean {
    return this.isMember && !this.full;
  }

  private get isMember(): boolean {
    const { replica, area } = this.options;
    return replica.partners.has(area.id);
  }

  /** What waits goes first, as far as there is room. */
  begin(): Load {
    const load = this.empty();
    this.fill(load);
    return load;
  }

  private empty(): Load {
    const { replica, area } = this.options;
    const { backlog, halted, feeds } = replica;
    const may = this.isMember && !this.mute && halted === undefined;
    const room = may ? FEED_SEGMENTS_MAX - backlog : 0;
    return new Load(backlog + feeds.cutOf(area.id).seq + 1, room);
  }

  /** Entries that are no node's message: each goes into the feed once, as soon as there is room. */
  keep(entries: readonly FedEntry[]): void {
    const { ports, collector } = this.options;
    for (const entry of entries) {
      const name = nameOf(ports.crypto, entry);
      if (collector.has(name)) continue;
      // Proofs leave room for the authority's word.
      const most = entry.kind === FedKind.evidence ? FED_LATER_MAX >> 1 : FED_LATER_MAX;
      if (this.later.size < most) this.later.set(name, entry);
    }
  }

  /** What waits and fits goes into this load; of certificates so many as one turn takes of a gateway. */
  fill(load: Load): void {
    const { replica, area } = this.options;
    const { certificate } = FedKind;
    let room = CERTIFICATES_FED_MAX - replica.feeds.countOpen(area.id, certificate);
    for (const { kind } of load.entries) if (kind === certificate) room--;
    for (const [name, entry] of this.later) {
      if (entry.kind === certificate && room-- <= 0) continue;
      if (!load.fits(entry)) return;
      this.later.delete(name);
      this.options.collector.own(name, entry, load);
    }
  }

  /** There may be room for what waits. */
  more(): void {
    if (this.later.size > 0) this.write(this.begin(), new Batch());
  }

  /** Into the log, and to all. */
  write({ entries }: Load, batch: Batch): void {
    const { replica, ports, times } = this.options;
    const segments = entries.length > 0 ? replica.cut(entries) : [];
    const first = ports.store.length + batch.entries.length + 1;
    if (batch.entries.length + segments.length > 0)
      ports.store.append([...batch.entries, ...segments]);
    segments.forEach(({ bytes }, i) => {
      replica.collected(unpackEntry(segmentEntry, bytes).signed, first + i);
    });
    if (segments.length > 0) times.wanted(ports.time.nowMs());
    if (segments.length > 0) replica.want();
  }

  /** One entry of its own, where it is open. */
  say(entry: FedEntry): void {
    const load = this.empty();
    load.add(entry);
    this.fill(load);
    this.write(load, new Batch());
  }
}
