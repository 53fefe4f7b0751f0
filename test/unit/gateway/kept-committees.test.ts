// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { MEMBERS_MAX } from "#core/limits";
import { Committees } from "#core/pot/committee";
import { KeptCommittees } from "#gateway/smartchain/committees";
import { sodiumCrypto } from "#node/crypto/sodium";

const crypto = { ...sodiumCrypto(), sha256Tails: undefined };
const hash = (label: string) => crypto.sha256(Uint8Array.from(Buffer.from(label)));
const members = Array.from({ length: 20 }, (_, i) => ({
  node: hash(`node ${i}`).slice(0, 16),
  publicKey: hash(`key ${i}`),
})).sort((a, b) => Buffer.compare(a.node, b.node));
const epoch = {
  ...{ net: "n", gateway: new Uint8Array(16), epoch: 1, beacon: hash("beacon") },
  ...{ reveals: new Uint8Array(0), startMs: 0, epsilonMs: 1, tauMs: 1, k: 7, m: 5, members },
};

test("each author's latest committee is drawn once, and is the right one", () => {
  let hashes = 0;
  const counted = {
    ...crypto,
    sha256: (data: Uint8Array) => {
      hashes++;
      return crypto.sha256(data);
    },
  };
  const kept = new KeptCommittees(counted, epoch);
  const plain = new Committees(crypto, epoch);
  for (let tick = 0; tick < 5; tick++)
    for (let round = 0; round < 3; round++)
      for (const { node } of members) assert.deepEqual(kept.of(node, tick), plain.of(node, tick));
  assert.equal(hashes, 5 * members.length * (members.length - 1));
});

test("authors without end take no more than an area's members", () => {
  const kept = new KeptCommittees(crypto, epoch);
  const plain = new Committees(crypto, epoch);
  for (let i = 0; i < MEMBERS_MAX + 10; i++) kept.of(hash(`guest ${i}`).slice(0, 16), 1);
  const { latest } = kept as unknown as { latest: Map<string, unknown> };
  assert.ok(latest.size <= MEMBERS_MAX);
  assert.deepEqual(kept.of(members[0].node, 2), plain.of(members[0].node, 2));
});
