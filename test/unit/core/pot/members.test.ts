// SPDX-License-Identifier: Apache-2.0
/** A signed epoch is opened in little memory with the same outcome as by the schema. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openSigned, signRecord, verifySigned } from "#core/codec/record";
import { Committees } from "#core/pot/committee";
import { openEpoch } from "#core/pot/members";
import { type Epoch, epochRecord } from "#core/records/epoch";
import { Rng } from "../../../property/rng.ts";
import { crypto, keyOf, NET, TS_MS } from "./world.ts";

const rng = new Rng(3);

function epochWith(count: number, change: Partial<Epoch> = {}): Epoch {
  const members = Array.from({ length: count }, () => ({
    node: rng.bytes(16),
    publicKey: rng.bytes(32),
  })).sort((a, b) => Buffer.compare(a.node, b.node));
  const fixed = {
    net: NET,
    gateway: rng.bytes(16),
    epoch: 70_000,
    beacon: rng.bytes(32),
    reveals: rng.bytes(64),
  };
  const times = { startMs: TS_MS, epsilonMs: 2000, tauMs: 10_000 };
  return { ...fixed, ...times, k: Math.min(7, count), m: Math.min(5, count), members, ...change };
}

const signed = (epoch: Epoch): Uint8Array => signRecord(epochRecord, crypto, keyOf(1), epoch).bytes;

test("what the schema says, for any number of members", () => {
  for (const count of [0, 1, 2, 4, 5, 23, 24, 100, 255, 256]) {
    const epoch = epochWith(count, count === 5 ? { epoch: 3, startMs: 7, epsilonMs: 255 } : {});
    const bytes = signed(epoch);
    const opened = openEpoch(crypto, bytes);
    const plain = openSigned(epochRecord, crypto, bytes);
    assert.ok(opened.ok && plain.ok, `${count} members`);
    assert.deepEqual(opened.id, plain.id);
    assert.ok(verifySigned(crypto, crypto.publicKey(keyOf(1)), opened));
    const { members, ...fields } = plain.value;
    assert.deepEqual(opened.fields, fields);
    assert.equal(opened.members.count, count);
    members.forEach(({ node, publicKey }, i) => {
      assert.deepEqual(opened.members.nodeOf(i), node);
      assert.deepEqual(opened.members.keyOf(i), publicKey);
      assert.equal(opened.members.indexOf(node), i);
    });
    const packed = new Committees(crypto, opened);
    assert.deepEqual(packed.of(rng.bytes(16), 9).length, Math.min(7, count));
    const from = rng.bytes(16);
    assert.deepEqual(packed.of(from, 8), new Committees(crypto, epoch).of(from, 8));
  }
});

test("changed bytes are taken or refused as by the schema", () => {
  const good = signed(epochWith(30));
  let taken = 0;
  for (let i = 0; i < 6000; i++) {
    let bytes = good.slice();
    for (let n = 1 + rng.below(2); n > 0; n--)
      bytes[rng.below(i % 2 ? bytes.length : 150)] = rng.below(256);
    if (rng.below(10) === 0) bytes = bytes.slice(0, rng.below(bytes.length));
    const opened = openEpoch(crypto, bytes);
    const plain = openSigned(epochRecord, crypto, bytes);
    assert.equal(opened.ok, plain.ok, Buffer.from(bytes.slice(0, 150)).toString("hex"));
    if (!opened.ok || !plain.ok) continue;
    taken++;
    assert.deepEqual(opened.id, plain.id);
    assert.deepEqual({ ...opened.fields, members: plain.value.members }, plain.value);
  }
  assert.ok(taken > 1000 && taken < 5000, `${taken}`);
});
