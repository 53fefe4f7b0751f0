// SPDX-License-Identifier: Apache-2.0
/** Every refusal of direct trade (ledger V8, V10) is reached, and none of them changes anything. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Code } from "#core/errors/codes";
import { type Tx, type TxLeg, TxType } from "#core/records/tx";
import {
  idOf,
  legOf,
  named,
  offer,
  SLOT_MS,
  slotStartMs,
  take,
  txOf,
  World,
  walletOf,
} from "./world.ts";

/** Slot 1 is closed; s, b and c have 30 000 µc each, and moved 200 Wh in and out in slot 2. */
function quiet(): World {
  const world = new World("s", "b", "c");
  for (const name of ["s", "b", "c"]) {
    world.mint(name, 30_000);
    world.read(name, 2, 0n, 0n);
  }
  world.close(1);
  for (const name of ["s", "b", "c"]) world.read(name, 3, 200_000n, 200_000n);
  return world;
}

interface Case {
  what: string;
  code: Code;
  tx: Tx;
  /** Effective time; in slot 2 by default. */
  tMs?: number;
  /** What happens before. */
  before?: (world: World) => void;
}

const legs = (tx: Tx, count: number): Tx =>
  withBody(tx, { legs: Array.from({ length: count }, () => tx.body.legs[0]) });
const moved = (leg: TxLeg, fromMwh: bigint, toMwh: bigint): TxLeg => ({
  ...leg,
  meter: { fromMwh, toMwh },
});

/** The leg of a transaction with one leg changed. */
const withLeg = (tx: Tx, changes: Partial<TxLeg>): Tx => ({
  ...tx,
  body: { ...tx.body, legs: [{ ...tx.body.legs[0], ...changes }] },
});
const withBody = (tx: Tx, changes: Partial<Tx["body"]>): Tx => ({
  ...tx,
  body: { ...tx.body, ...changes },
});

/** 150 Wh for 100 µc of s, for slot 3: a price of 666 and two thirds µc/kWh. */
const OFFER = offer("offer", "s", 3, 150, 100);
const BACKED = { fromMwh: 0n, toMwh: 150_000n };
const offers: Case[] = [
  { what: "no leg", code: "LEGS", tx: legs(OFFER, 0) },
  { what: "two legs", code: "LEGS", tx: legs(OFFER, 2) },
  { what: "to one", code: "LEGS", tx: withLeg(OFFER, { to: idOf("b") }) },
  { what: "with a ref", code: "LEGS", tx: withLeg(OFFER, { ref: named("x") }) },
  { what: "with a meter range", code: "LEGS", tx: withLeg(OFFER, { meter: BACKED }) },
  { what: "for a closed slot", code: "SLOT_CLOSED", tx: withBody(OFFER, { slot: 1 }) },
  { what: "for a slot that begins", code: "RESERVE_SLOT", tx: OFFER, tMs: 3 * SLOT_MS },
  { what: "three slots ahead", code: "RESERVE_SLOT", tx: withBody(OFFER, { slot: 5 }) },
  { what: "that is over", code: "OFFER_EXPIRED", tx: withBody(OFFER, { expiryMs: 1_900_000 }) },
  { what: "of nothing", code: "OFFER_TERMS", tx: withLeg(OFFER, { qtyWh: 0, ecashMicro: 0 }) },
  {
    what: "1 µc above the highest price",
    code: "OFFER_TERMS",
    tx: withLeg(OFFER, { qtyWh: 1, ecashMicro: 1_000_001 }),
  },
  {
    what: "under another's address",
    code: "WALLET_FOREIGN",
    tx: withLeg(OFFER, { wallet: walletOf("b") }),
  },
  {
    what: "of more than the connection carries",
    code: "OFFER_OVERSOLD",
    tx: withLeg(OFFER, { qtyWh: 10_001 }),
  },
  {
    what: "with another of more than the connection carries",
    code: "OFFER_OVERSOLD",
    tx: OFFER,
    before: (world) => assert.ok(world.apply(offer("o2", "s", 3, 9851, 1), 1_850_000).ok),
  },
  {
    what: "a second time",
    code: "REPLAYED",
    tx: OFFER,
    before: (world) => assert.ok(world.apply(OFFER, 1_850_000).ok),
  },
];

