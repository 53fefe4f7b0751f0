// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import { signRecord } from "#core/codec/record";
import { capsRecord, demandRecord } from "#core/records/notice";
import { fromGateway } from "#meter/inspect";
import { sodiumCrypto } from "#node/crypto/sodium";

const crypto = sodiumCrypto();
const secretKey = new Uint8Array(32).fill(1);
const gatewayKey = crypto.publicKey(secretKey);
const demand = {
  net: "n",
  gateway: new Uint8Array(16).fill(3),
  slot: 4,
  demandWh: 500,
  guidanceMicro: 120_000,
  atMs: 1000,
};
const { bytes } = signRecord(demandRecord, crypto, secretKey, demand);

const taken = (key: Uint8Array, net: string, message: Uint8Array) =>
  fromGateway(demandRecord, crypto, key, net, message)?.value;

test("a node takes what its gateway signed for its network", () => {
  assert.deepEqual(taken(gatewayKey, demand.net, bytes), demand);
});

test("nothing of another key, for another network, or in another type's place", () => {
  const stranger = new Uint8Array(32).fill(2);
  const forged = signRecord(demandRecord, crypto, stranger, demand).bytes;
  assert.equal(taken(gatewayKey, demand.net, forged), undefined);
  assert.equal(taken(crypto.publicKey(stranger), demand.net, bytes), undefined);
  assert.equal(taken(gatewayKey, `${demand.net}2`, bytes), undefined);
  assert.equal(fromGateway(capsRecord, crypto, gatewayKey, demand.net, bytes), undefined);
  const moved: typeof demandRecord = Object.create(demandRecord, {
    domain: { value: "wattle/other/1" },
  });
  const elsewhere = signRecord(moved, crypto, secretKey, demand).bytes;
  assert.equal(taken(gatewayKey, demand.net, elsewhere), undefined);
});

test("no byte of it can be changed, and no end be cut off", () => {
  for (let i = 0; i < bytes.length; i++) {
    const changed = bytes.slice();
    changed[i] ^= 1;
    assert.equal(taken(gatewayKey, demand.net, changed), undefined, `byte ${i}`);
    assert.equal(taken(gatewayKey, demand.net, bytes.slice(0, i)), undefined, `${i} bytes`);
  }
});
