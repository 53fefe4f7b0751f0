// SPDX-License-Identifier: Apache-2.0
/**
 * The feeds of all gateways: what each collected from its nodes, in signed segments that are numbered and
 * chained by hashes. They come from the gateway itself or from anybody who kept them, in any order and
 * often. A turn says how far it goes in each. A gateway that signs two segments of one number proves that it
 * lies; which of them counts, if any, the turns decide.
 */
import { bytesEqual, compareBytes, fromHex, toHex } from "#core/codec/bytes";
import type { Signed } from "#core/codec/record";
import { assert } from "#core/errors/assert";
import { ACCEPT, type Refusal, refuse, type Verdict } from "#core/errors/codes";
import { FEED_SEGMENTS_MAX, TURN_ENTRIES_MAX } from "#core/limits";
import type { FedEntry, Segment } from "#core/records/segment";
import type { Cut } from "#core/records/turn";
import { fits, isFair, type Load, NO_LOAD, plus, sum, weightOf } from "./loads.ts";
import { type CheckedSegment, FEED_START, type FeedHead } from "./segments.ts";

/** What a turn takes in of one gateway, in order. */
export interface Taken {
  readonly gateway: string;
  readonly segments: readonly CheckedSegment[];
}

/** How far turns have come in the feed of a gateway (hex). */
export interface FeedCut extends FeedHead {
  readonly gateway: string;
}

/** Segments of one number that are kept, where turns name them; of those that no turn names, two. */
const FORKS_MAX = 8;
/** Missing segments that are remembered: of some rounds' turns. */
const WANTED_MAX = 64;

/** Every entry of these segments, with the gateway (hex) that fed it, in the order of the turn. */
export function* fedBy(
  taken: readonly Taken[],
): IterableIterator<{ gateway: string; entry: FedEntry }> {
  for (const { gateway, segments } of taken)
    for (const { signed } of segments)
      for (const entry of signed.value.entries) yield { gateway, entry };
}

interface Feed {
  /** As far as turns have gone. */
  cut: FeedHead;
  /** Beyond that, by number: more than one only of a gateway that lies. */
  readonly open: Map<number, CheckedSegment[]>;
}

export class Feeds {
  /** By gateway, in the order in which a turn takes them in. */
  private feeds: Map<string, Feed>;
  /** Proofs that a gateway signed two segments of one number, the first of each. */
  readonly forks = new Map<string, readonly [Uint8Array, Uint8Array]>();
  /** Ids of segments that a turn named and that were not here: they are taken whatever else is. */
  private readonly wanted = new Set<string>();

  constructor(gateways: readonly Uint8Array[]) {
    const ids = [...gateways].sort(compareBytes).map(toHex);
    this.feeds = new Map(ids.map((id) => [id, { cut: FEED_START, open: new Map() }]));
  }

  /** How far turns have come in each. */
  allCuts(): FeedCut[] {
    return [...this.feeds].map(([gateway, { cut }]) => ({ gateway, seq: cut.seq, id: cut.id }));
  }

  /** Of other gateways' turns: these are the feeds, and nothing beyond the cuts is here. */
  begin(cuts: readonly FeedCut[]): void {
    this.feeds = new Map(
      cuts.map(({ gateway, seq, id }) => [gateway, { cut: { seq, id }, open: new Map() }]),
    );
  }

  /**
   * Keeps a segment. FEED_STRANGER, DUPLICATE, FEED_FORK (it is kept all the same, but for a third that no
   * turn names), FEED_GAP: far ahead. `logged`: it is in the log, and so it counts however far ahead it is.
   */
  take(segment: CheckedSegment, logged = false): Verdict {
    const fault = this.faultOf(segment.signed, logged);
    if (fault) return fault;
    const { seq, gateway } = segment.signed.value;
    const id = toHex(gateway);
    const feed = this.feeds.get(id)!;
    const known = feed.open.get(seq) ?? [];
    this.wanted.delete(toHex(segment.signed.id));
    feed.open.set(seq, [...known.slice(1 - FORKS_MAX), segment]);
    if (known.length === 0) return ACCEPT;
    if (!this.forks.has(id)) this.forks.set(id, [known[0].bytes, segment.bytes]);
    return refuse("FEED_FORK", `two segments ${seq}`);
  }

