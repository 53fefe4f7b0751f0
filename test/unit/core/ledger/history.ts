// SPDX-License-Identifier: Apache-2.0
/** Random histories of a small area, right and wrong steps mixed, with what has to hold after each of them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import type { ForkMap } from "#core/ledger/fork-map";
import type { LedgerState } from "#core/ledger/state";
import { EffectKind } from "#core/records/block";
import { type Tx, type TxLeg, TxType } from "#core/records/tx";
import {
  legOf,
  nodeOf,
  offer,
  pairOf,
  reserve,
  SLOT_MS,
  setOf,
  slotStartMs,
  take,
  txOf,
  World,
} from "./world.ts";

const NAMES = ["a", "b", "c", "d"];

/** A step: what to try, with draws that pick who, how much and what is wrong about it. */
export interface Step {
  kind:
    | "mint"
    | "reserve"
    | "meter"
    | "contract"
    | "offer"
    | "acceptOffer"
    | "deal"
    | "sold"
    | "bought"
    | "wallets"
    | "close";
  who: string;
  other: string;
  amount: number;
  flaw: number;
}

const kinds: Step["kind"][] = ["mint", "meter", "close", "wallets"];
const trades = ["reserve", "contract", "offer", "acceptOffer", "deal", "sold", "bought"] as const;
for (const kind of trades) kinds.push(kind, kind, kind);

export const anyStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...kinds),
  who: fc.constantFrom(...NAMES),
  other: fc.constantFrom(...NAMES),
  amount: fc.integer({ min: 0, max: 1000 }),
  flaw: fc.integer({ min: 0, max: 20 }),
});

export const anyHistory = fc.array(anyStep, { minLength: 10, maxLength: 140, size: "max" });

/** An area in its present slot; knows what was said, to say the next thing about it. */
export class Area {
  readonly world = new World(...NAMES);
  readonly accepted: { tx: Tx; tMs: number }[] = [];
  readonly counts = { accepted: 0, refused: 0, paid: 0, closed: 0, direct: 0 };
  private nowMs = 0;
  private serial = 0;

  constructor() {
    for (const name of NAMES) {
      this.world.read(name, 0, 0n, 0n);
      this.world.mint(name, 500_000);
    }
  }

  /** The slot that flows now. */
  private get slot(): number {
    return Math.floor(this.nowMs / SLOT_MS);
  }

  /** Takes steps on another state, a fork, and forgets that it did. */
  imagine(state: LedgerState, steps: readonly Step[]): void {
    const { nowMs, serial, world, accepted } = this;
    const marks = [accepted.length, world.effects.length];
    const counts = { ...this.counts };
    const { state: real } = world;
    world.state = state;
    for (const step of steps) this.take(step);
    world.state = real;
    accepted.length = marks[0];
    world.effects.length = marks[1];
    Object.assign(this, { nowMs, serial });
    Object.assign(this.counts, counts);
  }

  take(step: Step): void {
    const before = this.world.effects.length;
    this[step.kind](step);
    this.world.state.assertConserved();
    for (const { node, balanceMicro } of this.world.state.accounts.values())
      assert.ok(balanceMicro >= 0, `${step.kind}: ${node} has ${balanceMicro}`);
    for (const lock of this.world.state.locks.values()) {
      assert.ok(lock.promisedMicro >= 0, `${step.kind}: promised ${lock.promisedMicro}`);
      assert.ok(lock.leftMicro >= lock.promisedMicro, `${step.kind}: a lock covers its promises`);
    }
    for (const entry of this.world.state.accounts.values()) {
      assert.ok(entry.claimedExportMwh <= entry.exportMwh, `${step.kind}: sold is metered`);
      assert.ok(entry.claimedImportMwh <= entry.importMwh, `${step.kind}: bought is metered`);
    }
    for (const { offer, qtyWh, reservedWh, soldWh } of this.world.state.offers.values()) {
      const sold = this.soldOf(offer);
      assert.equal(soldWh, sold, `${step.kind}: live SOLDs of the offer`);
      assert.ok(sold <= reservedWh && reservedWh <= qtyWh, `I9: ${sold} ${reservedWh} ${qtyWh}`);
    }
    for (const { kind, reserve: lock } of this.world.effects.slice(before)) {
      if (kind !== EffectKind.pay && kind !== EffectKind.arbitrate) continue;
      this.counts.paid++;
      if (this.txOf(toHex(lock!)).body.legs[0].ref) this.counts.direct++;
    }
  }

