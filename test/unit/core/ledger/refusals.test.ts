// SPDX-License-Identifier: Apache-2.0
/** Every refusal of the type rules (ledger V8, V10) is reached, and none of them changes anything. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Code } from "#core/errors/codes";
import { type Tx, type TxLeg, TxType } from "#core/records/tx";
import { idOf, legOf, named, pairOf, reserve, txOf, World, walletOf } from "./world.ts";

const TERMS = { qtyWh: 100, ecashMicro: 15_000 };
const RESERVE_B = reserve("rb", "b", 2, 500, 20_000);
const RESERVE_C = reserve("rc", "c", 2, 500, 20_000);
const SALE = legOf("s", "b", RESERVE_B, TERMS, 0n);
const soldOf = (...legs: TxLeg[]): Tx => txOf("sold", "s", { type: TxType.sold, slot: 2, legs });
const SOLD = soldOf(SALE);
const PURCHASE = legOf("b", "s", SOLD, TERMS, 0n);
const boughtOf = (...legs: TxLeg[]): Tx =>
  txOf("bought", "b", { type: TxType.bought, slot: 2, legs });
const BOUGHT = boughtOf(PURCHASE);
const moved = (leg: TxLeg, fromMwh: bigint, toMwh: bigint): TxLeg => ({
  ...leg,
  meter: { fromMwh, toMwh },
});

/** Slot 1 closed; for slot 2 b and c have reserved 20 000 µc each, s sells 100 Wh to each of them. */
function contracted(): World {
  const world = new World("s", "b", "c");
  for (const name of ["b", "c"]) world.mint(name, 30_000);
  for (const name of ["s", "b", "c"]) world.read(name, 2, 0n, 0n);
  assert.ok(world.apply(RESERVE_B, 1000).ok && world.apply(RESERVE_C, 1000).ok);
  world.close(1);
  for (const name of ["s", "b", "c"]) world.read(name, 3, 200_000n, 200_000n);
  world.contract(
    pairOf(2, "s", "b", RESERVE_B, 100, 15_000),
    pairOf(2, "s", "c", RESERVE_C, 100, 15_000),
  );
  return world;
}

interface Case {
  what: string;
  code: Code;
  tx: Tx;
  /** Effective time; far into slot 2 by default. */
  tMs?: number;
  /** What happens before. */
  before?: (world: World) => void;
}

const again = (slot: number, changes: Partial<TxLeg>): Tx => {
  const tx = reserve("again", "b", slot, 10, 1000);
  return { ...tx, body: { ...tx.body, legs: [{ ...tx.body.legs[0], ...changes }] } };
};
const legs = (tx: Tx, count: number): Tx => ({
  ...tx,
  body: { ...tx.body, legs: Array.from({ length: count }, () => tx.body.legs[0]) },
});

const reserves: Case[] = [
  { what: "no leg", code: "LEGS", tx: legs(again(3, {}), 0) },
  { what: "two legs", code: "LEGS", tx: legs(again(3, {}), 2) },
  { what: "to somebody", code: "LEGS", tx: again(3, { to: idOf("s") }) },
  { what: "with a reference to nothing", code: "OFFER_UNKNOWN", tx: again(3, { ref: named("x") }) },
  { what: "with a meter range", code: "LEGS", tx: again(3, { meter: { fromMwh: 0n, toMwh: 1n } }) },
  { what: "for a closed slot", code: "SLOT_CLOSED", tx: again(1, {}) },
  { what: "at the slot's first instant", code: "RESERVE_SLOT", tx: again(3, {}), tMs: 2_700_000 },
  {
    what: "from another's wallet",
    code: "WALLET_FOREIGN",
    tx: again(3, { wallet: walletOf("c") }),
  },
  { what: "three slots ahead", code: "RESERVE_SLOT", tx: again(5, {}) },
  { what: "from no wallet", code: "WALLET_FOREIGN", tx: again(3, { wallet: walletOf("x") }) },
  { what: "a second for the slot", code: "RESERVE_REPEATED", tx: again(2, {}), tMs: 1001 },
  { what: "1 µc too much", code: "RESERVE_UNFUNDED", tx: again(3, { ecashMicro: 10_001 }) },
  {
    what: "1 µc too much under another address",
    code: "RESERVE_UNFUNDED",
    tx: again(3, { wallet: walletOf("b", 1), ecashMicro: 10_001 }),
  },
];

