// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, toHex } from "#core/codec/bytes";
import { openSigned, signRecord } from "#core/codec/record";
import { nobleCrypto } from "#core/crypto/noble";
import { nodeIdOf } from "#core/identity";
import { FED_ENTRY_BYTES_MAX, SEGMENT_BYTES_MAX, SEGMENTS_AHEAD_MAX } from "#core/limits";
import { type FedEntry, segmentRecord } from "#core/records/segment";
import { type CheckedSegment, PeerFeed } from "#gateway/consortium/peer-feed";
import { cutSegments, FEED_START, type MadeSegment } from "#gateway/consortium/segments";

const crypto = nobleCrypto();
const secretKey = new Uint8Array(32).fill(9);
const gateway = nodeIdOf(crypto, crypto.publicKey(secretKey));
const of = { crypto, secretKey, net: "test", gateway };

function entry(kind: number, length: number): FedEntry {
  return { kind, bytes: new Uint8Array(length).fill(kind) };
}

function checked(bytes: Uint8Array): CheckedSegment {
  const signed = openSigned(segmentRecord, crypto, bytes);
  assert.ok(signed.ok, JSON.stringify(signed));
  return { signed, bytes };
}

/** `count` segments of one entry each. */
function chain(count: number, atMs = 1): MadeSegment[] {
  const made: MadeSegment[] = [];
  for (let i = 0; i < count; i++)
    made.push(...cutSegments(of, made[i - 1] ?? FEED_START, [entry(3, i + 1)], atMs));
  return made;
}

/** A feed over what it has taken. */
function feedWithLog() {
  const log = new Map<number, Uint8Array>();
  const feed = new PeerFeed((seq) => log.get(seq)!);
  const drain = () => {
    for (let found = feed.next(); found; found = feed.next())
      log.set(found.signed.value.seq, found.bytes);
  };
  return { feed, log, drain };
}

test("a commit is cut into as many segments as its size needs, all entries in order", () => {
  const size = fc.integer({ min: 1, max: FED_ENTRY_BYTES_MAX });
  fc.assert(
    fc.property(fc.array(size, { maxLength: 12 }), (sizes) => {
      const entries = sizes.map((length, i) => entry(i + 1, length));
      const made = cutSegments(of, FEED_START, entries, 5);
      const opened = made.map(({ bytes }) => checked(bytes).signed.value);
      const back = opened.flatMap((segment) => segment.entries);
      assert.deepEqual(back, entries);
      opened.forEach(({ seq, prev }, i) => {
        assert.equal(seq, i + 1);
        assert.deepEqual(prev, i > 0 ? made[i - 1].id : undefined);
      });
      for (const { bytes } of made) assert.ok(bytes.length <= SEGMENT_BYTES_MAX + 72);
    }),
    { numRuns: 30 },
  );
});

test("segments in any order, repeated, come out once and in order", () => {
  const made = chain(8);
  fc.assert(
    fc.property(fc.array(fc.nat(7), { maxLength: 30 }), fc.nat(7), (order, cut) => {
      const { feed, log, drain } = feedWithLog();
      const rest = made.map((_, i) => i).filter((i) => i !== cut);
      for (const i of [...order, ...rest, cut]) {
        feed.take(checked(made[i].bytes));
        drain();
      }
      assert.equal(feed.head.seq, 8);
      assert.equal(toHex(feed.head.id!), toHex(made[7].id));
      assert.deepEqual(
        [...log.values()],
        made.map(({ bytes }) => bytes),
      );
      assert.equal(feed.fork, undefined);
    }),
    { numRuns: 40 },
  );
});

test("what is missing is named", () => {
  const made = chain(6);
  const { feed, drain } = feedWithLog();
  assert.equal(feed.take(checked(made[0].bytes)).ok, true);
  drain();
  assert.equal(feed.missing, undefined);
  const gap = feed.take(checked(made[4].bytes));
  assert.equal(!gap.ok && gap.code, "FEED_GAP");
  assert.deepEqual(feed.missing, { from: 2, to: 4 });
  const again = feed.take(checked(made[4].bytes));
  assert.equal(!again.ok && again.code, "DUPLICATE");
});

test("too far ahead is not kept", () => {
  const { feed } = feedWithLog();
  const far = { net: "test", gateway, seq: SEGMENTS_AHEAD_MAX + 1, prev: gateway, atMs: 1 };
  const prev = concatBytes(gateway, gateway);
  const { bytes } = signRecord(segmentRecord, crypto, secretKey, { ...far, prev, entries: [] });
  const verdict = feed.take(checked(bytes));
  assert.equal(!verdict.ok && verdict.code, "FEED_GAP");
  assert.equal(feed.missing, undefined);
});

test("two segments of one number are a fork, whether taken or waiting, and end the feed", () => {
  const made = chain(4);
  const other = chain(4, 2);
  for (const at of [1, 3]) {
    const { feed, drain } = feedWithLog();
    for (const i of [0, 1, 3]) feed.take(checked(made[i].bytes));
    drain();
    const verdict = feed.take(checked(other[at].bytes));
    assert.equal(!verdict.ok && verdict.code, "FEED_FORK");
    assert.deepEqual(feed.fork, [made[at].bytes, other[at].bytes]);
    feed.take(checked(made[2].bytes));
    drain();
    assert.equal(feed.head.seq, 2, "nothing more is taken");
  }
});

test("a segment that follows another predecessor is a fork as well", () => {
  const made = chain(2);
  const other = chain(3, 2);
  for (const waits of [false, true]) {
    const { feed, drain } = feedWithLog();
    if (waits) feed.take(checked(other[2].bytes));
    feed.take(checked(made[0].bytes));
    feed.take(checked(made[1].bytes));
    drain();
    if (!waits) feed.take(checked(other[2].bytes));
    drain();
    assert.deepEqual(feed.fork, [made[1].bytes, other[2].bytes]);
    assert.equal(feed.head.seq, 2);
  }
});

test("a first segment with a predecessor is a fault", () => {
  const { feed, drain } = feedWithLog();
  const prev = concatBytes(gateway, gateway);
  const value = { net: "test", gateway, seq: 1, prev, atMs: 1, entries: [] };
  feed.take(checked(signRecord(segmentRecord, crypto, secretKey, value).bytes));
  drain();
  assert.equal(feed.faultSeq, 1);
  const verdict = feed.take(checked(chain(1)[0].bytes));
  assert.equal(!verdict.ok && verdict.code, "FEED_FAULT");
});

test("after a restart the feed goes on where the log ends", () => {
  const made = chain(3);
  const log = new Map(made.map(({ seq, bytes }) => [seq, bytes]));
  const feed = new PeerFeed((seq) => log.get(seq)!);
  feed.replay(made[0]);
  feed.replay(made[1]);
  assert.equal(feed.take(checked(made[2].bytes)).ok, true);
  assert.equal(toHex(feed.next()!.signed.id), toHex(made[2].id));
  assert.throws(() => feed.replay(made[1]), /FEED_ORDER/);
});