  private txOf(txid: string): Tx {
    return this.accepted.find(({ tx }) => toHex(tx.txid) === txid)!.tx;
  }

  /** What all accepted SOLDs took of an offer, Wh: of what was said, not of what the ledger counts. */
  private soldOf(offer: string): number {
    let sumWh = 0;
    for (const { tx } of this.accepted) {
      if (tx.body.type !== TxType.sold) continue;
      for (const { ref, qtyWh } of tx.body.legs) {
        const taken = this.txOf(toHex(ref!)).body.legs[0].ref;
        if (taken && toHex(taken) === offer) sumWh += qtyWh;
      }
    }
    return sumWh;
  }

  private try(tx: Tx): void {
    this.nowMs += 1;
    const snapshot = this.world.snapshot();
    const verdict = this.world.apply(tx, this.nowMs);
    if (!verdict.ok) {
      this.counts.refused++;
      assert.equal(this.world.snapshot(), snapshot, `refused (${verdict.code}): nothing changed`);
      return;
    }
    this.counts.accepted++;
    this.accepted.push({ tx, tMs: this.nowMs });
  }

  mint({ who, amount }: Step): void {
    this.world.mint(who, amount * 100);
  }

  reserve({ who, amount, flaw }: Step): void {
    const slot = flaw === 0 ? this.slot : this.slot + 1;
    this.try(reserve(`${this.serial++}`, who, slot, amount, flaw === 1 ? 1e9 : amount * 100));
  }

  /** The slot is over: both registers of everybody go up. */
  meter({ amount, who }: Step): void {
    this.nowMs = slotStartMs(this.slot + 1);
    for (const name of NAMES) {
      const entry = this.world.state.account(nodeOf(name));
      const more = BigInt(name === who ? amount * 20_000 : 50_000);
      const boundary = entry.boundary + 1;
      this.world.read(name, boundary, entry.importMwh + more, entry.exportMwh + more);
    }
  }

  contract({ who, other, amount }: Step): void {
    if (who === other) return;
    const { locks, pairs } = this.world.state;
    const lock = listed(locks).find((one) => one.node === nodeOf(other) && !one.offer);
    const known = listed(pairs);
    if (!lock || known.some((pair) => pair.seller === nodeOf(who) && pair.buyer === nodeOf(other)))
      return;
    const tx = this.txOf(lock.reserve);
    const qtyWh = Math.min(amount, 60);
    this.world.contract(pairOf(lock.slot, who, other, tx, qtyWh, qtyWh * (amount % 150)));
  }

  offer({ who, amount, flaw }: Step): void {
    const slot = flaw === 0 ? this.slot : this.slot + 1;
    this.try(offer(`${this.serial++}`, who, slot, amount * (flaw === 1 ? 11 : 1), amount * 70));
  }

  /** An offer, or a part of it, is taken: now and then too much of it, or for too little. */
  acceptOffer({ who, other, amount, flaw }: Step): void {
    const open = listed(this.world.state.offers);
    const found = open.find((one) => one.seller === nodeOf(other)) ?? open[0];
    if (!found) return;
    const seller = NAMES.find((name) => nodeOf(name) === found.seller)!;
    const tx = this.txOf(found.offer);
    const qtyWh = flaw === 0 ? amount : Math.max(1, found.qtyWh >> (amount % 3));
    const dueMicro = Math.ceil((qtyWh * found.ecashMicro) / found.qtyWh);
    const paidMicro = dueMicro + (flaw === 1 ? -1 : amount);
    this.try(take(`${this.serial++}`, who, seller, tx, qtyWh, Math.max(0, paidMicro)));
  }

