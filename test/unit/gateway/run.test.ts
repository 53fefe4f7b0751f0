// SPDX-License-Identifier: Apache-2.0
/** Who a settling slot waits for, whatever its members say. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import type { Notice } from "#core/records/notice";
import { type Tx, type TxLeg, TxType } from "#core/records/tx";
import type { PairEntry } from "#gateway/entries";
import { SlotRun } from "#gateway/slots/run";
import { named } from "../../helpers/local-area.ts";

const id = (name: string) => named(name, 16);

function pair(seller: string, buyer: string, qtyWh: number): PairEntry {
  return {
    seller: id(seller),
    buyer: id(buyer),
    reserve: named(`reserve of ${buyer}`),
    qtyWh,
    priceMicro: 1000,
    ecashMicro: qtyWh,
  };
}

function tx(type: number, from: string, legs: Partial<TxLeg>[], txid = named(`${from} ${type}`)) {
  return { txid, body: { type, from: id(from), legs } } as unknown as Tx;
}

const soldLeg = (buyer: string, qtyWh: number): Partial<TxLeg> => ({
  to: id(buyer),
  ref: named(`reserve of ${buyer}`),
  qtyWh,
  ecashMicro: qtyWh,
});
const boughtLeg = (seller: string, sold: Tx, qtyWh: number): Partial<TxLeg> => ({
  to: id(seller),
  ref: sold.txid,
  qtyWh,
  ecashMicro: qtyWh,
});

function settling(...pairs: PairEntry[]): SlotRun {
  const run = new SlotRun({ slot: 0 } as Notice, new Set(), 0);
  run.startSettling(pairs, 0);
  return run;
}

const missing = (run: SlotRun) => [...run.missingParties()].sort();
const ids = (...names: string[]) => names.map((name) => toHex(id(name))).sort();

test("a slot is settled when every contract is sold and bought", () => {
  const run = settling(pair("s", "b", 5), pair("s", "c", 7));
  const sold = tx(TxType.sold, "s", [soldLeg("b", 5), soldLeg("c", 7)]);
  assert.deepEqual(missing(run), ids("s"));
  run.heard(sold);
  assert.deepEqual(missing(run), ids("b", "c"));
  run.heard(tx(TxType.bought, "b", [boughtLeg("s", sold, 5)]));
  assert.deepEqual(missing(run), ids("c"));
  run.heard(tx(TxType.bought, "c", [boughtLeg("s", sold, 7)]));
  assert.ok(run.settled);
  assert.deepEqual(missing(run), []);
});

test("a slot without contracts is settled at once", () => {
  assert.ok(settling().settled);
});

test("a SOLD with other terms is no SOLD: its seller is missing, not the buyer", () => {
  for (const change of [{ qtyWh: 6 }, { ecashMicro: 4 }, { ref: named("another") }]) {
    const run = settling(pair("s", "b", 5));
    run.heard(tx(TxType.sold, "s", [{ ...soldLeg("b", 5), ...change }]));
    assert.deepEqual(missing(run), ids("s"), JSON.stringify(Object.keys(change)));
    assert.deepEqual(run.solds, [], "and it is not passed on again");
  }
});

test("a BOUGHT before its SOLD, or for another, does not end the slot", () => {
  const run = settling(pair("s", "b", 5));
  const sold = tx(TxType.sold, "s", [soldLeg("b", 5)]);
  run.heard(tx(TxType.bought, "b", [boughtLeg("s", sold, 5)]));
  assert.ok(!run.settled, "there is no SOLD yet");
  run.heard(sold);
  run.heard(tx(TxType.bought, "b", [{ ...boughtLeg("s", sold, 5), ref: named("made up") }]));
  run.heard(tx(TxType.bought, "b", [boughtLeg("s", sold, 4)]));
  run.heard(tx(TxType.reserve, "b", [boughtLeg("s", sold, 5)]));
  assert.ok(!run.settled);
  assert.deepEqual(missing(run), ids("b"));
  run.heard(tx(TxType.bought, "b", [boughtLeg("s", sold, 5)]));
  assert.ok(run.settled);
});

test("saying it twice does not count twice", () => {
  const run = settling(pair("s", "b", 5), pair("s", "c", 5));
  const sold = tx(TxType.sold, "s", [soldLeg("b", 5), soldLeg("c", 5)]);
  run.heard(sold);
  for (let i = 0; i < 3; i++) run.heard(tx(TxType.bought, "b", [boughtLeg("s", sold, 5)]));
  assert.ok(!run.settled);
  assert.deepEqual(missing(run), ids("c"));
});

test("a buyer that one seller lets wait is not missing for the other", () => {
  const run = settling(pair("s", "b", 5), pair("t", "b", 6), pair("s", "c", 1));
  run.heard(tx(TxType.sold, "s", [soldLeg("b", 5), soldLeg("c", 1)]));
  assert.deepEqual(missing(run), ids("t", "c"), "b waits for t and says one BOUGHT for both");
});

test("a bad SOLD before the good one does not make the honest buyer one that is missing", () => {
  const run = settling(pair("s", "b", 5));
  const bad = tx(TxType.sold, "s", [soldLeg("b", 5)], named("the bad one"));
  const good = tx(TxType.sold, "s", [soldLeg("b", 5)], named("the good one"));
  run.heard(bad);
  run.heard(good);
  assert.deepEqual(missing(run), ids("b"));
  run.heard(tx(TxType.bought, "b", [boughtLeg("s", good, 5)]));
  assert.ok(run.settled);
  run.unheard(toHex(bad.txid));
  assert.ok(run.settled, "what the block rejected paid for nothing");
});

test("a SOLD that a block rejected while its slot settles was none: its seller is missing", () => {
  const run = settling(pair("s", "b", 5), pair("t", "c", 6));
  const [sold, other] = [
    tx(TxType.sold, "s", [soldLeg("b", 5)]),
    tx(TxType.sold, "t", [soldLeg("c", 6)]),
  ];
  const bought = tx(TxType.bought, "c", [boughtLeg("t", other, 6)]);
  for (const said of [sold, other, bought, tx(TxType.bought, "b", [boughtLeg("s", sold, 5)])])
    run.heard(said);
  assert.ok(run.settled);
  run.unheard(toHex(sold.txid));
  assert.ok(!run.settled);
  assert.deepEqual(missing(run), ids("s"), "and not the buyer, whose BOUGHT fell with it");
  assert.deepEqual(run.solds, [other], "it is not passed on again");
  run.unheard(toHex(bought.txid));
  assert.deepEqual(missing(run), ids("s", "c"));
  run.unheard(toHex(named("a RESERVE")));
  assert.deepEqual(missing(run), ids("s", "c"));
});

test("who answers while votes are waited for is not missing; whom that answer keeps waiting no longer is", () => {
  const run = settling(pair("s", "b", 5), pair("t", "c", 7));
  run.waitNoLonger();
  for (const one of run.missingParties()) run.missed.add(one);
  assert.deepEqual([...run.missed].sort(), ids("s", "t"));
  run.heard(tx(TxType.sold, "s", [soldLeg("b", 5)]));
  assert.deepEqual(run.lastLook(), ids("b"), "it could buy now, and did not");
  assert.deepEqual([...run.missed], ids("t"));
});

test("who was missing before contracts were settled stays so, whatever it answers then", () => {
  const run = settling(pair("s", "b", 5));
  for (const one of ids("s", "b")) run.missed.add(one);
  run.waitNoLonger();
  const sold = tx(TxType.sold, "s", [soldLeg("b", 5)]);
  run.heard(sold);
  run.heard(tx(TxType.bought, "b", [boughtLeg("s", sold, 5)]));
  assert.deepEqual(run.lastLook(), []);
  assert.deepEqual([...run.missed].sort(), ids("s", "b"));
});

test("whose BOUGHT a block rejects after all was settled is missing when the slot is closed", () => {
  const run = settling(pair("s", "b", 5));
  const sold = tx(TxType.sold, "s", [soldLeg("b", 5)]);
  const bought = tx(TxType.bought, "b", [boughtLeg("s", sold, 5)]);
  run.heard(sold);
  run.heard(bought);
  assert.ok(run.settled);
  run.unheard(toHex(bought.txid));
  assert.deepEqual(run.lastLook(), ids("b"));
});
