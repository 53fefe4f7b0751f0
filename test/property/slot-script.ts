// SPDX-License-Identifier: Apache-2.0
/** What the played members say in one slot: each in its own order, all mixed with each other. */
import { badArrival } from "./arrival-mutations.ts";
import type { Attacker, Shot } from "./attacker.ts";
import { eventShot } from "./event-mutations.ts";
import type { Range } from "./range.ts";
import {
  badOrder,
  badReading,
  badWallets,
  envelopeShot,
  garbageShot,
  lateOrder,
  otherNumberShot,
  rightOrder,
  rightReading,
  wireShot,
} from "./said-mutations.ts";
import { buyerShots, type Solds, sellerShots } from "./trade-mutations.ts";
import { badReserveShot, replayedShot, reserveLeg, sayTx, structuralShot } from "./tx-mutations.ts";

/**
 * Stamps of RESERVEs: in the last seconds before the slot; a seller's transactions: long before
 * them.
 */
const RESERVE_EARLY_MS = 200_000;
const SELLER_EARLY_MS = 1_700_000;

/** Takes from the sources in random order until all are dry. */
async function mix(range: Range, sources: Iterator<Shot | undefined>[]): Promise<void> {
  const open = [...sources];
  while (open.length > 0) {
    const at = range.rng.below(open.length);
    const { value, done } = open[at].next();
    if (done) open.splice(at, 1);
    else if (value) await range.fire(value);
  }
}

/**
 * Sellers settle in every other slot, so that the others can stamp as early as the ledger must
 * refuse.
 */
export function sellsIn(range: Range, who: Attacker, slot: number): boolean {
  return who.seller && slot % 2 === range.attackers.indexOf(who) % 2;
}

/** Readings, orders and RESERVEs of the open slot, until it waits for the honest seller only. */
export async function collect(range: Range, slot: number): Promise<void> {
  await mix(
    range,
    range.attackers.map((who) => collectShots(range, who, slot)),
  );
  await range.turn();
}

/** SOLDs, then BOUGHTs, of the slot that is cleared. */
export async function settle(range: Range, slot: number): Promise<void> {
  const solds: Solds = new Map();
  const sellers = range.attackers.filter((who) => sellsIn(range, who, slot));
  const buyers = range.attackers.filter((who) => !who.seller);
  await mix(range, [
    ...sellers.map((who) => sellerShots(range, who, slot, solds, 26)),
    ...range.attackers.map((who) => besides(range, who, 12)),
  ]);
  await range.turn();
  await mix(range, [
    ...buyers.map((who) => buyerShots(range, who, slot, solds, 26, range.rng.below(6) > 0)),
    ...range.attackers.map((who) => besides(range, who, 12)),
  ]);
  const plan = (who: Attacker) => ({ slot, legs: [reserveLeg(who)], fromMs: range.world.nowMs() });
  await mix(
    range,
    [...sellers, ...buyers].map((who) => structuralShots(range, who, plan(who), 10)),
  );
  await range.turn();
}

function* structuralShots(
  range: Range,
  who: Attacker,
  plan: Parameters<typeof structuralShot>[2],
  count: number,
): Generator<Shot | undefined> {
  for (let i = 0; i < count; i++) {
    yield structuralShot(range, who, plan);
    if (i % 4 === 0) yield replayedShot(range, who);
  }
}

/** What can be said at any time and is never right. */
function* besides(range: Range, who: Attacker, count: number): Generator<Shot | undefined> {
  for (let i = 0; i < count; i++) {
    yield wireShot(range, who);
    if (i % 2 === 0) yield envelopeShot(range, who);
    if (i % 4 === 0) yield otherNumberShot(range, who);
    if (i % 4 === 2) yield badArrival(range, who);
    if (i % 3 === 0) yield garbageShot(range, who);
    if (i % 6 === 0) yield lateOrder(range, who, "ORDER_LATE");
    if (i % 3 === 1) yield eventShot(range, who);
  }
}

function* collectShots(range: Range, who: Attacker, slot: number): Generator<Shot | undefined> {
  if (slot === 0) yield rightReading(range, who);
  for (let i = 0; i < 8; i++) {
    yield badReading(range, who);
    yield badOrder(range, who, false);
    yield badWallets(range, who);
    yield wireShot(range, who);
  }
  yield rightReading(range, who);
  for (let i = 0; i < 8; i++) {
    yield badOrder(range, who, true);
    yield wireShot(range, who);
    yield envelopeShot(range, who);
    if (i % 3 === 0) yield garbageShot(range, who);
  }
  const sells = sellsIn(range, who, slot);
  yield who.say("order", who.signOrder(rightOrder(range, who, slot, sells)));
  for (let i = 0; i < 3; i++) {
    yield badReading(range, who);
    yield lateOrder(range, who, "ORDER_REPEATED");
  }
  if (slot > 0) yield* reserveShots(range, who, slot + 1);
}

/** Transactions for the slot to come, right and wrong. */
function* reserveShots(range: Range, who: Attacker, slot: number): Generator<Shot | undefined> {
  const { world } = range;
  const legs = [reserveLeg(who)];
  if (who.seller) {
    if (!sellsIn(range, who, slot)) return;
    const plan = { slot, legs, fromMs: world.startMs(slot) - SELLER_EARLY_MS };
    yield* structuralShots(range, who, plan, 16);
    for (let i = 0; i < 12; i++) yield badReserveShot(range, who, plan);
    return;
  }
  const plan = { slot, legs, fromMs: world.startMs(slot) - RESERVE_EARLY_MS };
  yield* structuralShots(range, who, plan, 16);
  for (let i = 0; i < 12; i++) yield badReserveShot(range, who, plan);
  yield sayTx(range, who, { ...plan, slot: slot - 2, blockCode: "SLOT_CLOSED" }).shot;
  const { shot, tx, tMs } = sayTx(range, who, plan);
  who.reserves.set(slot, { tx, tMs });
  yield shot;
  // The gateway looks at a node's last RESERVE only: who says it again does not trade in that slot.
  if (range.attackers.indexOf(who) % 3 !== slot % 3) return;
  who.reserves.delete(slot);
  for (let i = 0; i < 4; i++)
    yield sayTx(range, who, { ...plan, blockCode: "RESERVE_REPEATED" }).shot;
}
