// SPDX-License-Identifier: Apache-2.0
/** Direct trade by OFFER with numbers worked out by hand (ledger 4.6), and beside the market. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EffectKind } from "#core/records/block";
import { type Tx, type TxLeg, TxType } from "#core/records/tx";
import { legOf, nodeOf, offer, pairOf, reserve, take, txOf, World } from "./world.ts";

/** 1500 Wh for 200 000 µc: 133 and a third µc for each Wh. */
const OFFER = offer("offer", "s", 1, 1500, 200_000);
const TAKEN_B = take("tb", "b", "s", OFFER, 1000, 133_334);
const TAKEN_C = take("tc", "c", "s", OFFER, 500, 70_000);
const soldOf = (...legs: TxLeg[]): Tx => txOf("sold", "s", { type: TxType.sold, legs });
/** All of b's 1000 Wh: 133 333.3 µc. Of c's 500 Wh 499: 66 533.3 µc. */
const TERMS_B = { qtyWh: 1000, ecashMicro: 133_334 };
const TERMS_C = { qtyWh: 499, ecashMicro: 66_534 };
const SOLD = soldOf(
  legOf("s", "b", TAKEN_B, TERMS_B, 0n),
  legOf("s", "c", TAKEN_C, TERMS_C, 1_000_000n),
);
const boughtOf = (name: "b" | "c", terms: typeof TERMS_B): Tx =>
  txOf(`bought ${name}`, name, {
    type: TxType.bought,
    legs: [legOf(name, "s", SOLD, terms, 0n)],
  });

/** An offer of s that b and c took; s exported 1499 Wh, b and c imported a kWh each. */
function taken(): World {
  const world = new World("s", "b", "c");
  for (const name of ["b", "c"]) world.mint(name, 1_000_000);
  for (const name of ["s", "b", "c"]) world.read(name, 1, 0n, 0n);
  for (const [tx, tMs] of [
    [OFFER, 100],
    [TAKEN_B, 101],
    [TAKEN_C, 102],
  ] as const)
    assert.deepEqual(world.apply(tx, tMs), { ok: true });
  world.read("s", 2, 0n, 1_499_000n);
  for (const name of ["b", "c"]) world.read(name, 2, 1_000_000n, 0n);
  return world;
}

test("an offer that two buyers take: what flowed is paid at its price, the rest comes back", () => {
  const world = taken();
  assert.equal(world.free("b"), 866_666, "133 334 are locked");
  assert.equal(world.free("c"), 930_000, "70 000 are locked, more than is due");
  assert.deepEqual(world.apply(SOLD, 2000), { ok: true });
  assert.equal(world.free("s"), 0, "nothing moves by the seller's word alone");
  const [kept] = world.state.offers.values();
  assert.deepEqual([kept.reservedWh, kept.soldWh], [1500, 1499], "1 Wh was reserved and not sold");
  assert.deepEqual(world.apply(boughtOf("b", TERMS_B), 2001), { ok: true });
  assert.deepEqual(world.apply(boughtOf("c", TERMS_C), 2002), { ok: true });
  assert.equal(world.free("s"), 199_868, "133 334 + 66 534");
  world.close(1);
  assert.deepEqual(
    [world.free("b"), world.free("c")],
    [866_666, 933_466],
    "c: 70 000 − 66 534 back",
  );
  const { offers, locks, pairs } = world.state;
  assert.deepEqual([offers.size, locks.size, pairs.size], [0, 0, 0], "nothing stays open");
  const paid = world.effects.filter(({ kind }) => kind === EffectKind.pay);
  assert.deepEqual(
    paid.map(({ micro, qtyWh, leg }) => [micro, qtyWh, leg]),
    [
      [133_334, 1000, 0],
      [66_534, 499, 1],
    ],
  );
});

test("a buyer cannot agree to other terms than the seller said", () => {
  const world = taken();
  assert.ok(world.apply(SOLD, 2000).ok);
  const verdict = world.apply(boughtOf("c", { qtyWh: 498, ecashMicro: 66_400 }), 2001);
  assert.equal(verdict.ok || verdict.code, "BOUGHT_TERMS");
});

