// SPDX-License-Identifier: Apache-2.0
/** RESERVE, SOLD and BOUGHT with numbers worked out by hand (ledger 4.6), and how a slot is closed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EffectKind } from "#core/records/block";
import { type Tx, TxType } from "#core/records/tx";
import { legOf, nodeOf, pairOf, reserve, SLOT_MS, txOf, World, walletOf } from "./world.ts";

/** 1500 Wh at 150 000 µc/kWh, and 1000 Wh at the same price. */
const TERMS_B = { qtyWh: 1500, ecashMicro: 225_000 };
const TERMS_C = { qtyWh: 1000, ecashMicro: 150_000 };
const RESERVE_B = reserve("rb", "b", 1, 2000, 600_000);
const RESERVE_C = reserve("rc", "c", 1, 1000, 150_000);
const SOLD = txOf("sold", "s", {
  type: TxType.sold,
  legs: [
    legOf("s", "b", RESERVE_B, TERMS_B, 1_000n),
    legOf("s", "c", RESERVE_C, TERMS_C, 1_501_000n),
  ],
});
const bought = (
  name: "b" | "c",
  terms: { qtyWh: number; ecashMicro: number },
  fromMwh: bigint,
): Tx =>
  txOf(`bought ${name}`, name, {
    type: TxType.bought,
    legs: [legOf(name, "s", SOLD, terms, fromMwh)],
  });
const BOUGHT_B = bought("b", TERMS_B, 7_000n);
const BOUGHT_C = bought("c", TERMS_C, 0n);

/** Seller s, buyers b and c with their coins reserved, slot 1 metered, and the contracts made. */
function contracted(): World {
  const world = new World("s", "b", "c");
  world.mint("b", 10_000_000);
  world.mint("c", 150_000);
  // The first reading of a member backs nothing: 1000 mWh and 7000 mWh were there before.
  world.read("s", 1, 0n, 1_000n);
  world.read("b", 1, 7_000n, 0n);
  world.read("c", 1, 0n, 0n);
  assert.deepEqual(world.apply(RESERVE_B, 100), { ok: true }, "b reserves");
  assert.deepEqual(world.apply(RESERVE_C, 101), { ok: true }, "c reserves all it has");
  world.read("s", 2, 0n, 2_501_000n); // 2500 Wh out
  world.read("b", 2, 1_907_000n, 0n); // 1900 Wh in, 1500 of them from s
  world.read("c", 2, 1_000_000n, 0n); // 1000 Wh in
  world.contract(
    pairOf(1, "s", "b", RESERVE_B, TERMS_B.qtyWh, TERMS_B.ecashMicro),
    pairOf(1, "s", "c", RESERVE_C, TERMS_C.qtyWh, TERMS_C.ecashMicro),
  );
  return world;
}

test("two buyers, one seller: coins move when both sides agree, the rest comes back at the end", () => {
  const world = contracted();
  assert.equal(world.free("b"), 9_400_000, "10 coins less the 0.6 reserved");
  assert.equal(world.free("c"), 0, "all of it is reserved");
  assert.equal(world.state.lockedOf(nodeOf("b")), 600_000, "locked for b");
  assert.deepEqual(world.apply(SOLD, 2000), { ok: true }, "s sells to both");
  assert.equal(world.free("s"), 0, "nothing moves by the seller's word alone");
  assert.equal(world.state.account(nodeOf("s")).claimedExportMwh, 2_501_000n, "claimed by s");
  assert.deepEqual(world.apply(BOUGHT_B, 2001), { ok: true }, "b agrees");
  assert.equal(world.free("s"), 225_000, "b's payment");
  assert.equal(world.state.lockedOf(nodeOf("b")), 375_000, "600 000 − 225 000 stay locked");
  assert.deepEqual(world.apply(BOUGHT_C, 2002), { ok: true }, "c agrees");
  assert.equal(world.free("s"), 375_000, "225 000 + 150 000");
  assert.equal(world.state.lockedOf(nodeOf("c")), 0, "c's lock is empty");
  world.close(1);
  assert.equal(world.free("b"), 9_775_000, "9 400 000 + 375 000 released");
  assert.equal(world.free("c"), 0, "c spent what it had");
  assert.deepEqual([world.state.locks.size, world.state.pairs.size], [0, 0], "nothing stays open");
  const moves = world.effects.map((effect) => [
    effect.kind,
    effect.micro,
    effect.qtyWh,
    effect.leg,
  ]);
  assert.deepEqual(moves.slice(0, 6), [
    [EffectKind.genesis, 10_000_000, 0, 0],
    [EffectKind.genesis, 150_000, 0, 0],
    [EffectKind.lock, 600_000, 2000, 0],
    [EffectKind.lock, 150_000, 1000, 0],
    [EffectKind.pay, 225_000, 1500, 0],
    [EffectKind.pay, 150_000, 1000, 1],
  ]);
  const released = moves.slice(6).map(([kind, micro]) => `${kind}: ${micro}`);
  assert.deepEqual(released.sort(), [`${EffectKind.release}: 0`, `${EffectKind.release}: 375000`]);
});

