// SPDX-License-Identifier: Apache-2.0
/** The account pool: whose an address is, how long it counts, and that coins belong to the account. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { burn, mint } from "#core/ledger/apply";
import { type Tx, type TxLeg, TxType } from "#core/records/tx";
import { legOf, nodeOf, pairOf, reserve, setOf, txOf, World, walletOf } from "./world.ts";

const hexOf = (name: string, index: number): string => toHex(walletOf(name, index));

/** `tx` under address `index` of its author. */
function under(tx: Tx, name: string, index: number): Tx {
  const legs = tx.body.legs.map((leg): TxLeg => ({ ...leg, wallet: walletOf(name, index) }));
  return { ...tx, body: { ...tx.body, legs } };
}

test("the coins of an account can be spent under each of its addresses", () => {
  const world = new World("b");
  world.mint("b", 1000);
  world.state.addWallets(nodeOf("b"), setOf("b", 1));
  for (const [slot, index] of [
    [1, 1],
    [2, 3],
  ])
    assert.ok(world.apply(under(reserve(`${slot}`, "b", slot, 1, 400), "b", index), slot).ok);
  assert.equal(world.free("b"), 200);
  assert.equal(world.state.lockedOf(nodeOf("b")), 800);
  mint(world.state, "deposit", hexOf("b", 2), 50, world.effects);
  burn(world.state, hexOf("b", 1), 250, world.effects);
  assert.equal(world.free("b"), 0);
  assert.throws(() => burn(world.state, hexOf("b", 1), 1, []), { code: "BURN_FUNDS" });
  world.close(2);
  assert.equal(world.free("b"), 800, "what is released comes back to the account");
});

test("the two newest sets count, older ones are forgotten", () => {
  const world = new World("a", "b");
  const { owners } = world.state;
  for (const set of [1, 2, 5]) world.state.addWallets(nodeOf("a"), setOf("a", set));
  assert.deepEqual(
    [0, 2, 4, 5, 10, 11].map((index) => owners.get(hexOf("a", index))),
    [undefined, undefined, ...new Array(4).fill(nodeOf("a"))],
  );
  assert.equal(owners.size, 4 + 2);
  assert.equal(world.state.newestSet(nodeOf("a")).set, 5);
  assert.equal(world.state.newestSet(nodeOf("b")).set, 0);
});

test("a set is forgotten only when no lock and no open contract names it", () => {
  const world = new World("s", "b");
  const { owners } = world.state;
  world.mint("b", 1000);
  for (const name of ["s", "b"]) world.read(name, 1, 0n, 0n);
  const lock = reserve("r", "b", 1, 10, 100);
  world.apply(lock, 1);
  for (const name of ["s", "b"]) world.read(name, 2, 10_000n, 10_000n);
  const terms = { qtyWh: 10, ecashMicro: 50 };
  world.contract(pairOf(1, "s", "b", lock, terms.qtyWh, terms.ecashMicro));
  const legs = [legOf("s", "b", lock, terms, 0n)];
  assert.ok(world.apply(txOf("sold", "s", { type: TxType.sold, legs }), 1_800_001).ok);
  for (const set of [1, 2])
    for (const name of ["s", "b"]) world.state.addWallets(nodeOf(name), setOf(name, set));
  for (const name of ["s", "b"]) assert.equal(owners.get(hexOf(name, 0)), nodeOf(name), name);
  world.close(1);
  for (const name of ["s", "b"]) world.state.addWallets(nodeOf(name), setOf(name, 3));
  for (const name of ["s", "b"])
    for (const index of [0, 2]) assert.equal(owners.get(hexOf(name, index)), undefined, name);
  assert.equal(owners.size, 2 * 4);
});

test("an address that is taken, or a set that is not newer, is a broken promise of the intake", () => {
  const world = new World("a", "b");
  const add = (name: string, set = setOf(name, 1)) => world.state.addWallets(nodeOf(name), set);
  assert.throws(() => add("a", { ...setOf("b"), set: 1 }), { code: "WALLET_TWICE" });
  assert.throws(() => add("b", setOf("b", 0)), { code: "WALLETS_ORDER" });
});