  /** Why a segment is not kept: that is seen before its signature is checked. */
  faultOf(segment: Signed<Segment>, logged = false): Refusal | undefined {
    const { seq, gateway } = segment.value;
    const id = toHex(gateway);
    const feed = this.feeds.get(id);
    if (!feed) return refuse("FEED_STRANGER", id);
    if (seq <= feed.cut.seq) return refuse("DUPLICATE", `segment ${seq}`);
    if (seq > feed.cut.seq + FEED_SEGMENTS_MAX && !logged)
      return refuse("FEED_GAP", `segment ${seq} after ${feed.cut.seq}`);
    const known = feed.open.get(seq) ?? [];
    if (known.some(({ signed }) => bytesEqual(signed.id, segment.id)))
      return refuse("DUPLICATE", `segment ${seq}`);
    const wanted = logged || this.wanted.has(toHex(segment.id));
    return known.length > 1 && !wanted ? refuse("FEED_FORK", `segment ${seq}`) : undefined;
  }

  /** From now on these are the gateways: who left says nothing more, and who is new begins. */
  keep(gateways: readonly Uint8Array[]): void {
    const ids = [...gateways].sort(compareBytes).map(toHex);
    this.feeds = new Map(
      ids.map((id) => [id, this.feeds.get(id) ?? { cut: FEED_START, open: new Map() }]),
    );
  }

  /** The last segment of `gateway` that follows without a gap from what turns took in. */
  headOf(gateway: string): FeedHead {
    const feed = this.feeds.get(gateway);
    if (!feed) return FEED_START; // it looks on
    let head = feed.cut;
    for (let next = after(feed, head); next; next = after(feed, head)) head = headOf(next);
    return head;
  }

  /** Segments with this number (and this id) that no turn took in, as they came. */
  openAt(gateway: string, seq: number, id?: Uint8Array): Uint8Array[] {
    const known = this.feeds.get(gateway)?.open.get(seq) ?? [];
    const found = id ? known.filter(({ signed }) => bytesEqual(signed.id, id)) : known;
    return found.map(({ bytes }) => bytes);
  }

  /** Entries of this kind in the feed of `gateway` that follow what turns took in. */
  countOpen(gateway: string, kind: number): number {
    const feed = this.feeds.get(gateway);
    let count = 0;
    for (let next = feed && after(feed, feed.cut); next; next = after(feed!, headOf(next)))
      for (const entry of next.signed.value.entries) if (entry.kind === kind) count++;
    return count;
  }

  cutOf(gateway: string): FeedHead {
    return this.feeds.get(gateway)?.cut ?? FEED_START;
  }

  /** Whether anything waits for a turn. */
  get waiting(): boolean {
    for (const feed of this.feeds.values()) if (after(feed, feed.cut)) return true;
    return false;
  }

  /** In each feed the first segments that are missing before others that came. */
  get gaps(): Missing[] {
    const gaps: Missing[] = [];
    for (const [gateway, { open }] of this.feeds) {
      const from = this.headOf(gateway).seq + 1;
      const later = [...open.keys()].filter((seq) => seq >= from);
      // Where there is one of that number it is of another chain: turns decide.
      if (later.length > 0 && !open.has(from))
        gaps.push({ gateway, from, to: Math.min(...later) - 1 });
    }
    return gaps;
  }

  /** All that a turn could take in. */
  ready(): CheckedSegment[] {
    const found: CheckedSegment[] = [];
    for (const feed of this.feeds.values())
      for (const segments of feed.open.values()) found.push(...segments);
    return found;
  }

  /**
   * What a turn could take in now: whoever has the least in it yet has the next segment, as long as it fits
   * and is not so far ahead that others do not keep it.
   * `first` (hex): its first segment comes before all. Each gateway leads at times, so that none waits for
   * ever while others have smaller ones.
   */
  cuts(first?: string): Cut[] {
    const all = [...this.feeds].map(([id, feed]) => {
      const next = after(feed, feed.cut);
      return { id, feed, head: feed.cut, own: NO_LOAD, next };
    });
    const weigh = ({ id, own, next }: (typeof all)[number]): number =>
      id === first && own === NO_LOAD ? -1 : weightOf(plus(own, next!));
    let total = NO_LOAD;
    for (let open = all; ; ) {
      open = open.filter(({ next }) => next);
      if (open.length === 0) break;
      const one = open.reduce((a, b) => (weigh(b) < weigh(a) ? b : a));
      const next = one.next!;
      const [load, own] = [plus(total, next), plus(one.own, next)];
      const isAhead = next.signed.value.seq > one.feed.cut.seq + FEED_SEGMENTS_MAX;
      if (isAhead || !fits(load) || !isFair(own, all.length)) {
        one.next = undefined;
        continue;
      }
      total = load;
      one.own = own;
      one.head = headOf(next);
      one.next = after(one.feed, one.head);
    }
    return all.filter(({ own }) => own !== NO_LOAD).map(({ id, head }) => cutAt(id, head));
  }

