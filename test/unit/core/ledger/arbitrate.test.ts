// SPDX-License-Identifier: Apache-2.0
/** SOLDs without BOUGHT, decided from the two meters (ledger 4.6), with numbers worked out by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { FeederWord } from "#core/ledger/arbitrate";
import { ARBITRATION_LOSS_PERMILLE, FROZEN_MS } from "#core/limits";
import { EffectKind } from "#core/records/block";
import { type Tx, TxType } from "#core/records/tx";
import { legOf, nodeOf, offer, SLOT_MS, take, txOf, World } from "./world.ts";

/** 1000 Wh for 150 000 µc, and all of it taken. */
const OFFER = offer("offer", "s", 1, 1000, 150_000);
const TAKEN = take("taken", "b", "s", OFFER, 1000, 150_000);
const FREE = 1_000_000;
/** Frozen in slot 1 it is over with this one. */
const UNTIL = 1 + FROZEN_MS / SLOT_MS;

const soldOf = (qtyWh: number): Tx =>
  txOf("sold", "s", {
    type: TxType.sold,
    legs: [legOf("s", "b", TAKEN, { qtyWh, ecashMicro: qtyWh * 150 }, 0n)],
  });

/** s sold 1000 Wh to b; b's meter showed `readWh`, or came too late. */
function sold(readWh: number | "late", qtyWh = 1000): World {
  const world = new World("s", "b");
  world.mint("b", FREE);
  for (const name of ["s", "b"]) world.read(name, 1, 0n, 0n);
  assert.ok(world.apply(OFFER, 100).ok && world.apply(TAKEN, 101).ok);
  world.read("s", 2, 0n, BigInt(qtyWh) * 1000n);
  if (readWh !== "late") world.read("b", 2, BigInt(readWh) * 1000n, 0n);
  assert.ok(world.apply(soldOf(qtyWh), 2000).ok);
  return world;
}

const coins = (world: World): number[] => [
  world.free("s"),
  world.free("b"),
  world.state.lockedOf(nodeOf("b")),
];
const disputes = (world: World): number[] =>
  ["s", "b"].map((name) => world.state.disputes.get(nodeOf(name)) ?? 0);
const word = (
  changes: Partial<FeederWord> & { residualWh?: bigint; low?: bigint; high?: bigint },
): FeederWord => {
  const { residualWh, low = -50n, high = 100n, ...named } = changes;
  const balance =
    residualWh === undefined
      ? undefined
      : { residualMwh: residualWh * 1000n, lowMwh: low * 1000n, highMwh: high * 1000n };
  return { balance, lowImport: new Set(), highExport: new Set(), ...named };
};
const wrong = (name: string) => new Set([nodeOf(name)]);

test("a buyer whose reading is missing pays what the seller's meter shows", () => {
  const world = sold("late");
  world.close(1);
  assert.deepEqual(coins(world), [150_000, FREE - 150_000, 0]);
  assert.deepEqual(disputes(world), [0, 0], "silence is no other word");
  const account = world.state.account(nodeOf("b"));
  assert.equal(account.claimedImportMwh, 1_000_000n, "its next reading has to show that first");
  world.read("b", 3, 1_400_000n, 0n);
  assert.equal(account.claimedImportMwh, 1_000_000n, "400 Wh are left to trade");
});

test("what a late reading does not show either is nobody's debt", () => {
  const world = sold("late");
  world.close(1);
  world.read("b", 3, 300_000n, 0n);
  assert.equal(world.state.account(nodeOf("b")).claimedImportMwh, 300_000n);
});

test("within the loss bound the lower reading settles, and nobody is counted", () => {
  const world = sold(1000 - ARBITRATION_LOSS_PERMILLE);
  world.close(1);
  assert.deepEqual(coins(world), [142_500, FREE - 142_500, 0], "950 Wh");
  assert.deepEqual(disputes(world), [0, 0]);
  const [effect] = world.effects.filter(({ kind }) => kind === EffectKind.arbitrate);
  assert.deepEqual([effect.micro, effect.qtyWh, effect.bought], [142_500, 950, undefined]);
});

test("beyond it the difference is frozen, counts against both, and comes back after a day", () => {
  const world = sold(949);
  world.close(1);
  assert.deepEqual(coins(world), [142_350, FREE - 150_000, 7650], "51 Wh are frozen");
  assert.deepEqual(disputes(world), [1, 1]);
  world.close(UNTIL - 1);
  assert.deepEqual([coins(world), world.state.frozen.size], [[142_350, FREE - 150_000, 7650], 1]);
  world.close(UNTIL);
  assert.deepEqual(coins(world), [142_350, FREE - 142_350, 0]);
  assert.deepEqual(disputes(world), [1, 1], "nobody was told apart");
  assert.equal(world.state.locks.size, 0);
});

