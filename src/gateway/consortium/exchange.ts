// SPDX-License-Identifier: Apache-2.0
/** Segments and decided turns for gateways that lack them, and requests for those that are lacking here. */
import { fromHex, toHex } from "#core/codec/bytes";
import { FETCH_SEGMENTS_MAX, SERVE_TURNS_MAX, SERVES_PER_SECOND } from "#core/limits";
import { decisionRecord } from "#core/records/consensus";
import { wantedRecord } from "#core/records/turn";
import { segmentEntry, turnEntry, unpackEntry } from "../entries.ts";
import type { Archive } from "./archive.ts";
import type { Feeds, Missing } from "./feeds.ts";
import type { PeerLink } from "./ports.ts";

/** The same segments are asked for again after so long, ms. */
const AGAIN_MS = 300;
/** Requests that are remembered: turns of some rounds may each lack something. */
const ASKED_MAX = 32;

export class Exchange {
  private readonly net: string;
  private readonly self: string;
  private readonly link: PeerLink;
  private readonly feeds: Feeds;
  private readonly archive: Archive;
  /** Answers to each peer in the present second. */
  private readonly answered = new Map<string, { second: number; count: number }>();
  /** When each was asked for last, and how often. */
  private readonly asked = new Map<string, { atMs: number; tries: number }>();

  /** `self`: id of this gateway, hex. */
  constructor(net: string, self: string, link: PeerLink, feeds: Feeds, archive: Archive) {
    this.net = net;
    this.self = self;
    this.link = link;
    this.feeds = feeds;
    this.archive = archive;
  }

  /**
   * Asks `helper` and `peers` one after the other for what is missing; without a helper first whose feed it
   * is, if that is one of them and has not signed another of that number.
   */
  ask(missing: Missing, peers: readonly string[], nowMs: number, helper?: string): void {
    const { gateway, from, to, id, forked } = missing;
    const key = `${gateway}/${from}/${id && toHex(id)}`;
    const last = this.asked.get(key);
    // A clock that was set back keeps nobody waiting.
    if (last && nowMs >= last.atMs && nowMs < last.atMs + AGAIN_MS) return;
    const tries = last ? last.tries + 1 : 0;
    if (!last && this.asked.size >= ASKED_MAX) this.asked.clear();
    this.asked.set(key, { atMs: nowMs, tries });
    const first = helper ?? (forked ? undefined : peers.find((peer) => peer === gateway));
    const others = peers.filter((peer) => peer !== first);
    const order = first === undefined ? others : [first, ...others];
    const peer = order[tries % order.length];
    const count = Math.min(FETCH_SEGMENTS_MAX, to - from + 1);
    const named = from + count > to ? id : undefined;
    const wanted = { net: this.net, gateway: fromHex(gateway)!, from, count, id: named };
    this.link.send(peer, "fetch", wantedRecord.encode(wanted));
  }

  /** Answers a request for segments. */
  serve(peer: string, bytes: Uint8Array, nowMs: number): void {
    const wanted = wantedRecord.decode(bytes);
    if (!wanted.ok || wanted.value.net !== this.net || !this.mayAnswer(peer, nowMs)) return;
    const { gateway, from, count, id } = wanted.value;
    const last = from + count - 1;
    for (let seq = from; seq <= last; seq++) {
      const kept = this.kept(toHex(gateway), seq, seq === last ? id : undefined);
      for (const segment of kept) this.link.send(peer, "segment", segment);
      if (kept.length === 0) return;
    }
  }

  /** Segments of this number: the one with this id, or what turns or this gateway came to. */
  kept(gateway: string, seq: number, id?: Uint8Array): Uint8Array[] {
    const entry = this.archive.segment(gateway, seq, id);
    if (entry) return [unpackEntry(segmentEntry, entry).signed];
    // Its own of a life that it has forgotten are not on its disk before a turn is.
    return gateway === this.self ? [] : this.feeds.openAt(gateway, seq, id);
  }

  /** Decided turns from `height` on, for a gateway that is behind. */
  serveTurns(peer: string, height: number, nowMs: number): void {
    if (!this.mayAnswer(peer, nowMs)) return;
    for (let at = height; at < height + SERVE_TURNS_MAX; at++) {
      const entry = this.archive.turn(at);
      if (!entry) return;
      const { header, plan, quorum } = unpackEntry(turnEntry, entry);
      this.link.send(peer, "decision", decisionRecord.encode({ header, plan, quorum }));
    }
  }

  private mayAnswer(peer: string, nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000);
    const last = this.answered.get(peer);
    if (last?.second !== second) this.answered.set(peer, { second, count: 1 });
    else if (last.count >= SERVES_PER_SECOND) return false;
    else last.count++;
    return true;
  }
}
