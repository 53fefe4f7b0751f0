// SPDX-License-Identifier: Apache-2.0
/** What a node concludes from certificates, and from their absence. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Code } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import type { Quorum } from "#core/records/consensus";
import { Topics } from "#core/topics";
import { memoryStore } from "#host-sim/fleet/store";
import { Certifier } from "#meter/certifier";
import type { NodeConfig } from "#meter/config";
import { Fellows } from "#meter/fellows";
import { CertifiedLedger, epochOf } from "../../helpers/certified-ledger.ts";
import { Consortium, NET } from "../../helpers/consortium.ts";

const topics = new Topics("street-1");
const group = new Consortium(4);
const ledger = new CertifiedLedger(group, 40);
const other = new CertifiedLedger(group, 40, 2);
const { crypto } = group;

class Bench {
  readonly wrong: Code[] = [];
  readonly store = memoryStore();
  nowMs = 0;
  verified = 0;
  certifier: Certifier;
  private readonly keys: Uint8Array[];

  constructor(keys = ledger.keys()) {
    this.keys = keys;
    this.certifier = this.start();
  }

  start(): Certifier {
    const config = { net: NET } as NodeConfig;
    const counting = {
      ...crypto,
      verify: (...args: Parameters<typeof crypto.verify>) => {
        this.verified++;
        return crypto.verify(...args);
      },
    };
    const fellows = new Fellows(config, this.keys, crypto, this.store);
    const time = { uptimeMs: () => this.nowMs } as never;
    const ports = { crypto: counting, time, log: () => {} };
    const wrong = (code: Code): void => void this.wrong.push(code);
    this.certifier = new Certifier({ topics, net: NET, fellows }, ports, wrong, () => {});
    return this.certifier;
  }

  head(block: number, of = ledger): void {
    this.certifier.onHead(of.heads[block].id, of.heads[block].value);
  }

  /** Also does what there is to do at once. */
  hear(payload: Uint8Array, topic = topics.certified): void {
    assert.ok(this.certifier.onMessage(topic, payload));
    this.work();
  }

  work(): void {
    for (let i = 0; i < 200 && this.certifier.delayMs() === 0; i++) this.certifier.onTimer();
  }

  /** A quarter of an hour later. */
  later(minutes = 15): void {
    this.nowMs += minutes * 60_000;
    this.work();
  }
}

test("balance and trade are certified with the block that a quorum signed, or one on it", () => {
  const bench = new Bench();
  for (let block = 0; block < 4; block++) bench.head(block);
  bench.certifier.onTrade(ledger.heads[2].id, 2);
  bench.certifier.onBalance(ledger.heads[3].id, 3);
  assert.equal(bench.certifier.balance, undefined);
  bench.hear(ledger.certified(9, 2));
  assert.deepEqual([bench.certifier.trade, bench.certifier.balance], [2, undefined]);
  bench.hear(ledger.certified(10, 3));
  assert.equal(bench.certifier.balance, 3);
  // What is said of a block that was certified before it came.
  bench.certifier.onTrade(ledger.heads[3].id, 3);
  assert.equal(bench.certifier.trade, 3);
  assert.deepEqual(bench.wrong, []);
});

test("a certificate counts before its block is heard of, and across a gap", () => {
  const bench = new Bench();
  bench.head(3);
  bench.hear(ledger.certified(9, 5));
  bench.certifier.onBalance(ledger.heads[5].id, 5);
  assert.equal(bench.certifier.balance, 5);
  bench.head(9);
  bench.certifier.onBalance(ledger.heads[9].id, 9);
  assert.equal(bench.certifier.balance, 5, "nothing stands for what comes after a gap");
  bench.hear(ledger.certified(20, 9));
  assert.equal(bench.certifier.balance, 9);
  assert.deepEqual(bench.wrong, []);
});

test("another block than the certified one, of its height or below it, is found out", () => {
  const cases: ((bench: Bench) => void)[] = [
    (bench) => bench.head(5, other),
    (bench) => bench.certifier.onBalance(other.heads[5].id, 5),
    (bench) => bench.certifier.onTrade(other.heads[5].id, 5),
    (bench) => {
      for (const block of [4, 5]) bench.head(block, other);
    },
  ];
  for (const lie of cases) {
    const bench = new Bench();
    lie(bench);
    bench.hear(ledger.certified(9, 5));
    bench.head(6);
    assert.deepEqual(bench.wrong.slice(0, 1), ["GATEWAY_LEDGER"]);
    assert.equal(bench.certifier.balance, undefined);
  }
});