test("the effect of a payment names everything that agreed on it", () => {
  const world = contracted();
  world.apply(SOLD, 2000);
  world.apply(BOUGHT_C, 2001);
  assert.deepEqual(world.effects.at(-1), {
    kind: EffectKind.pay,
    reserve: RESERVE_C.txid,
    sold: SOLD.txid,
    leg: 1,
    bought: BOUGHT_C.txid,
    from: walletOf("c"),
    to: walletOf("s"),
    micro: 150_000,
    qtyWh: 1000,
  });
});

test("a SOLD without BOUGHT is paid where the buyer's meter shows the energy", () => {
  const world = contracted();
  world.apply(SOLD, 2000);
  world.apply(BOUGHT_C, 2001);
  world.close(1);
  assert.equal(world.free("s"), 375_000, "b's 225 000 by arbitration, c's by agreement");
  assert.equal(world.free("b"), 9_775_000, "and b gets the rest of its lock");
  const [arbitrated] = world.effects.filter((effect) => effect.kind === EffectKind.arbitrate);
  assert.equal(arbitrated.micro, 225_000, "arbitrated");
  assert.equal(arbitrated.bought, undefined, "without a BOUGHT");
  const buyer = world.state.account(nodeOf("b"));
  assert.equal(buyer.claimedImportMwh, 1_507_000n, "7000 + 1 500 000 of b's register are used");
});

test("a SOLD without BOUGHT is paid as far as the buyer's meter shows the energy", () => {
  const world = new World("s", "b");
  world.mint("b", 600_000);
  world.read("s", 1, 0n, 0n);
  world.read("b", 1, 0n, 0n);
  world.apply(RESERVE_B, 100);
  world.read("s", 2, 0n, 1_500_000n);
  world.read("b", 2, 1_499_999n, 0n); // one mWh short
  world.contract(pairOf(1, "s", "b", RESERVE_B, 1500, 225_000));
  const sold = txOf("x", "s", {
    type: TxType.sold,
    legs: [legOf("s", "b", RESERVE_B, TERMS_B, 0n)],
  });
  assert.deepEqual(world.apply(sold, 2000), { ok: true });
  world.close(1);
  assert.deepEqual([world.free("s"), world.free("b")], [224_850, 375_150], "1499 of 1500 Wh");
  assert.equal(world.state.frozen.size, 0, "the lines may lose a Wh of 1500");
});

test("closing releases the locks of that slot and before it, and no later one", () => {
  const world = new World("b");
  world.mint("b", 1000);
  for (const slot of [1, 2, 3])
    world.apply(reserve(`r${slot}`, "b", slot, 1, 100 * slot), SLOT_MS * (slot - 1));
  assert.equal(world.free("b"), 400, "1000 − 100 − 200 − 300");
  world.close(2);
  assert.equal(world.free("b"), 700, "100 and 200 are back");
  assert.deepEqual(
    [...world.state.locks.values()].map((lock) => lock.slot),
    [3],
    "3 stays",
  );
  assert.throws(() => world.close(2), { code: "SLOT_CLOSED_TWICE" }, "a slot closes once");
});

test("coins that are deposited count as minted, those before the first block as genesis", () => {
  const world = new World("b");
  world.mint("b", 5);
  assert.deepEqual(world.state.totals.genesisMicro, 5);
  world.state.assertConserved();
  assert.throws(() => world.mint("nobody", 5), { code: "MINT_WALLET" }, "only known wallets");
  world.state.account(nodeOf("b")).balanceMicro = 6;
  assert.throws(
    () => world.state.assertConserved(),
    { code: "COINS_CONSERVED" },
    "a breach is seen",
  );
});
