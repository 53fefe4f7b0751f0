// SPDX-License-Identifier: Apache-2.0
/** What a node keeps of direct trade: the closest offer, who takes its own, and bounds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import { OFFERS_HEARD_MAX } from "#core/limits";
import { TxType } from "#core/records/tx";
import { Offers } from "#meter/offers";
import { idOf, legOf, offer, SLOT_MS, take, txOf } from "../core/ledger/world.ts";

const NEED = { slot: 2, wh: 100, maxMicro: 400_000, nowMs: SLOT_MS };

function heardBy(name: string, ...txs: ReturnType<typeof offer>[]): Offers {
  const offers = new Offers(idOf(name));
  txs.forEach((tx, i) => void offers.heard(tx, i));
  return offers;
}

const closest = (offers: Offers) => {
  const found = offers.closest(NEED.slot, NEED.wh, NEED.maxMicro, NEED.nowMs);
  return found && toHex(found.offer.txid);
};

test("the closest offer: by energy, then by price, then another for each buyer", () => {
  const far = offer("far", "s", 2, 200, 1);
  const dear = offer("dear", "t", 2, 90, 30_000);
  const cheap = offer("cheap", "u", 2, 110, 11_000);
  const twins = [offer("x", "v", 2, 110, 11_000), cheap];
  assert.equal(closest(heardBy("b", far)), toHex(far.txid), "the only one");
  assert.equal(closest(heardBy("b", far, dear)), toHex(dear.txid), "10 Wh apart, not 100");
  assert.equal(closest(heardBy("b", dear, cheap)), toHex(cheap.txid), "both 10 Wh apart");
  const chosen = new Set(["b", "c", "d", "e", "f"].map((name) => closest(heardBy(name, ...twins))));
  assert.equal(chosen.size, 2, "the same in all but the id: buyers are spread over both");
  assert.equal(closest(heardBy("b", ...twins)), closest(heardBy("b", ...twins.toReversed())));
});

test("no offer is taken that is too dear, over, for another slot, one's own or used up", () => {
  const tooDear = offer("o", "s", 2, 100, 40_001);
  assert.equal(closest(heardBy("b", tooDear)), undefined, "400 010 µc/kWh");
  assert.equal(closest(heardBy("b", offer("o", "s", 3, 100, 1))), undefined, "slot 3");
  const good = offer("o", "s", 2, 100, 1000);
  assert.equal(closest(heardBy("s", good)), undefined, "its own");
  assert.equal(heardBy("b", good).closest(2, 100, 400_000, 2 * SLOT_MS), undefined, "over");
  const used = take("r", "c", "s", good, 100, 1000);
  assert.equal(closest(heardBy("b", good, used)), undefined, "c took it");
});

test("takers are those that the ledger would take, whatever the order in which they came", () => {
  const own = offer("o", "s", 2, 100, 1000);
  const takers = [
    { tx: take("r1", "b", "s", own, 60, 600), tMs: 10 },
    { tx: take("r2", "c", "s", own, 50, 500), tMs: 20 },
    { tx: take("r3", "d", "s", own, 40, 400), tMs: 30 },
    { tx: take("r4", "b", "s", own, 1, 10), tMs: 40 },
    { tx: take("r5", "e", "s", own, 1, 9), tMs: 5 },
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray(takers, { minLength: takers.length }), (order) => {
      const offers = heardBy("s", own);
      for (const { tx, tMs } of order) offers.heard(tx, tMs);
      const found = offers.takers(own.txid).map(({ txid }) => toHex(txid));
      // c comes second and too late for 50 Wh, b cannot take twice, and e is 1 µc short.
      assert.deepEqual(found, [toHex(takers[0].tx.txid), toHex(takers[2].tx.txid)]);
    }),
  );
});

test("who was not first takes the next closest offer, or what is left", () => {
  const near = offer("near", "s", 2, 100, 10_000);
  const next = offer("next", "t", 2, 180, 18_000);
  const mine = take("mine", "b", "s", near, 100, 10_000);
  const first = take("first", "c", "s", near, 70, 7000);
  const offers = heardBy("b", near, next);
  assert.equal(closest(offers), toHex(near.txid));
  assert.equal(offers.heard(mine, 20), true, "its own word, heard again");
  assert.deepEqual(
    offers.own(2).map(({ fits }) => fits),
    [true],
  );
  assert.equal(closest(offers), toHex(next.txid), "for more: another seller");
  assert.equal(offers.heard(first, 10), true, "one that comes first in the ledger");
  assert.deepEqual(
    offers.own(2).map(({ fits }) => fits),
    [false],
  );
  assert.equal(closest(offers), toHex(next.txid));
  const rest = heardBy("d", near, first).closest(2, 100, 400_000, SLOT_MS);
  assert.deepEqual([rest?.offer.txid, rest?.leftWh], [near.txid, 30], "a part of it for d");
});

test("a SOLD to this node is known by its RESERVE", () => {
  const other = offer("o", "s", 2, 100, 1000);
  const own = take("r", "b", "s", other, 100, 1000);
  const terms = { qtyWh: 90, ecashMicro: 900 };
  const legs = [legOf("s", "c", other, terms, 0n), legOf("s", "b", own, terms, 90_000n)];
  const sold = txOf("sold", "s", { type: TxType.sold, slot: 2, legs });
  const offers = heardBy("b", other, own);
  assert.equal(offers.heard(sold, 50), true, "a deal goes on");
  assert.equal(offers.soldFor(own.txid)?.qtyWh, 90);
  assert.equal(heardBy("d").heard(sold, 50), false, "not d's");
  offers.forget(4);
  assert.deepEqual([offers.find(other.txid), offers.soldFor(own.txid)], [undefined, undefined]);
});

test("offers of others are bounded, and a node's own stays", () => {
  const own = offer("own", "b", 2, 100, 1000);
  const offers = heardBy("b", own);
  for (let i = 0; i < 3 * OFFERS_HEARD_MAX; i++) offers.heard(offer(`o${i}`, "s", 2, 100, 1), i);
  assert.ok(offers.find(own.txid), "its own");
  const kept = Array.from({ length: 3 * OFFERS_HEARD_MAX }, (_, i) => offer(`o${i}`, "s", 2, 1, 1))
    .map(({ txid }) => offers.find(txid))
    .filter(Boolean);
  assert.equal(kept.length, OFFERS_HEARD_MAX - 1);
});
