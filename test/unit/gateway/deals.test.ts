// SPDX-License-Identifier: Apache-2.0
/** Who is waited for in a slot's direct deals, by what the meters show. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { TxType } from "#core/records/tx";
import { DirectDeals } from "#gateway/slots/deals";
import { legOf, nodeOf, offer, take, txOf, World } from "../core/ledger/world.ts";

const OFFER = offer("o", "s", 1, 1000, 100_000);
const TAKEN_B = take("tb", "b", "s", OFFER, 600, 60_000);
const TAKEN_C = take("tc", "c", "s", OFFER, 400, 40_000);

/** s exported so much, b and c imported so much, Wh. */
function dealt(sWh: bigint, bWh: bigint, cWh: bigint): DirectDeals {
  const world = new World("s", "b", "c");
  for (const name of ["s", "b", "c"]) {
    world.mint(name, 100_000);
    world.read(name, 1, 0n, 0n);
  }
  for (const [i, tx] of [OFFER, TAKEN_B, TAKEN_C].entries()) assert.ok(world.apply(tx, 10 + i).ok);
  world.read("s", 2, 0n, sWh * 1000n);
  world.read("b", 2, bWh * 1000n, 0n);
  world.read("c", 2, cWh * 1000n, 0n);
  const deals = new DirectDeals();
  deals.start(world.state, 1);
  return deals;
}

const soldTo = (buyer: string, lock: typeof OFFER, qtyWh: number, micro = qtyWh * 100) =>
  txOf(`sold ${buyer}`, "s", {
    type: TxType.sold,
    seq: 7,
    legs: [legOf("s", buyer, lock, { qtyWh, ecashMicro: micro }, 0n)],
  });

test("a seller is waited for while its meter leaves energy for a taker, then the buyer", () => {
  const deals = dealt(700n, 800n, 800n);
  const waiting = (...names: string[]): void =>
    assert.deepEqual([...deals.missing()].sort(), names.map(nodeOf).sort());
  waiting("s");
  const sold = soldTo("b", TAKEN_B, 600);
  assert.equal(deals.heard(soldTo("b", TAKEN_B, 600, 59_999)), false, "not the offer's price");
  assert.equal(deals.heard(soldTo("b", TAKEN_B, 601)), false, "more than b took");
  assert.equal(deals.heard(sold), true);
  waiting("s", "b");
  assert.equal(deals.heard(soldTo("c", TAKEN_C, 100)), true, "what is left of 700 Wh");
  waiting("b", "c");
  const legs = [legOf("b", "s", sold, { qtyWh: 600, ecashMicro: 60_000 }, 0n)];
  const bought = txOf("bought", "b", { type: TxType.bought, seq: 9, legs });
  deals.heard(bought);
  waiting("c");
  const [deal] = deals.answered;
  assert.deepEqual([deal.sold?.height, deal.bought?.height], [7, 9], "heights in the two chains");
  deals.unheard(toHex(bought.txid));
  waiting("b", "c");
  deals.unheard(toHex(sold.txid));
  waiting("s", "c");
});

test("nobody is waited for where a meter shows nothing", () => {
  assert.equal(dealt(0n, 800n, 800n).missing().size, 0, "nothing to sell");
  const deals = dealt(1000n, 599n, 0n);
  for (const sold of [soldTo("b", TAKEN_B, 600), soldTo("c", TAKEN_C, 400)])
    assert.ok(deals.heard(sold));
  assert.equal(deals.missing().size, 0, "b and c cannot agree to what they did not import");
});