const sales: Case[] = [
  { what: "no leg", code: "LEGS", tx: soldOf() },
  { what: "to all", code: "LEGS", tx: soldOf({ ...SALE, to: undefined }) },
  { what: "without RESERVE", code: "LEGS", tx: soldOf({ ...SALE, ref: undefined }) },
  { what: "without meter range", code: "LEGS", tx: soldOf({ ...SALE, meter: undefined }) },
  { what: "a stranger", code: "SOLD_NO_CONTRACT", tx: soldOf({ ...SALE, to: idOf("x") }) },
  { what: "to oneself", code: "SOLD_NO_CONTRACT", tx: soldOf({ ...SALE, to: idOf("s") }) },
  {
    what: "in another slot",
    code: "SOLD_NO_CONTRACT",
    tx: txOf("sold", "s", { type: TxType.sold, slot: 3, legs: [SALE] }),
  },
  {
    what: "by the buyer",
    code: "SOLD_NO_CONTRACT",
    tx: txOf("sold", "b", { type: TxType.sold, slot: 2, legs: [SALE] }),
  },
  { what: "one contract in two legs", code: "SOLD_REPEATED", tx: soldOf(SALE, SALE) },
  {
    what: "a second time",
    code: "SOLD_REPEATED",
    tx: SOLD,
    before: (w) => w.apply(SOLD, 1_800_001),
  },
  { what: "1 Wh more", code: "SOLD_TERMS", tx: soldOf({ ...SALE, qtyWh: 101 }) },
  { what: "1 µc more", code: "SOLD_TERMS", tx: soldOf({ ...SALE, ecashMicro: 15_001 }) },
  {
    what: "to another's wallet",
    code: "WALLET_FOREIGN",
    tx: soldOf({ ...SALE, wallet: walletOf("b") }),
  },
  { what: "on no RESERVE", code: "SOLD_NO_RESERVE", tx: soldOf({ ...SALE, ref: named("x") }) },
  {
    what: "on another's RESERVE",
    code: "SOLD_NO_RESERVE",
    tx: soldOf({ ...SALE, ref: RESERVE_C.txid }),
  },
  {
    what: "on another's RESERVE, which a false contract names",
    code: "SOLD_NO_RESERVE",
    tx: txOf("sold", "c", {
      type: TxType.sold,
      slot: 2,
      legs: [legOf("c", "s", RESERVE_B, TERMS, 0n)],
    }),
    before: (world) => world.contract(pairOf(2, "c", "s", RESERVE_B, 100, 15_000)),
  },
  {
    what: "for more than the RESERVE still holds",
    code: "SOLD_NO_RESERVE",
    tx: txOf("sold", "c", {
      type: TxType.sold,
      slot: 2,
      legs: [legOf("c", "b", RESERVE_B, TERMS, 0n)],
    }),
    before: (world) => {
      world.contract(pairOf(2, "c", "b", RESERVE_B, 100, 15_000));
      world.apply(SOLD, 1_800_001);
    },
  },
  { what: "not after the RESERVE", code: "BOUGHT_ORDER", tx: SOLD, tMs: 1000 },
  { what: "a range 1 mWh too long", code: "METER_RANGE", tx: soldOf(moved(SALE, 0n, 100_001n)) },
  { what: "a range backwards", code: "METER_RANGE", tx: soldOf(moved(SALE, 100_000n, 0n)) },
  { what: "beyond the register", code: "METER_RANGE", tx: soldOf(moved(SALE, 100_001n, 200_001n)) },
  {
    what: "a range that two legs claim",
    code: "METER_RANGE",
    tx: soldOf(SALE, legOf("s", "c", RESERVE_C, TERMS, 99_999n)),
  },
  { what: "after the slot was closed", code: "SLOT_CLOSED", tx: SOLD, before: (w) => w.close(2) },
];

