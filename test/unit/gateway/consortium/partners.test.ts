// SPDX-License-Identifier: Apache-2.0
/** Who the gateways are, by the changes that they agreed on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import { GATEWAYS_MAX } from "#core/consensus/limits";
import { nodeIdOf } from "#core/identity";
import { CHANGES_OPEN_MAX } from "#core/limits";
import { type Change, changeRecord } from "#core/records/registry";
import { Partners } from "#gateway/consortium/partners";
import { keyedCrypto } from "#host-sim/smartchain/crypto";

const crypto = keyedCrypto();
const partner = (index: number) => {
  const publicKey = crypto.publicKey(new Uint8Array(32).fill(index + 1));
  return { id: nodeIdOf(crypto, publicKey), publicKey, beaconKey: publicKey };
};
/** Gateway `by` is for a change, signed with its key. */
const wish = (partners: Partners, wanted: Change, by: number) => {
  const secretKey = new Uint8Array(32).fill(by + 1);
  return partners.wish(signRecord(changeRecord, crypto, secretKey, wanted).bytes, idOf(by));
};
const idOf = (index: number) => toHex(partner(index).id);
const partnersOf = (count: number) =>
  new Partners(
    "test",
    crypto,
    Array.from({ length: count }, (_, i) => partner(i)),
    "quorum",
  );
const joining = (index: number, more: object = {}): NonNullable<Change["joins"]> => {
  const { publicKey, beaconKey } = partner(index);
  return { publicKey, beaconKey, area: `a${index}`, url: `mqtt://gw${index}:1883`, ...more };
};
const change = (more: Partial<Change> = {}): Change => ({
  ...{ net: "test", number: 1, leaves: undefined, joins: joining(9) },
  ...more,
});

test("what cannot be the next change says why", () => {
  const partners = partnersOf(4);
  const faultOf = (more: Partial<Change>) => partners.faultOf(change(more));
  assert.equal(faultOf({}), undefined);
  assert.equal(faultOf({ net: "other" }), "net");
  assert.equal(faultOf({ number: 2 }), "number");
  assert.equal(faultOf({ joins: undefined }), "nothing");
  assert.equal(faultOf({ leaves: partner(7).id }), "unknown");
  assert.equal(faultOf({ joins: joining(2) }), "used");
  assert.equal(partnersOf(GATEWAYS_MAX).faultOf(change({ joins: joining(200) })), "count");
  assert.equal(
    partnersOf(1).faultOf({ ...change(), joins: undefined, leaves: partner(0).id }),
    "count",
  );
});

test("where the entrant is, is checked as strictly as a configuration is", () => {
  const partners = partnersOf(4);
  const faultOf = (more: object) => partners.faultOf(change({ joins: joining(9, more) }));
  for (const url of ["mqtts://gw.example:8883", "wss://gw.example/mqtt", "mqtt://192.168.1.5"])
    assert.equal(faultOf({ url }), undefined, url);
  assert.equal(faultOf({ url: undefined }), undefined); // on the broker that all share
  assert.equal(faultOf({ url: undefined, area: undefined }), undefined);
  const wrong = [
    ...["http://gw", "mqtt://", "mqtt://user:secret@gw", "mqtt://gw and more", "gw:1883"],
    ...["mqtt://gw:99999", "wss://ho^st:1"], // no gateway of Node could look for these
  ];
  for (const url of wrong) assert.equal(faultOf({ url }), "place", url);
  assert.equal(faultOf({ area: undefined }), "place");
});

test("a quorum of the very same wish makes a change, and voids all others", () => {
  const partners = partnersOf(4);
  const one = change();
  const other = change({ joins: joining(9, { url: "mqtt://elsewhere" }) });
  assert.equal(wish(partners, one, 0), undefined);
  assert.equal(wish(partners, one, 0), undefined); // once more counts once
  assert.equal(wish(partners, other, 3), undefined);
  assert.equal(wish(partners, one, 8), undefined); // a stranger
  assert.equal(wish(partners, one, 1), undefined);
  const [open] = partners.open;
  assert.deepEqual([...open.by.keys()], [idOf(0), idOf(1)]);
  assert.equal(partners.open.length, 2);
  assert.deepEqual(wish(partners, one, 2), change());
  assert.equal(partners.version, 1);
  assert.deepEqual(partners.open, []);
  const entrant = partners.get(partner(9).id);
  assert.equal(entrant?.area, "a9");
  assert.equal(entrant?.url, "mqtt://gw9:1883");
  assert.equal(wish(partners, other, 3), undefined);
});

test("changes that some are for are bounded", () => {
  const partners = partnersOf(4);
  for (let i = 0; i < CHANGES_OPEN_MAX; i++) wish(partners, change({ joins: joining(20 + i) }), 0);
  const more = change();
  assert.equal(partners.isFull(changeRecord.encode(more), idOf(0)), true);
  wish(partners, more, 0);
  assert.equal(partners.open.length, CHANGES_OPEN_MAX);
  assert.equal(
    partners.isFull(changeRecord.encode(change({ joins: joining(20) })), idOf(0)),
    false,
  );
});

test("who left may still ask, and one that looks on takes what proves itself", () => {
  const partners = partnersOf(4);
  const leave = change({ leaves: partner(3).id, joins: undefined });
  for (let i = 0; i < 3; i++) wish(partners, leave, i);
  assert.equal(partners.hears(idOf(0), idOf(1), "vote"), true);
  assert.equal(partners.hears(idOf(0), idOf(0), "vote"), false);
  assert.equal(partners.hears(idOf(0), idOf(3), "vote"), false);
  assert.equal(partners.hears(idOf(0), idOf(3), "status"), true);
  assert.equal(partners.hears(idOf(0), idOf(9), "status"), false);
  assert.equal(partners.hears(idOf(0), idOf(9), "decision"), false);
  assert.equal(partners.hears(idOf(9), idOf(8), "decision"), true);
  assert.equal(partners.hears(idOf(9), idOf(8), "vote"), false);
});

test("a gateway with many wishes of its own keeps nobody else's from counting", () => {
  const partners = partnersOf(4);
  const joins = (index: number) => change({ joins: joining(index) });
  for (let i = 0; i < CHANGES_OPEN_MAX + 8; i++) wish(partners, joins(9 + i), 0);
  const wanted = joins(99);
  assert.equal(wish(partners, wanted, 1), undefined);
  assert.equal(wish(partners, wanted, 1), undefined);
  assert.equal(wish(partners, wanted, 2), undefined);
  assert.ok(wish(partners, wanted, 3));
  assert.equal(partners.version, 1);
  assert.equal(partners.set.size, 5);
});
