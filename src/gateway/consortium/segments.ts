// SPDX-License-Identifier: Apache-2.0
/** Segments of a feed: what a gateway collected from its nodes in one go (architecture: data paths). */
import { toHex } from "#core/codec/bytes";
import {
  openSigned,
  type Refusal,
  type Signed,
  signRecord,
  verifySigned,
} from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { refuse } from "#core/errors/codes";
import { SEGMENT_BYTES_MAX, SEGMENT_ENTRIES_MAX } from "#core/limits";
import { type FedEntry, type Segment, segmentRecord } from "#core/records/segment";

/** Around the entries: names, ids, numbers and the heads of arrays. */
const FRAME_BYTES = 160;
/** Around one entry: head of its array, its kind, head of its bytes. */
const ENTRY_FRAME_BYTES = 8;

/** How far a feed has come: the last segment's number and id. Nothing was said yet at number 0. */
export interface FeedHead {
  readonly seq: number;
  readonly id: Uint8Array | undefined;
}

export const FEED_START: FeedHead = Object.freeze({ seq: 0, id: undefined });

/** A segment whose signature is right, and its envelope. */
export interface CheckedSegment {
  readonly signed: Signed<Segment>;
  readonly bytes: Uint8Array;
}

/** A signed segment, as it is stored and sent. */
export interface MadeSegment extends FeedHead {
  readonly id: Uint8Array;
  readonly bytes: Uint8Array;
}

export interface FeedOf {
  crypto: Crypto;
  secretKey: Uint8Array;
  net: string;
  gateway: Uint8Array;
}

/** The segments that follow `head` and hold `entries` in their order; none where there are none. */
export function cutSegments(
  { crypto, secretKey, net, gateway }: FeedOf,
  head: FeedHead,
  entries: readonly FedEntry[],
  atMs: number,
): MadeSegment[] {
  const made: MadeSegment[] = [];
  let { seq, id: prev } = head;
  const groups = new Grouping();
  for (const entry of entries) groups.add(entry);
  for (const group of groups.made) {
    seq++;
    const segment = { net, gateway, seq, prev, atMs, entries: group };
    const { bytes, id } = signRecord(segmentRecord, crypto, secretKey, segment);
    made.push({ seq, id, bytes });
    prev = id;
  }
  return made;
}

/** As many entries together as one segment may hold, in their order. */
export class Grouping {
  readonly made: FedEntry[][] = [];
  private room = 0;

  /** How many groups there are with this one. */
  with(entry: FedEntry): number {
    return this.made.length + (this.opens(entry) ? 1 : 0);
  }

  add(entry: FedEntry): void {
    const size = sizeOf(entry);
    assert(size <= SEGMENT_BYTES_MAX - FRAME_BYTES, "SEGMENT_ENTRY", `${size} bytes`);
    if (this.opens(entry)) {
      this.made.push([]);
      this.room = SEGMENT_BYTES_MAX - FRAME_BYTES;
    }
    this.made[this.made.length - 1].push(entry);
    this.room -= size;
  }

  private opens(entry: FedEntry): boolean {
    const last = this.made[this.made.length - 1];
    return !last || sizeOf(entry) > this.room || last.length >= SEGMENT_ENTRIES_MAX;
  }
}

function sizeOf({ bytes }: FedEntry): number {
  return bytes.length + ENTRY_FRAME_BYTES;
}

/**
 * A segment as it came, by a gateway of the consortium. FEED_STRANGER, FEED_FAULT. `faultOf`: why it is of no
 * use, whoever signed it.
 */
export function openFed(
  crypto: Crypto,
  net: string,
  keyOf: (gateway: string) => Uint8Array | undefined,
  bytes: Uint8Array,
  faultOf?: (signed: Signed<Segment>) => Refusal | undefined,
): CheckedSegment | Refusal {
  const signed = openSigned(segmentRecord, crypto, bytes);
  if (!signed.ok) return signed;
  const { gateway } = signed.value;
  const key = signed.value.net === net ? keyOf(toHex(gateway)) : undefined;
  if (!key) return refuse("FEED_STRANGER", toHex(gateway));
  const fault = faultOf?.(signed);
  if (fault) return fault;
  if (!verifySigned(crypto, key, signed)) return refuse("FEED_FAULT", "not signed by it");
  return { signed, bytes };
}
