// SPDX-License-Identifier: Apache-2.0
/** What a turn takes in of each feed: bounded in bytes, shared fairly, and never nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { nodeIdOf } from "#core/identity";
import { FEED_SEGMENTS_MAX, SEGMENT_BYTES_MAX, TURN_BYTES_MAX } from "#core/limits";
import { type FedEntry, segmentRecord } from "#core/records/segment";
import type { Cut } from "#core/records/turn";
import { Feeds, type Taken } from "#gateway/consortium/feeds";
import {
  cutSegments,
  FEED_START,
  type FeedHead,
  type MadeSegment,
} from "#gateway/consortium/segments";
import { sodiumCrypto } from "#node/crypto/sodium";

const crypto = sodiumCrypto();
const gateways = Array.from({ length: 64 }, (_, i) => {
  const secretKey = new Uint8Array(32).fill(i + 1);
  return { secretKey, id: nodeIdOf(crypto, crypto.publicKey(secretKey)) };
}).sort((a, b) => (toHex(a.id) < toHex(b.id) ? -1 : 1));

/** As large as they come. */
const LARGE: FedEntry[] = [16_000, 16_000, 16_000].map((length) => ({
  kind: 1,
  bytes: new Uint8Array(length),
}));
const small = (count: number): FedEntry[] =>
  Array.from({ length: count }, () => ({ kind: 1, bytes: new Uint8Array(20) }));

/** `count` segments of these entries each, of one gateway. */
function chain(place: number, count: number, entries: readonly FedEntry[]): MadeSegment[] {
  const { id: gateway, secretKey } = gateways[place];
  const made: MadeSegment[] = [];
  for (let head: FeedHead = FEED_START; made.length < count; head = made[made.length - 1])
    made.push(...cutSegments({ crypto, secretKey, net: "test", gateway }, head, entries, 1));
  assert.equal(made.length, count);
  return made;
}

function feedsOf(size: number, chains: readonly MadeSegment[][]): Feeds {
  const feeds = new Feeds(gateways.slice(0, size).map(({ id }) => id));
  for (const { bytes } of chains.flat()) {
    const signed = openSigned(segmentRecord, crypto, bytes);
    assert.ok(signed.ok);
    assert.ok(feeds.take({ signed, bytes }).ok);
  }
  return feeds;
}

function bytesOf({ segments }: Taken): number {
  return segments.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/** A turn of these feeds, which an auditor takes for sound; bytes by gateway. */
function turnOf(feeds: Feeds, first?: number): Map<string, number> {
  const cuts = feeds.cuts(first === undefined ? undefined : toHex(gateways[first].id));
  const taken = feeds.resolve(cuts, false);
  assert.ok(Array.isArray(taken), JSON.stringify(taken));
  return new Map(taken.map((one) => [one.gateway, bytesOf(one)]));
}

test("one gateway fills no more than its part of a turn, and an auditor refuses more", () => {
  const all = chain(0, FEED_SEGMENTS_MAX, LARGE);
  const feeds = feedsOf(4, [all]);
  const [bytes] = turnOf(feeds).values();
  assert.ok(bytes <= TURN_BYTES_MAX / 4 && bytes > TURN_BYTES_MAX / 4 - SEGMENT_BYTES_MAX);
  const more = (seq: number): Cut[] => [{ gateway: gateways[0].id, seq, id: all[seq - 1].id }];
  assert.ok("fault" in feeds.resolve(more(FEED_SEGMENTS_MAX), false));
  assert.ok("fault" in feeds.resolve(more(6), false));
  assert.ok(Array.isArray(feeds.resolve(more(6))), "what a quorum decided, as of before the limit");
});

test("what is too much already is not fetched to its end", () => {
  const all = chain(0, 20, LARGE);
  const feeds = feedsOf(4, [all.slice(12)]);
  const cuts = (seq: number): Cut[] => [{ gateway: gateways[0].id, seq, id: all[seq - 1].id }];
  assert.ok("fault" in feeds.resolve(cuts(20), false));
  assert.ok("missing" in feeds.resolve(cuts(14), false), "the rest may be small");
});

test("the largest segment fits, whatever the number of gateways, and each comes to its turn", () => {
  const size = gateways.length;
  // Everybody has much; 21 of the largest are a turn.
  const feeds = feedsOf(
    size,
    gateways.map((_, place) => chain(place, 1, LARGE)),
  );
  let turns = 0;
  for (const waiting = new Set(gateways.map((_, place) => place)); waiting.size > 0; turns++) {
    const [leader] = waiting;
    const taken = turnOf(feeds, leader);
    assert.ok(taken.has(toHex(gateways[leader].id)), "its own comes first");
    assert.ok([...taken.values()].reduce((a, b) => a + b, 0) <= TURN_BYTES_MAX);
    gateways.forEach(({ id }, place) => {
      if (taken.has(toHex(id))) waiting.delete(place);
    });
    feeds.settle(feeds.cuts(toHex(gateways[leader].id)));
  }
  assert.equal(turns, 4);
});

test("who has little is not crowded out by those who have much", () => {
  const size = 31;
  // Ten with the least ids fill all that they may, in bytes or in messages.
  const greedy = gateways.slice(0, 10).map((_, place) => {
    const entries = place % 2 === 0 ? LARGE : small(1000);
    return chain(place, 4, entries);
  });
  const modest = Array.from({ length: 21 }, (_, i) => chain(10 + i, 1, small(10)));
  const taken = turnOf(feedsOf(size, [...greedy, ...modest]));
  for (let place = 10; place < size; place++) assert.ok(taken.has(toHex(gateways[place].id)));
  assert.ok(taken.size > 22, `${taken.size}`);
});

test("who leads brings its own, however small the others' are", () => {
  const many = [0, 1, 2].map((place) => chain(place, 40, small(30)));
  const feeds = feedsOf(4, [...many, chain(3, 1, small(1000))]);
  const last = toHex(gateways[3].id);
  assert.ok(!turnOf(feeds).has(last));
  const led = turnOf(feeds, 3);
  assert.equal(led.size, 4);
  assert.ok(led.has(last));
});
