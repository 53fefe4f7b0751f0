// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { nodeIdOf } from "#core/identity";
import { CHANGES_OPEN_MAX } from "#core/limits";
import { changeRecord } from "#core/records/registry";
import { Partners } from "#gateway/consortium/partners";
import { keyedCrypto } from "#host-sim/smartchain/crypto";

test("a gateway with many wishes of its own keeps nobody else's from counting", () => {
  const crypto = keyedCrypto();
  const keys = Array.from({ length: 40 }, (_, i) =>
    crypto.publicKey(new Uint8Array(32).fill(i + 1)),
  );
  const first = keys
    .slice(0, 4)
    .map((publicKey) => ({ id: nodeIdOf(crypto, publicKey), publicKey, beaconKey: publicKey }));
  const ids = first.map(({ id }) => toHex(id));
  const partners = new Partners("net", crypto, first, "quorum");
  const joining = (key: Uint8Array) =>
    changeRecord.encode({
      net: "net",
      number: 1,
      leaves: undefined,
      joins: { publicKey: key, beaconKey: key },
    });
  for (let i = 0; i < CHANGES_OPEN_MAX + 8; i++) partners.wish(joining(keys[4 + i]), ids[0]);
  const wanted = joining(keys[39]);
  assert.equal(partners.wish(wanted, ids[1]), undefined);
  assert.equal(partners.wish(wanted, ids[1]), undefined);
  assert.equal(partners.wish(wanted, ids[2]), undefined);
  assert.ok(partners.wish(wanted, ids[3]));
  assert.equal(partners.version, 1);
  assert.equal(partners.set.size, 5);
});
