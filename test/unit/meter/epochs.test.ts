// SPDX-License-Identifier: Apache-2.0
/** What a node believes of an epoch: its gateway's word, and a beacon that the gateway did not choose. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { signRecord } from "#core/codec/record";
import { nodeIdOf } from "#core/identity";
import { beaconDigest, beaconOf } from "#core/pot/beacon";
import { type Epoch, epochRecord } from "#core/records/epoch";
import { Epochs } from "#meter/epochs";
import { sodiumCrypto } from "#node/crypto/sodium";

const crypto = sodiumCrypto();
const NET = "street-7";
const GATEWAY = new Uint8Array(32).fill(7);
const OTHER = new Uint8Array(32).fill(8);
const gatewayKey = crypto.publicKey(GATEWAY);
const members = [1, 2, 3, 4]
  .map((n) => crypto.publicKey(new Uint8Array(32).fill(n)))
  .map((publicKey) => ({ node: nodeIdOf(crypto, publicKey), publicKey }))
  .sort((a, b) => Buffer.compare(a.node, b.node));

function epochOf(epoch: number, change: Partial<Epoch> = {}, of = epoch, key = GATEWAY): Epoch {
  const reveals = crypto.sign(key, beaconDigest(crypto, NET, of));
  const gateway = nodeIdOf(crypto, gatewayKey);
  const times = { startMs: epoch * 1000, epsilonMs: 2000, tauMs: 10_000 };
  const beacon = beaconOf(crypto, reveals);
  return { net: NET, gateway, epoch, beacon, reveals, ...times, k: 3, m: 2, members, ...change };
}

function said(epoch: Epoch, key = GATEWAY): Uint8Array {
  return signRecord(epochRecord, crypto, key, epoch).bytes;
}

test("an epoch counts from its beacon on, and the one before stays known", () => {
  const epochs = new Epochs(crypto, NET, gatewayKey);
  for (const n of [1, 2, 3]) assert.equal(epochs.follow(said(epochOf(n))), undefined);
  assert.equal(epochs.current?.epoch.epoch, 3);
  assert.ok(epochs.of(2));
  assert.equal(epochs.of(1), undefined);
  assert.equal(epochs.follow(said(epochOf(2))), undefined, "it may come again");
  assert.equal(epochs.current?.epoch.epoch, 3);
});

test("without a beacon of what the gateway revealed it does not, and the old one stays", () => {
  const [first, last] = members;
  const wrong: Record<string, Epoch> = {
    "a beacon of its choice": epochOf(2, { beacon: new Uint8Array(32).fill(1) }),
    "another epoch's": epochOf(2, {}, 1),
    "another's signature": epochOf(2, {}, 2, OTHER),
    nothing: epochOf(2, { reveals: new Uint8Array(0) }),
    "two signatures": epochOf(2, { reveals: new Uint8Array(128) }),
    "members out of order": epochOf(2, { members: [last, first] }),
  };
  for (const [what, epoch] of Object.entries(wrong)) {
    const epochs = new Epochs(crypto, NET, gatewayKey);
    assert.equal(epochs.follow(said(epochOf(1))), undefined);
    assert.equal(epochs.follow(said(epoch)), "GATEWAY_EPOCH", what);
    assert.equal(epochs.current?.epoch.epoch, 1, what);
    assert.equal(epochs.follow(said(epochOf(2))), undefined, `${what}, and then as it should be`);
    assert.equal(epochs.current?.epoch.epoch, 2);
  }
});

test("what is not its gateway's counts less still", () => {
  const epochs = new Epochs(crypto, NET, gatewayKey);
  assert.equal(epochs.follow(said(epochOf(1), OTHER)), "GATEWAY_SIGNATURE");
  assert.equal(epochs.follow(said(epochOf(1, { net: "elsewhere" }))), "GATEWAY_SIGNATURE");
  assert.equal(epochs.follow(new Uint8Array(40)), "GATEWAY_SIGNATURE");
  assert.equal(epochs.current, undefined);
});