  /** The seller of a taken offer says what flowed. */
  deal({ who, other, amount, flaw }: Step): void {
    const { locks, offers } = this.world.state;
    // Of a slot that is closed a lock may wait, frozen.
    const taken = listed(locks).filter((lock) => lock.offer && offers.has(lock.offer));
    const lock = taken.find((one) => one.node === nodeOf(other)) ?? taken[0];
    if (!lock) return;
    const { seller, qtyWh: allWh, ecashMicro: allMicro, slot } = offers.get(lock.offer!)!;
    const names = [seller, lock.node].map((id) => NAMES.find((name) => nodeOf(name) === id)!);
    const meteredWh = Math.min(lock.leftWh, 50);
    const qtyWh = flaw === 0 ? amount : Math.max(1, meteredWh);
    const pair = { qtyWh, ecashMicro: Math.ceil((qtyWh * allMicro) / allWh) };
    const claimed = this.world.state.account(seller).claimedExportMwh;
    const leg = flawed(legOf(names[0], names[1], this.txOf(lock.reserve), pair, claimed), flaw);
    const changes = { type: TxType.sold, slot, legs: [leg] };
    this.try(txOf(`${this.serial++}`, flaw === 1 ? who : names[0], changes));
  }

  sold({ who, other, flaw }: Step): void {
    const [seller, pair] = this.pairBy("open", who);
    if (!pair) return;
    const lock = this.accepted.find((one) => toHex(one.tx.txid) === pair.reserve)!.tx;
    const buyer = NAMES.find((name) => nodeOf(name) === pair.buyer)!;
    const claimed = this.world.state.account(pair.seller).claimedExportMwh;
    const leg = flawed(legOf(seller, flaw === 0 ? other : buyer, lock, pair, claimed), flaw);
    const changes = { type: TxType.sold, slot: pair.slot, legs: [leg] };
    this.try(txOf(`${this.serial++}`, flaw === 1 ? other : seller, changes));
  }

  bought({ who, other, flaw }: Step): void {
    const [seller, pair] = this.pairBy("sold", who);
    if (!pair?.sold) return;
    const { txid } = pair.sold;
    const sold = this.accepted.find((one) => toHex(one.tx.txid) === toHex(txid))!.tx;
    const buyer = NAMES.find((name) => nodeOf(name) === pair.buyer)!;
    const claimed = this.world.state.account(pair.buyer).claimedImportMwh;
    const leg = flawed(legOf(buyer, seller, sold, pair, claimed), flaw);
    const changes = { type: TxType.bought, slot: pair.slot, legs: [leg] };
    this.try(txOf(`${this.serial++}`, flaw === 1 ? other : buyer, changes));
  }

  /** A new set of addresses for a member that has not used up the one it trades under. */
  wallets({ who }: Step): void {
    const { state } = this.world;
    const { set } = state.newestSet(nodeOf(who));
    if (set === 0) state.addWallets(nodeOf(who), setOf(who, 1));
  }

  close(): void {
    const slot = this.slot - 1;
    if (slot <= this.world.state.closedSlot) return;
    this.world.close(slot);
    this.counts.closed++;
  }

  /** A contract in `state`, of seller `who` first. */
  private pairBy(state: string, who: string) {
    const pairs = listed(this.world.state.pairs).filter((pair) => pair.state === state);
    const pair = pairs.find((one) => one.seller === nodeOf(who)) ?? pairs[0];
    return [NAMES.find((name) => nodeOf(name) === pair?.seller) ?? who, pair] as const;
  }
}

function flawed(leg: TxLeg, flaw: number): TxLeg {
  if (flaw === 2) return { ...leg, qtyWh: leg.qtyWh + 1 };
  if (flaw === 3) return { ...leg, ecashMicro: leg.ecashMicro + 1 };
  if (flaw === 4) return { ...leg, meter: undefined };
  return leg;
}

/** By key: what a step picks does not depend on the order in which entries came. */
function listed<T>(table: ForkMap<T>): Readonly<T>[] {
  return [...table.keys()].sort().map((key) => table.peek(key)!);
}
