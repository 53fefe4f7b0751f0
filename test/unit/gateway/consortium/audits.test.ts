// SPDX-License-Identifier: Apache-2.0
/** What waits for segments is looked at again with each that comes: what that costs, whoever sends them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { nobleCrypto } from "#core/crypto/noble";
import type { Crypto } from "#core/crypto/port";
import { WIRE } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import { blockOf } from "#gateway/consensus/open";
import { Audits } from "#gateway/consortium/audits";
import { Feeds } from "#gateway/consortium/feeds";
import { Partners } from "#gateway/consortium/partners";
import { cutSegments, FEED_START, openFed } from "#gateway/consortium/segments";
import { type Before, makeTurn } from "#gateway/consortium/turns";

const NET = "test";
const noble = nobleCrypto();
let checks = 0;
const crypto: Crypto = {
  ...noble,
  verify: (...args) => {
    checks++;
    return noble.verify(...args);
  },
};
const secrets = [1, 2, 3, 4].map((fill) => new Uint8Array(32).fill(fill));
const gateways = secrets.map((secret) => {
  const publicKey = noble.publicKey(secret);
  return { id: nodeIdOf(noble, publicKey), publicKey, beaconKey: new Uint8Array(96) };
});
const LIAR = 1;
/** Of a height whose turns have a part of the beacon. */
const before: Before = {
  net: NET,
  height: 32,
  prev: new Uint8Array(32),
  atMs: 1000,
  terms: new Uint8Array(32),
  ledger: undefined,
  epoch: undefined,
};

/** A gateway that audits, and what it was asked to check of the beacon. */
class Auditor {
  readonly partners = new Partners(NET, crypto, gateways, "quorum");
  readonly feeds = new Feeds(gateways.map(({ id }) => id));
  readonly codes: number[] = [];
  parts = 0;
  private readonly audits: Audits;

  constructor(right: boolean) {
    const verify = (): boolean => {
      this.parts++;
      return right;
    };
    const none = () => {};
    this.audits = new Audits({
      crypto,
      feeds: this.feeds,
      exchange: { ask: none } as never,
      outside: { beacon: { verify }, after: none } as never,
      self: toHex(gateways[0].id),
      partners: this.partners,
      before: () => before,
      epoch: () => 1,
      nowMs: () => 2000,
      checked: (_, code) => this.codes.push(code),
      whole: none,
      broken: none,
    });
  }

  /** The turn of a leader that takes in this segment of the liar. */
  check(seq: number, id: Uint8Array): void {
    const cuts = [{ gateway: gateways[LIAR].id, seq, id }];
    const made = makeTurn(before, gateways[LIAR].id, cuts, 1500, new Uint8Array(48));
    const block = blockOf(crypto, made);
    this.audits.check({ type: "check", height: 32, block, certified: false });
  }

  /** As a replica does: false where it is not kept. */
  hear(bytes: Uint8Array): boolean {
    const keyOf = (id: string) => this.partners.keyOf(id);
    const segment = openFed(crypto, NET, keyOf, bytes, (signed) => this.feeds.faultOf(signed));
    if ("code" in segment) return false;
    this.feeds.take(segment);
    this.audits.heard();
    return true;
  }
}

const made = (atMs: number) =>
  cutSegments(
    { crypto, secretKey: secrets[LIAR], net: NET, gateway: gateways[LIAR].id },
    FEED_START,
    [{ kind: 1, bytes: Uint8Array.of(atMs) }],
    atMs,
  )[0];

test("a turn's part of the beacon is looked at once, whatever comes while it waits", () => {
  const auditor = new Auditor(true);
  const wanted = made(99);
  auditor.check(1, wanted.id);
  checks = 0;
  const kept = Array.from({ length: 20 }, (_, i) => auditor.hear(made(i).bytes));
  assert.equal(kept.filter(Boolean).length, 2, "two of one number are a proof, more are nothing");
  assert.equal(checks, 2, "signatures of what is not kept are not checked");
  assert.deepEqual([auditor.parts, auditor.codes], [1, []]);
  assert.ok(auditor.hear(wanted.bytes), "the one that the turn names");
  assert.deepEqual([auditor.parts, auditor.codes], [1, [0]]);
});

test("a part that is not the leader's is refused at once, and each time by the first look", () => {
  const auditor = new Auditor(false);
  for (let i = 0; i < 3; i++) auditor.check(1, made(99).id);
  assert.deepEqual(auditor.codes, Array(3).fill(WIRE.TURN_REVEAL));
  auditor.check(1, made(98).id);
  assert.equal(auditor.parts, 2, "another turn is looked at by itself");
});