test("two headers of one height need no certificate", () => {
  const bench = new Bench();
  bench.head(4);
  bench.head(5, other);
  assert.deepEqual(bench.wrong, ["GATEWAY_LEDGER"]);
});

test("the epoch: the same, another, and one that no quorum ever named", () => {
  const bench = new Bench();
  bench.certifier.onEpoch(epochOf(group, 3));
  bench.hear(ledger.certified(1, undefined, { epoch: epochOf(group, 2) }));
  assert.equal(bench.certifier.epoch, undefined);
  bench.hear(ledger.certified(2, undefined, { epoch: epochOf(group, 3) }));
  assert.equal(bench.certifier.epoch, 3);
  bench.certifier.onEpoch(epochOf(group, 4, 1));
  assert.deepEqual(bench.wrong, []);
  bench.hear(ledger.certified(3, undefined, { epoch: epochOf(group, 4) }));
  assert.deepEqual(bench.wrong, ["GATEWAY_EPOCH"]);
  const hidden = new Bench();
  hidden.certifier.onEpoch(epochOf(group, 9));
  for (let block = 0; block < 8; block++) {
    hidden.head(block);
    hidden.hear(ledger.certified(10 + block, block, { epoch: epochOf(group, 3) }));
    hidden.later();
  }
  assert.ok(hidden.wrong.includes("GATEWAY_UNCERTIFIED"));
});

test("no certificates, old ones, or balances that are not shown: after some blocks and some time", () => {
  const silent = new Bench();
  const stale = new Bench();
  stale.hear(ledger.certified(9, 0));
  const unproven = new Bench();
  for (let block = 0; block < 20; block++) {
    for (const bench of [silent, stale, unproven]) bench.head(block);
    stale.hear(ledger.certified(9, 0));
    unproven.hear(ledger.certified(10 + block, block));
    for (const bench of [silent, stale, unproven]) bench.later();
    if (block < 2) assert.deepEqual([...silent.wrong, ...stale.wrong, ...unproven.wrong], []);
    if (block === 5) assert.deepEqual(unproven.wrong, []);
  }
  for (const { wrong } of [silent, stale, unproven])
    assert.deepEqual(new Set(wrong), new Set(["GATEWAY_UNCERTIFIED"]));
});

test("many blocks at once after hours without any are no lie", () => {
  const bench = new Bench();
  bench.head(0);
  bench.hear(ledger.certified(1, 0));
  bench.later(600);
  for (let block = 1; block < 20; block++) bench.head(block);
  assert.deepEqual(bench.wrong, []);
});

test("signatures are checked one at a time, and certificates at a pace", () => {
  const bench = new Bench();
  for (let block = 0; block < 20; block++) {
    bench.head(block);
    bench.hear(ledger.certified(block, block));
  }
  assert.equal(bench.verified, 3 * 3, "three at once");
  bench.later(2);
  assert.equal(bench.verified, 3 * 3);
  bench.later(1);
  assert.equal(bench.verified, 4 * 3, "the latest, as soon as it may");
  assert.equal(bench.certifier.delayMs(), undefined);
  bench.certifier.onBalance(ledger.heads[15].id, 15);
  assert.equal(bench.certifier.balance, 15);
});

test("forged voices, a quorum that is none, another net: nothing of it counts", () => {
  const changes = fc.oneof(
    fc.record({ what: fc.constant("signature"), at: fc.nat(2), bit: fc.nat(511) }),
    fc.record({ what: fc.constant("repeat"), at: fc.nat(1), bit: fc.nat(0) }),
    fc.record({ what: fc.constant("fewer"), at: fc.nat(2), bit: fc.nat(0) }),
    fc.record({ what: fc.constant("voter"), at: fc.nat(2), bit: fc.integer({ min: 0, max: 60 }) }),
    fc.record({ what: fc.constant("heard"), at: fc.nat(2), bit: fc.nat(3) }),
    fc.record({ what: fc.constant("round"), at: fc.nat(0), bit: fc.nat(9) }),
    fc.record({ what: fc.constant("plan"), at: fc.nat(0), bit: fc.nat(255) }),
    fc.record({ what: fc.constant("header"), at: fc.nat(0), bit: fc.nat(255) }),
    fc.record({ what: fc.constant("net"), at: fc.nat(0), bit: fc.nat(0) }),
  );
  fc.assert(
    fc.property(changes, ({ what, at, bit }) => {
      const bench = new Bench();
      bench.head(5);
      bench.certifier.onBalance(ledger.heads[5].id, 5);
      bench.hear(
        ledger.certified(9, 5, { change: (quorum) => changed(quorum, what, at, bit) ?? quorum }),
      );
      assert.deepEqual(bench.wrong, ["GATEWAY_LEDGER"]);
      assert.equal(bench.certifier.balance, undefined);
    }),
  );
});