const offered = (world: World): void => {
  assert.ok(world.apply(OFFER, 1_850_000).ok, "offered");
};
/** 50 Wh are a third: 33 and a third µc, rounded up. */
const TAKING = take("taking", "b", "s", OFFER, 50, 34);
const takings: Case[] = [
  { what: "with a meter range", code: "LEGS", tx: withLeg(TAKING, { meter: BACKED }) },
  { what: "of none", code: "OFFER_UNKNOWN", tx: TAKING, before: () => undefined },
  { what: "to all", code: "OFFER_TERMS", tx: withLeg(TAKING, { to: undefined }) },
  { what: "to another", code: "OFFER_TERMS", tx: withLeg(TAKING, { to: idOf("c") }) },
  { what: "of its own", code: "OFFER_TERMS", tx: take("own", "s", "s", OFFER, 50, 34) },
  { what: "for another slot", code: "OFFER_TERMS", tx: withBody(TAKING, { slot: 4 }) },
  { what: "1 µc short", code: "OFFER_TERMS", tx: withLeg(TAKING, { ecashMicro: 33 }) },
  { what: "of nothing", code: "OFFER_TERMS", tx: withLeg(TAKING, { qtyWh: 0 }) },
  { what: "of 1 Wh too much", code: "OFFER_OVERSOLD", tx: withLeg(TAKING, { qtyWh: 151 }) },
  {
    what: "of what another took",
    code: "OFFER_OVERSOLD",
    tx: TAKING,
    before: (world: World) =>
      assert.ok(world.apply(take("c", "c", "s", OFFER, 101, 68), 1_860_000).ok),
  },
  {
    what: "when it is over",
    code: "OFFER_EXPIRED",
    tx: take("late", "b", "s", offer("short", "s", 3, 150, 100), 50, 34),
    before: (world: World) => {
      const short = withBody(offer("short", "s", 3, 150, 100), { expiryMs: 1_900_000 });
      assert.ok(world.apply(short, 1_850_000).ok);
    },
  },
  {
    what: "a second time of this seller",
    code: "RESERVE_REPEATED",
    tx: take("second", "b", "s", OFFER, 10, 7),
    before: (world: World) => assert.ok(world.apply(TAKING, 1_860_000).ok),
  },
  {
    what: "without the coins",
    code: "RESERVE_UNFUNDED",
    tx: withLeg(TAKING, { ecashMicro: 30_001 }),
  },
].map((one): Case => {
  const { before } = one as Case;
  return {
    ...(one as Case),
    before: (world) => {
      if (one.code !== "OFFER_UNKNOWN") offered(world);
      before?.(world);
    },
  };
});

/** Of 50 Wh that b took 40 flowed: 26 and two thirds µc, rounded up. */
const DEAL_TERMS = { qtyWh: 40, ecashMicro: 27 };
const DEAL = legOf("s", "b", TAKING, DEAL_TERMS, 0n);
const dealSold = (...made: TxLeg[]): Tx =>
  txOf("deal", "s", { type: TxType.sold, slot: 3, legs: made });
const LATE_MS = slotStartMs(4) + 1;
const deals: Case[] = [
  {
    what: "by another",
    code: "SOLD_NO_CONTRACT",
    tx: withBody(dealSold(DEAL), { from: idOf("c") }),
  },
  { what: "to another", code: "SOLD_NO_RESERVE", tx: dealSold({ ...DEAL, to: idOf("c") }) },
  { what: "for another slot", code: "SOLD_NO_RESERVE", tx: withBody(dealSold(DEAL), { slot: 4 }) },
  { what: "more than taken", code: "OFFER_OVERSOLD", tx: dealSold({ ...DEAL, qtyWh: 51 }) },
  { what: "1 µc more", code: "OFFER_TERMS", tx: dealSold({ ...DEAL, ecashMicro: 28 }) },
  { what: "1 µc less", code: "OFFER_TERMS", tx: dealSold({ ...DEAL, ecashMicro: 26 }) },
  { what: "nothing", code: "OFFER_TERMS", tx: dealSold({ ...DEAL, qtyWh: 0, ecashMicro: 0 }) },
  { what: "in two legs", code: "SOLD_REPEATED", tx: dealSold(DEAL, moved(DEAL, 40_000n, 80_000n)) },
  { what: "not metered", code: "METER_RANGE", tx: dealSold(moved(DEAL, 200_000n, 240_000n)) },
  { what: "before its RESERVE", code: "BOUGHT_ORDER", tx: dealSold(DEAL), tMs: 1_860_000 },
  {
    what: "not above the OFFER in its chain",
    code: "BOUGHT_ORDER",
    tx: withBody(dealSold(DEAL), { seq: TxType.offer }),
  },
  {
    what: "a second time",
    code: "SOLD_REPEATED",
    tx: dealSold(moved(DEAL, 40_000n, 80_000n)),
    before: (world: World) => assert.ok(world.apply(dealSold(DEAL), LATE_MS).ok),
  },
].map((one): Case => {
  const { before, tMs } = one as Case;
  return {
    ...(one as Case),
    tMs: tMs ?? LATE_MS + 1,
    before: (world) => {
      offered(world);
      assert.ok(world.apply(TAKING, 1_860_000).ok, "taken");
      before?.(world);
    },
  };
});

for (const [kind, cases] of Object.entries({
  OFFER: offers,
  "RESERVE of an offer": takings,
  "SOLD of an offer": deals,
}))
  for (const { what, code, tx, tMs, before } of cases)
    test(`${kind}, ${what}: ${code}`, () => {
      const world = quiet();
      before?.(world);
      const [root, snapshot] = [world.root(), world.snapshot()];
      const verdict = world.apply(tx, tMs ?? 1_900_000);
      assert.equal(verdict.ok ? "accepted" : verdict.code, code, "the code");
      assert.equal(world.root(), root, "the state root is as before");
      assert.equal(world.snapshot(), snapshot, "nothing else changed either");
    });

test("the transactions that the refusals are made of are good ones", () => {
  const world = quiet();
  for (const tx of [OFFER, TAKING]) assert.deepEqual(world.apply(tx, 1_900_000), { ok: true });
  assert.deepEqual(world.apply(dealSold(DEAL), LATE_MS), { ok: true });
});

test("every code that apply-offer.ts can answer is reached above", () => {
  const reached = new Set([...offers, ...takings, ...deals].map(({ code }) => code));
  const url = new URL("../../../../src/core/ledger/apply-offer.ts", import.meta.url);
  for (const [, code] of readFileSync(url, "utf8").matchAll(/refuse\("([A-Z_]+)"/g))
    assert.ok(reached.has(code as Code), code);
});