const sold = (world: World): void => {
  assert.ok(world.apply(SOLD, 1_800_001).ok, "sold");
};
const bought = (world: World): void => {
  sold(world);
  assert.ok(world.apply(BOUGHT, 1_800_002).ok, "bought");
};
const purchases: Case[] = [
  { what: "no leg", code: "LEGS", tx: boughtOf(), before: sold },
  { what: "from all", code: "LEGS", tx: boughtOf({ ...PURCHASE, to: undefined }), before: sold },
  {
    what: "without SOLD",
    code: "LEGS",
    tx: boughtOf({ ...PURCHASE, ref: undefined }),
    before: sold,
  },
  {
    what: "no meter range",
    code: "LEGS",
    tx: boughtOf({ ...PURCHASE, meter: undefined }),
    before: sold,
  },
  { what: "before the SOLD", code: "BOUGHT_NO_SOLD", tx: BOUGHT },
  {
    what: "of a stranger",
    code: "BOUGHT_NO_SOLD",
    tx: boughtOf({ ...PURCHASE, to: idOf("x") }),
    before: sold,
  },
  {
    what: "of another SOLD",
    code: "BOUGHT_NO_SOLD",
    tx: boughtOf({ ...PURCHASE, ref: named("x") }),
    before: sold,
  },
  { what: "a second time", code: "BOUGHT_REPEATED", tx: BOUGHT, before: bought },
  { what: "in two legs", code: "BOUGHT_REPEATED", tx: boughtOf(PURCHASE, PURCHASE), before: sold },
  {
    what: "1 Wh less",
    code: "BOUGHT_TERMS",
    tx: boughtOf({ ...PURCHASE, qtyWh: 99 }),
    before: sold,
  },
  {
    what: "1 µc less",
    code: "BOUGHT_TERMS",
    tx: boughtOf({ ...PURCHASE, ecashMicro: 14_999 }),
    before: sold,
  },
  {
    what: "another's wallet",
    code: "WALLET_FOREIGN",
    tx: boughtOf({ ...PURCHASE, wallet: walletOf("s") }),
    before: sold,
  },
  {
    what: "another address than its RESERVE's",
    code: "WALLET_FOREIGN",
    tx: boughtOf({ ...PURCHASE, wallet: walletOf("b", 1) }),
    before: sold,
  },
  { what: "not after the SOLD", code: "BOUGHT_ORDER", tx: BOUGHT, tMs: 1_800_001, before: sold },
  {
    what: "not above the RESERVE in its chain",
    code: "BOUGHT_ORDER",
    tx: { ...BOUGHT, body: { ...BOUGHT.body, seq: TxType.reserve } },
    before: sold,
  },
  {
    what: "a range 1 mWh too short",
    code: "METER_RANGE",
    tx: boughtOf(moved(PURCHASE, 0n, 99_999n)),
    before: sold,
  },
  {
    what: "beyond the register",
    code: "METER_RANGE",
    tx: boughtOf(moved(PURCHASE, 200_000n, 300_000n)),
    before: sold,
  },
  {
    what: "after the slot was closed",
    code: "SLOT_CLOSED",
    tx: BOUGHT,
    before: (world) => {
      sold(world);
      world.close(2);
    },
  },
];

const others: Case[] = [0].map((type) => ({
  what: `type ${type}`,
  code: "TYPE_UNSUPPORTED",
  tx: txOf("other", "s", { type }),
}));

for (const [kind, cases] of Object.entries({
  RESERVE: reserves,
  SOLD: sales,
  BOUGHT: purchases,
  others,
}))
  for (const { what, code, tx, tMs, before } of cases)
    test(`${kind}, ${what}: ${code}`, () => {
      const world = contracted();
      before?.(world);
      const [root, snapshot] = [world.root(), world.snapshot()];
      const verdict = world.apply(tx, tMs ?? 1_900_000);
      assert.equal(verdict.ok ? "accepted" : verdict.code, code, "the code");
      assert.equal(world.root(), root, "the state root is as before");
      assert.equal(world.snapshot(), snapshot, "nothing else changed either");
    });

test("the transactions that the refusals are made of are good ones", () => {
  const world = contracted();
  assert.deepEqual(world.apply(again(3, {}), 1_900_000), { ok: true }, "RESERVE");
  bought(world);
  assert.deepEqual(world.apply(soldOf(legOf("s", "c", RESERVE_C, TERMS, 100_000n)), 1_900_000), {
    ok: true,
  });
});

test("every code that apply-*.ts can answer is reached above", () => {
  const reached = new Set([...reserves, ...sales, ...purchases, ...others].map(({ code }) => code));
  for (const file of ["apply", "apply-reserve", "apply-trade"]) {
    const url = new URL(`../../../../src/core/ledger/${file}.ts`, import.meta.url);
    for (const [, code] of readFileSync(url, "utf8").matchAll(/refuse\("([A-Z_]+)"/g))
      assert.ok(reached.has(code as Code), `${code} of ${file}.ts`);
  }
});
