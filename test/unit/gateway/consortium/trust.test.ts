// SPDX-License-Identifier: Apache-2.0
/** The authority's word in feeds: what one gateway feeds is right as a whole, or nothing of it counts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { nodeIdOf } from "#core/identity";
import { CERTIFICATES_FED_MAX } from "#core/limits";
import { type FedEntry, FedKind } from "#core/records/segment";
import { openAuthority } from "#core/trust/anchor";
import type { Area } from "#gateway/area";
import type { Taken } from "#gateway/consortium/feeds";
import {
  type CheckedSegment,
  cutSegments,
  FEED_START,
  openFed,
} from "#gateway/consortium/segments";
import { trustIn } from "#gateway/consortium/trust";
import type { SealJob } from "#gateway/identity/ports";
import { Registry } from "#gateway/identity/registry";
import { TestAuthority } from "#test/helpers/authority";
import { crypto, named } from "#test/helpers/local-area";

const NET = "test";
const authority = new TestAuthority(NET);
const stranger = new TestAuthority(NET, "stranger");
const keyOf = (node: number) => crypto.publicKey(named(`fed node ${node}`));
const fedOf = (bytes: Uint8Array): FedEntry => ({ kind: FedKind.certificate, bytes });
const right = (node: number) => fedOf(authority.issue(keyOf(node)));
const wrong = (node: number) => fedOf(stranger.issue(keyOf(node)));

/** An area as far as it is looked at here; with real seals unless they cost too much. */
class Trusting {
  readonly registry = new Registry(crypto, NET);
  /** How many seals each question had. */
  readonly asked: number[] = [];
  faults: number[] = [];
  private readonly area: Area;

  constructor(verifyAll = authority.seals().verifyAll) {
    const bytes = authority.record();
    const opened = openAuthority(crypto, bytes);
    assert.ok(opened.ok);
    this.registry.setAuthority(opened.value, bytes);
    const seals = {
      verifySeals: () => assert.fail("one by one"),
      verifyAll: (key: Uint8Array, jobs: readonly SealJob[]) => {
        this.asked.push(jobs.length);
        return verifyAll(key, jobs);
      },
    };
    const ports = { crypto, identity: { seals } };
    this.area = { ports, options: { net: NET }, registry: this.registry } as unknown as Area;
  }

  /** Ids of the nodes whose certificates count; `replayed`: as in the log. */
  async take(feeds: readonly FedEntry[][], replayed?: readonly number[]): Promise<string[]> {
    this.faults = [];
    const known = replayed && ((seal: number) => !replayed.includes(seal));
    const fault = (seal: number) => void this.faults.push(seal);
    const taken = feeds.map((entries, i) => takenOf(i, entries));
    const found = await trustIn(this.area, taken, authority.anchorKey, known, fault);
    return (found?.certificates ?? []).map(({ sealed }) => toHex(sealed.value.id));
  }
}

function segmentsOf(place: number, entries: readonly FedEntry[]): CheckedSegment[] {
  const secretKey = named(`feeder ${place}`);
  const publicKey = crypto.publicKey(secretKey);
  const of = { crypto, secretKey, net: NET, gateway: nodeIdOf(crypto, publicKey) };
  return cutSegments(of, FEED_START, entries, 1).map(({ bytes }) => {
    const segment = openFed(crypto, NET, () => publicKey, bytes);
    assert.ok("signed" in segment);
    return segment;
  });
}

function takenOf(place: number, entries: readonly FedEntry[]): Taken {
  return { gateway: `gateway ${place}`, segments: segmentsOf(place, entries) };
}

const idOf = (node: number) => toHex(nodeIdOf(crypto, keyOf(node)));

test("one false seal takes what its gateway fed with it, and nothing of the others", async () => {
  const trusting = new Trusting();
  const feeds = [[right(1), right(2)], [right(3), wrong(4), wrong(5)], [right(6)]];
  const found = await trusting.take(feeds);
  assert.deepEqual(found, [1, 2, 6].map(idOf));
  assert.deepEqual(trusting.faults, [2, 3, 4]);
  assert.deepEqual(trusting.asked, [2, 3, 1], "one question for each gateway");
  const again = new Trusting();
  assert.deepEqual(await again.take(feeds, trusting.faults), found, "and so from the log");
  assert.deepEqual([again.asked, again.faults], [[], trusting.faults]);
});

test("a seal that holds is not checked again for the next that feeds it", async () => {
  const trusting = new Trusting();
  const [one, two] = [right(1), right(2)];
  const found = await trusting.take([
    [one, one],
    [wrong(3), one],
    [one, two],
  ]);
  assert.deepEqual(trusting.asked, [1, 1, 1]);
  assert.deepEqual(trusting.faults, [2], "one was right already");
  assert.deepEqual([...new Set(found)], [1, 2].map(idOf));
});

test("of one gateway a turn takes so many certificates, and what the log took before it keeps", async () => {
  const trusting = new Trusting(() => true);
  const all = Array.from({ length: CERTIFICATES_FED_MAX + 3 }, (_, i) => right(i));
  assert.equal((await trusting.take([all])).length, CERTIFICATES_FED_MAX);
  assert.deepEqual(trusting.asked, [CERTIFICATES_FED_MAX]);
  assert.equal(trusting.faults.length, 3);
  assert.equal((await trusting.take([all], [])).length, all.length);
});