function changed(quorum: Quorum, what: string, at: number, bit: number): Quorum | undefined {
  const { voices } = quorum;
  const flip = (bytes: Uint8Array): Uint8Array => {
    const copy = bytes.slice();
    copy[bit >> 3] ^= 1 << (bit & 7);
    return copy;
  };
  const with_ = (change: Partial<Quorum["voices"][0]>): Quorum => ({
    ...quorum,
    voices: voices.map((voice, i) => (i === at ? { ...voice, ...change } : voice)),
  });
  if (what === "signature") return with_({ signature: flip(voices[at].signature) });
  if (what === "repeat") return { ...quorum, voices: [voices[at], voices[at], voices[2]] };
  if (what === "fewer") return { ...quorum, voices: voices.filter((_, i) => i !== at) };
  if (what === "voter") return with_({ voter: bit === at ? 3 : bit });
  if (what === "heard")
    return with_({ heard: Uint8Array.of((voices[at].heard[0] ^ (1 << bit)) | 0) });
  if (what === "round") return { ...quorum, round: bit + 1 };
  if (what === "plan") return { ...quorum, plan: flip(quorum.plan) };
  if (what === "header") return { ...quorum, header: flip(quorum.header) };
  return { ...quorum, net: "other" };
}

test("changes of the gateways are followed in order, by a quorum's signatures, and kept", () => {
  const bench = new Bench();
  const larger = new Consortium(6);
  const joins = (place: number) => {
    const { publicKey } = larger.set.list[place];
    return { publicKey, beaconKey: publicKey, area: undefined, url: undefined };
  };
  const news = larger.set.list.findIndex(
    ({ publicKey }) => !ledger.keys().some((key) => Buffer.from(key).equals(publicKey)),
  );
  const change = { net: NET, number: 1, leaves: undefined, joins: joins(news) };
  bench.hear(ledger.changed(change, [0, 1]), topics.changed(1));
  assert.deepEqual(bench.wrong, ["GATEWAY_LEDGER"], "two of four are no quorum");
  const leave = { net: NET, number: 2, leaves: group.id(0), joins: undefined };
  // The second before the first: signed by the set in between.
  const between = new Consortium(4);
  between.secrets.length = 0;
  const five = [...group.set.list, larger.set.list[news]].sort((a, b) =>
    Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)),
  );
  const secretOf = (id: Uint8Array): Uint8Array =>
    larger.secrets[larger.set.list.findIndex((one) => Buffer.from(one.id).equals(id))];
  for (const { id } of five) between.secrets.push(secretOf(id));
  const second = new CertifiedLedger(between, 1).changed(leave, [0, 1, 2, 3]);
  bench.hear(second, topics.changed(2));
  assert.equal(bench.certifier.fellows.version, 0);
  bench.hear(ledger.changed(change, [0, 1, 3]), topics.changed(1));
  assert.equal(bench.certifier.fellows.version, 2);
  assert.equal(bench.certifier.fellows.size, 4);
  assert.equal(bench.certifier.fellows.has(group.set.list[0].publicKey), false);
  assert.deepEqual(bench.wrong.length, 1);
  const again = bench.start();
  assert.deepEqual([again.fellows.version, again.fellows.size], [2, 4]);
  assert.ok(
    again.fellows.list.every(
      ({ id, publicKey }) => nodeIdOf(crypto, publicKey).join() === id.join(),
    ),
  );
  // Old ones are no news, and certificates of the set that it knew then are not its business.
  bench.hear(ledger.changed(change, [0, 1, 3]), topics.changed(1));
  bench.hear(ledger.certified(3, 0));
  assert.equal(bench.wrong.length, 1);
  assert.equal(bench.verified > 0, true);
});