  /**
   * The segments that these cuts take in; the first that is missing; or why nobody may propose them:
   * TURN_PLAN. `decided`: a quorum has looked at how many bytes they are.
   */
  resolve(
    cuts: readonly Cut[],
    decided = true,
  ): Taken[] | { missing: Missing } | { fault: string } {
    const taken: Taken[] = [];
    let total = NO_LOAD;
    let last = "";
    for (const { gateway, seq, id } of cuts) {
      const name = toHex(gateway);
      const feed = this.feeds.get(name);
      if (!feed || name <= last) return { fault: `gateway ${name}` };
      last = name;
      if (seq <= feed.cut.seq) return { fault: `${name}: segment ${seq} was in a turn before` };
      const { path, load, missing } = pathTo(feed, seq, id);
      // What is here may be too much already: then the rest is not asked for.
      if (!decided && !isFair(load, this.feeds.size))
        return { fault: `${load.bytes} B of ${name}` };
      if (missing) {
        if (this.wanted.size >= WANTED_MAX) this.wanted.clear();
        if (missing.id) this.wanted.add(toHex(missing.id));
        return { missing: { gateway: name, ...missing } };
      }
      total = sum(total, load);
      if (total.entries > TURN_ENTRIES_MAX) return { fault: `${total.entries} messages` };
      if (!decided && !fits(total)) return { fault: `${total.bytes} B` };
      taken.push({ gateway: name, segments: path });
    }
    return taken;
  }

  /** A turn took these in: what excludes them is void. */
  settle(cuts: readonly Cut[]): void {
    for (const { gateway, seq, id } of cuts) {
      const feed = this.feeds.get(toHex(gateway));
      if (!feed) continue; // it left with this turn
      feed.cut = { seq, id };
      for (const known of feed.open.keys()) if (known <= seq) feed.open.delete(known);
    }
  }
}

/** Segments to ask for. */
export interface Missing {
  gateway: string;
  from: number;
  to: number;
  /** Of the last of them, where a turn names it. */
  id?: Uint8Array;
  /** There is another of its number. */
  forked?: boolean;
}

function headOf({ signed }: CheckedSegment): FeedHead {
  return { seq: signed.value.seq, id: signed.id };
}

function cutAt(gateway: string, { seq, id }: FeedHead): Cut {
  assert(id, "FEED_CUT");
  return { gateway: fromHex(gateway)!, seq, id };
}

function follows({ signed }: CheckedSegment, { id }: FeedHead): boolean {
  const { prev } = signed.value;
  return id ? prev !== undefined && bytesEqual(prev, id) : prev === undefined;
}

function after({ open }: Feed, head: FeedHead): CheckedSegment | undefined {
  return open.get(head.seq + 1)?.find((segment) => follows(segment, head));
}

/** From the cut to this segment, as far as it is here, and how much that is; what is missing of the way. */
function pathTo(
  { cut, open }: Feed,
  seq: number,
  id: Uint8Array,
): { path: CheckedSegment[]; load: Load; missing?: Omit<Missing, "gateway"> } {
  const path: CheckedSegment[] = [];
  let load = NO_LOAD;
  let wanted: Uint8Array | undefined = id;
  for (let at = seq; at > cut.seq; at--) {
    const found: CheckedSegment | undefined = open
      .get(at)
      ?.find(({ signed }) => wanted !== undefined && bytesEqual(signed.id, wanted));
    if (!found) {
      const from = firstGap(open, cut.seq + 1, at);
      const missing = { from, to: at, ...(wanted && { id: wanted }), forked: open.has(at) };
      return { path, load, missing };
    }
    path.push(found);
    load = plus(load, found);
    wanted = found.signed.value.prev;
  }
  const whole = wanted ? !!cut.id && bytesEqual(wanted, cut.id) : cut.id === undefined;
  if (whole) return { path: path.reverse(), load };
  // A way that begins elsewhere never becomes whole: its last segment stays missing.
  return { path, load, missing: { from: cut.seq + 1, to: seq } };
}

function firstGap(open: ReadonlyMap<number, unknown>, from: number, to: number): number {
  for (let at = from; at < to; at++) if (!open.has(at)) return at;
  return to;
}
