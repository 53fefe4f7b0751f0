// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { nobleCrypto } from "#core/crypto/noble";
import { nodeIdOf } from "#core/identity";
import {
  FED_ENTRY_BYTES_MAX,
  FEED_SEGMENTS_MAX,
  SEGMENT_BYTES_MAX,
  TURN_ENTRIES_MAX,
} from "#core/limits";
import { type FedEntry, segmentRecord } from "#core/records/segment";
import { Feeds } from "#gateway/consortium/feeds";
import {
  type CheckedSegment,
  cutSegments,
  FEED_START,
  type MadeSegment,
} from "#gateway/consortium/segments";

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

function headOf(feeds: Feeds): number {
  return feeds.headOf(toHex(gateway)).seq;
}

function take(feeds: Feeds, { bytes }: MadeSegment): string {
  const verdict = feeds.take(checked(bytes));
  return verdict.ok ? "" : verdict.code;
}

test("segments in any order, and often, come to the same head", () => {
  const made = chain(9);
  const order = fc.shuffledSubarray([...made, ...made], { minLength: 18 });
  fc.assert(
    fc.property(order, (shuffled) => {
      const feeds = new Feeds([gateway]);
      const codes = shuffled.map((segment) => take(feeds, segment));
      assert.equal(codes.filter((code) => code === "").length, 9);
      assert.equal(codes.filter((code) => code === "DUPLICATE").length, 9);
      assert.equal(headOf(feeds), 9);
    }),
  );
});

test("what turns took in is not kept, and not taken again", () => {
  const feeds = new Feeds([gateway]);
  const made = chain(3);
  for (const segment of made) take(feeds, segment);
  const cuts = feeds.cuts();
  assert.deepEqual(cuts, [{ gateway, seq: 3, id: made[2].id }]);
  const taken = feeds.resolve(cuts);
  assert.ok(Array.isArray(taken));
  assert.deepEqual(
    taken[0].segments.map(({ bytes }) => bytes),
    made.map(({ bytes }) => bytes),
  );
  feeds.settle(cuts);
  assert.equal(feeds.waiting, false);
  assert.equal(take(feeds, made[1]), "DUPLICATE");
  assert.ok("fault" in feeds.resolve(cuts));
});

test("a proposal of a segment that is not there says what to ask for", () => {
  const feeds = new Feeds([gateway]);
  const made = chain(5);
  for (const at of [0, 1, 3]) take(feeds, made[at]);
  const found = feeds.resolve([{ gateway, seq: 5, id: made[4].id }]);
  const missing = { gateway: toHex(gateway), from: 3, to: 5 };
  assert.deepEqual(found, { missing: { ...missing, id: made[4].id, forked: false } });
  // Another one of its number does not do.
  const [other] = chain(5, 2).slice(4);
  assert.equal(take(feeds, other), "");
  const forked = feeds.resolve([{ gateway, seq: 5, id: made[4].id }]);
  assert.deepEqual(forked, { missing: { ...missing, id: made[4].id, forked: true } });
  assert.equal(take(feeds, made[4]), "FEED_FORK");
  assert.equal(take(feeds, made[2]), "");
  assert.ok(Array.isArray(feeds.resolve([{ gateway, seq: 5, id: made[4].id }])));
});

test("two segments of one number prove a lie, and a turn decides between them", () => {
  const feeds = new Feeds([gateway]);
  const made = chain(2);
  const other = chain(1, 2)[0];
  assert.equal(take(feeds, made[0]), "");
  assert.equal(take(feeds, other), "FEED_FORK");
  assert.deepEqual(feeds.forks.get(toHex(gateway)), [made[0].bytes, other.bytes]);
  assert.equal(take(feeds, made[1]), "");
  assert.equal(headOf(feeds), 2);
  const cuts = [{ gateway, seq: 1, id: other.id }];
  assert.ok(Array.isArray(feeds.resolve(cuts)));
  feeds.settle(cuts);
  // The second segment follows the one that lost.
  assert.equal(feeds.waiting, false);
});

test("a third segment of one number is kept where a turn names it, and where the log had it", () => {
  const feeds = new Feeds([gateway]);
  const [first, second, third, fourth] = [1, 2, 3, 4].map((atMs) => chain(1, atMs)[0]);
  take(feeds, first);
  take(feeds, second);
  const cuts = [{ gateway, seq: 1, id: third.id }];
  take(feeds, fourth);
  assert.ok("missing" in feeds.resolve(cuts));
  take(feeds, fourth);
  take(feeds, third);
  assert.ok(Array.isArray(feeds.resolve(cuts)));
  assert.ok("missing" in feeds.resolve([{ gateway, seq: 1, id: fourth.id }]));
  const again = new Feeds([gateway]);
  for (const { bytes } of [first, second, third]) again.take(checked(bytes), true);
  assert.ok(Array.isArray(again.resolve(cuts)));
});

test("a liar's many segments of one number do not pile up, whatever turns it proposes", () => {
  const feeds = new Feeds([gateway]);
  for (let atMs = 1; atMs < 40; atMs++) {
    const [one] = chain(1, atMs);
    feeds.resolve([{ gateway, seq: 1, id: one.id }]);
    take(feeds, one);
  }
  assert.ok(feeds.openAt(toHex(gateway), 1).length <= 8);
});

test("strangers, and what is too far ahead, are not kept", () => {
  const feeds = new Feeds([gateway]);
  const made = chain(FEED_SEGMENTS_MAX + 1);
  assert.equal(take(feeds, made[FEED_SEGMENTS_MAX]), "FEED_GAP");
  assert.equal(take(feeds, made[FEED_SEGMENTS_MAX - 1]), "");
  // What is in the log counts all the same, but no turn goes further than others keep.
  for (const { bytes } of made) feeds.take(checked(bytes), true);
  assert.equal(feeds.headOf(toHex(gateway)).seq, FEED_SEGMENTS_MAX + 1);
  assert.equal(feeds.cuts()[0].seq, FEED_SEGMENTS_MAX);
  assert.equal(take(new Feeds([new Uint8Array(16)]), made[0]), "FEED_STRANGER");
});

test("a turn takes in no more than TURN_ENTRIES_MAX messages, and refuses a plan with more", () => {
  const feeds = new Feeds([gateway]);
  const many = Array.from({ length: 800 }, () => entry(1, 4));
  let head: MadeSegment | undefined;
  for (let i = 0; i < 4; i++) {
    [head] = cutSegments(of, head ?? FEED_START, many, 1);
    take(feeds, head);
  }
  const cuts = feeds.cuts();
  assert.equal(cuts[0].seq, Math.floor(TURN_ENTRIES_MAX / 800));
  assert.ok(head);
  assert.ok("fault" in feeds.resolve([{ gateway, seq: 4, id: head.id }]));
});