test("the feeder's meter of the slot: right where its balance has no room for the difference", () => {
  const world = sold(700);
  // With 300 Wh more at b the balance would be -290 Wh, which honest meters cannot make.
  world.close(1, word({ residualWh: 10n }));
  assert.deepEqual(coins(world), [105_000, FREE - 105_000, 0]);
  assert.deepEqual(disputes(world), [0, 0], "both meters are right");
  for (const residualWh of [260n, 500n]) {
    const missing = sold(700);
    missing.close(1, word({ residualWh }));
    assert.equal(missing.state.frozen.size, 1, `${residualWh} Wh: somebody's meter is wrong`);
    assert.deepEqual(disputes(missing), [1, 1]);
  }
  const wide = sold(700);
  wide.close(1, word({ residualWh: 10n, low: -400n }));
  assert.equal(wide.state.frozen.size, 1, "there is room for both");
});

test("a meter that is known to be wrong decides, at once or later", () => {
  const lies = sold(700);
  lies.close(1, word({ lowImport: wrong("b") }));
  assert.deepEqual(coins(lies), [150_000, FREE - 150_000, 0], "b shows too little");
  assert.deepEqual(disputes(lies), [0, 1]);

  const later = sold(700);
  later.close(1);
  later.close(2, word({ highExport: wrong("s") }));
  assert.deepEqual(coins(later), [105_000, FREE - 105_000, 0], "s shows too much");
  assert.deepEqual(disputes(later), [1, 0]);

  const found = sold(700);
  found.close(1);
  found.close(2, word({ lowImport: wrong("b") }));
  assert.deepEqual(coins(found), [150_000, FREE - 150_000, 0]);
  const parts = found.effects.filter(({ kind }) => kind === EffectKind.arbitrate);
  assert.deepEqual(
    parts.map(({ micro, qtyWh }) => [micro, qtyWh]),
    [
      [105_000, 700],
      [45_000, 300],
    ],
  );

  const both = sold(700);
  both.close(1, word({ lowImport: wrong("b"), highExport: wrong("s") }));
  assert.equal(both.state.frozen.size, 1, "both are wrong: that tells nothing");
});

test("a SOLD that quotes a lock which waits frozen is refused", () => {
  const world = sold(700);
  world.close(1);
  const again = txOf("again", "s", { ...soldOf(100).body, slot: 2 });
  const verdict = world.apply(again, 3000);
  assert.equal(verdict.ok || verdict.code, "SOLD_NO_RESERVE");
});

test("two sellers: the buyer's energy counts once", () => {
  const world = new World("s", "r", "b");
  world.mint("b", FREE);
  for (const name of ["s", "r", "b"]) world.read(name, 1, 0n, 0n);
  const other = offer("other", "r", 1, 1000, 150_000);
  const second = take("second", "b", "r", other, 1000, 150_000);
  for (const tx of [OFFER, TAKEN, other, second]) assert.ok(world.apply(tx, 100).ok);
  for (const name of ["s", "r"]) world.read(name, 2, 0n, 1_000_000n);
  world.read("b", 2, 1_200_000n, 0n);
  const leg = legOf("r", "b", second, { qtyWh: 1000, ecashMicro: 150_000 }, 0n);
  assert.ok(world.apply(soldOf(1000), 2000).ok);
  assert.ok(world.apply(txOf("sold r", "r", { type: TxType.sold, legs: [leg] }), 2001).ok);
  world.close(1);
  assert.equal(world.free("s") + world.free("r"), 180_000, "1200 Wh of 2000");
});

test("coins are conserved and no reading pays more than the seller's, whatever is read and known", () => {
  const named = fc.constantFrom(new Set<string>(), wrong("s"), wrong("b"));
  const words = fc.option(
    fc.record({
      balance: fc.option(
        fc.record({
          residualMwh: fc.bigInt(-900_000n, 900_000n),
          lowMwh: fc.bigInt(-500_000n, 0n),
          highMwh: fc.bigInt(0n, 500_000n),
        }),
        { nil: undefined },
      ),
      lowImport: named,
      highExport: named,
    }),
    { nil: undefined },
  );
  const reads = fc.oneof(fc.nat(2000), fc.constant("late" as const));
  fc.assert(
    fc.property(reads, fc.integer({ min: 1, max: 1000 }), words, words, (read, qtyWh, one, two) => {
      const world = sold(read, qtyWh);
      const total = () => coins(world).reduce((sum, micro) => sum + micro, 0);
      world.close(1, one);
      assert.equal(total(), FREE);
      const least = Math.min(qtyWh, read === "late" ? qtyWh : read) * 150;
      assert.ok(world.free("s") >= least && world.free("s") <= qtyWh * 150);
      world.close(2, two);
      world.close(UNTIL + 1, two);
      assert.equal(total(), FREE);
      assert.deepEqual([world.state.frozen.size, world.state.locks.size], [0, 0]);
      const paid = world.effects.filter(({ kind }) => kind === EffectKind.arbitrate);
      assert.equal(
        paid.reduce((sum, { micro }) => sum + micro, 0),
        world.free("s"),
      );
    }),
  );
});