test("a RESERVE without SOLD unlocks, a SOLD without BOUGHT is decided by the meters", () => {
  const world = taken();
  const sold = soldOf(legOf("s", "c", TAKEN_C, TERMS_C, 0n));
  assert.ok(world.apply(sold, 2000).ok, "s says nothing of b");
  world.close(1);
  assert.deepEqual([world.free("b"), world.free("c")], [1_000_000, 933_466], "b has all again");
  assert.equal(world.free("s"), 66_534, "c imported a kWh");
  assert.equal(world.effects.filter(({ kind }) => kind === EffectKind.arbitrate).length, 1);
});

test("market and direct trade between the same two, in one slot", () => {
  const world = new World("s", "b");
  world.mint("b", 1_000_000);
  for (const name of ["s", "b"]) world.read(name, 1, 0n, 0n);
  const forMarket = reserve("market", "b", 1, 500, 100_000);
  const direct = take("direct", "b", "s", OFFER, 600, 80_000);
  for (const tx of [forMarket, OFFER, direct])
    assert.ok(world.apply(tx, 100).ok, "before the slot");
  world.read("s", 2, 0n, 1_000_000n);
  world.read("b", 2, 1_000_000n, 0n);
  world.contract(pairOf(1, "s", "b", forMarket, 400, 60_000));
  const terms = { qtyWh: 600, ecashMicro: 80_000 };
  const market = { qtyWh: 400, ecashMicro: 60_000 };
  const first = txOf("s1", "s", { type: TxType.sold, legs: [legOf("s", "b", direct, terms, 0n)] });
  const second = txOf("s2", "s", {
    type: TxType.sold,
    legs: [legOf("s", "b", forMarket, market, 600_000n)],
  });
  assert.deepEqual(
    [world.apply(first, 2000), world.apply(second, 2001)],
    [{ ok: true }, { ok: true }],
  );
  const answer = txOf("b1", "b", {
    type: TxType.bought,
    legs: [legOf("b", "s", second, market, 0n), legOf("b", "s", first, terms, 400_000n)],
  });
  assert.deepEqual(world.apply(answer, 2002), { ok: true }, "one BOUGHT answers both");
  assert.equal(world.free("s"), 140_000, "80 000 + 60 000");
  world.close(1);
  assert.deepEqual([world.free("b"), world.state.pairs.size], [860_000, 0], "the rest is b's");
});

test("energy that backs a deal backs nothing in the market", () => {
  const world = taken();
  assert.ok(world.apply(SOLD, 2000).ok, "1499 Wh of 1499");
  const forMarket = reserve("market", "b", 1, 500, 100_000);
  assert.ok(world.apply(forMarket, 50).ok);
  world.contract(pairOf(1, "s", "b", forMarket, 1, 150));
  const leg = legOf("s", "b", forMarket, { qtyWh: 1, ecashMicro: 150 }, 1_499_000n);
  const verdict = world.apply(txOf("over", "s", { type: TxType.sold, legs: [leg] }), 2001);
  assert.equal(verdict.ok || verdict.code, "METER_RANGE");
});

test("the state root covers what is offered, and what takes it", () => {
  const roots = new Set<string>();
  const world = new World("s", "b");
  world.mint("b", 1_000_000);
  roots.add(world.root());
  world.apply(OFFER, 100);
  roots.add(world.root());
  world.apply(TAKEN_B, 101);
  roots.add(world.root());
  const lock = [...world.state.locks.values()][0];
  world.state.locks.set(lock.reserve, { ...lock, offer: undefined });
  roots.add(world.root());
  assert.equal(roots.size, 4);
});

test("a PROMOTE spends nothing and has no legs", () => {
  const world = taken();
  const snapshot = world.snapshot();
  assert.deepEqual(world.apply(txOf("p", "b", { type: TxType.promote }), 200), { ok: true });
  const legs = TAKEN_B.body.legs;
  const verdict = world.apply(txOf("q", "b", { type: TxType.promote, legs }), 201);
  assert.equal(verdict.ok || verdict.code, "LEGS");
  assert.equal(world.snapshot(), snapshot);
  assert.equal(world.state.lockedOf(nodeOf("b")), 133_334, "what was locked stays");
});
