// SPDX-License-Identifier: Apache-2.0
/**
 * The feed of another gateway as it comes in: put into order, and watched for forks. Segments come from the
 * gateway itself or from anybody who kept them, in any order and often.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import type { Signed } from "#core/codec/record";
import { assert } from "#core/errors/assert";
import { ACCEPT, refuse, type Verdict } from "#core/errors/codes";
import { SEGMENTS_AHEAD_MAX, SEGMENTS_KNOWN } from "#core/limits";
import type { Segment } from "#core/records/segment";
import { FEED_START, type FeedHead } from "./segments.ts";

/** A segment whose signature is right, and its envelope. */
export interface CheckedSegment {
  readonly signed: Signed<Segment>;
  readonly bytes: Uint8Array;
}

/** Reads a segment that was taken back from the log. */
export type StoredSegment = (seq: number) => Uint8Array;

export class PeerFeed {
  /** The last segment that was taken. */
  head: FeedHead = FEED_START;
  /**
   * Two segments that exclude each other: of one number, or one that names another predecessor than the one
   * with the number before. Both are signed, so that they prove to anybody that the gateway lies.
   */
  fork: readonly [Uint8Array, Uint8Array] | undefined;
  /** Number of the segment that breaks the rules: neither it nor what follows counts. */
  faultSeq: number | undefined;
  private readonly stored: StoredSegment;
  /** Ids of the latest segments that were taken, by number. */
  private readonly ids = new Map<number, string>();
  /** Those that wait for their predecessors. */
  private readonly early = new Map<number, CheckedSegment>();

  constructor(stored: StoredSegment) {
    this.stored = stored;
  }

  /**
   * Takes a segment of this feed: `ACCEPT` where `next` has it or one before it now, `FEED_GAP` where it
   * waits (or is too far ahead to be kept), `DUPLICATE` where it was known.
   */
  take(segment: CheckedSegment): Verdict {
    const { seq } = segment.signed.value;
    if (this.fork) return refuse("FEED_FORK", `after segment ${this.head.seq}`);
    if (this.faultSeq !== undefined) return refuse("FEED_FAULT", `segment ${this.faultSeq}`);
    const waiting = this.early.get(seq);
    const known = waiting ? toHex(waiting.signed.id) : this.ids.get(seq);
    if (known !== undefined) {
      if (known === toHex(segment.signed.id)) return refuse("DUPLICATE", `segment ${seq}`);
      return this.forked(waiting?.bytes ?? this.stored(seq), segment, `two segments ${seq}`);
    }
    if (seq <= this.head.seq) return refuse("DUPLICATE", `segment ${seq}, long past`);
    if (seq > this.head.seq + SEGMENTS_AHEAD_MAX) return this.gap(seq);
    this.early.set(seq, segment);
    return seq === this.head.seq + 1 ? ACCEPT : this.gap(seq);
  }

  /** The next segment in order, taken; undefined where it has not come, or a lie is in the way. */
  next(): CheckedSegment | undefined {
    if (this.fork || this.faultSeq !== undefined) return undefined;
    const { seq, id } = this.head;
    const segment = this.early.get(seq + 1);
    if (!segment) return undefined;
    this.early.delete(seq + 1);
    const { prev } = segment.signed.value;
    const follows = id ? prev !== undefined && bytesEqual(prev, id) : prev === undefined;
    if (!follows) {
      if (id) this.forked(this.stored(seq), segment, "");
      else this.faultSeq = 1; // the first one has no predecessor
      return undefined;
    }
    this.enter(seq + 1, segment.signed.id);
    return segment;
  }

  /** A segment of the log: it was taken before the restart. */
  replay({ seq, id }: { seq: number; id: Uint8Array }): void {
    assert(seq === this.head.seq + 1, "FEED_ORDER", `${seq} after ${this.head.seq}`);
    this.enter(seq, id);
  }

  /** Numbers to ask for, because later ones wait; undefined where none are missing. */
  get missing(): { from: number; to: number } | undefined {
    const from = this.head.seq + 1;
    if (this.fork || this.early.size === 0 || this.early.has(from)) return undefined;
    return { from, to: Math.min(...this.early.keys()) - 1 };
  }

  private enter(seq: number, id: Uint8Array): void {
    this.head = { seq, id };
    this.ids.set(seq, toHex(id));
    this.ids.delete(seq - SEGMENTS_KNOWN);
  }

  private gap(seq: number): Verdict {
    return refuse("FEED_GAP", `segment ${seq} after ${this.head.seq}`);
  }

  private forked(first: Uint8Array, { bytes }: CheckedSegment, detail: string): Verdict {
    this.fork = [first, bytes];
    this.early.clear();
    return refuse("FEED_FORK", detail);
  }
}
