// SPDX-License-Identifier: Apache-2.0
/**
 * Random histories of a small area, right and wrong steps mixed: coins are conserved after each (I1), nothing
 * is ever negative (I2), a refusal and a replay change nothing (I6), and a payment happens once (I5).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import { EffectKind } from "#core/records/block";
import { type Tx, type TxLeg, TxType } from "#core/records/tx";
import { legOf, nodeOf, pairOf, reserve, SLOT_MS, slotStartMs, txOf, World } from "./world.ts";

const NAMES = ["a", "b", "c", "d"];

/** A step: what to try, with draws that pick who, how much and what is wrong about it. */
interface Step {
  kind: "mint" | "reserve" | "meter" | "contract" | "sold" | "bought" | "close";
  who: string;
  other: string;
  amount: number;
  flaw: number;
}

const kinds: Step["kind"][] = ["mint", "meter", "close"];
for (const kind of ["reserve", "contract", "sold", "bought"] as const) kinds.push(kind, kind, kind);

const anyStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...kinds),
  who: fc.constantFrom(...NAMES),
  other: fc.constantFrom(...NAMES),
  amount: fc.integer({ min: 0, max: 1000 }),
  flaw: fc.integer({ min: 0, max: 20 }),
});

const anyHistory = fc.array(anyStep, { minLength: 10, maxLength: 100, size: "max" });

/** An area in its present slot; knows what was said, to say the next thing about it. */
class Area {
  readonly world = new World(...NAMES);
  readonly accepted: { tx: Tx; tMs: number }[] = [];
  readonly counts = { accepted: 0, refused: 0, paid: 0, closed: 0 };
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
    for (const { kind } of this.world.effects.slice(before))
      if (kind === EffectKind.pay || kind === EffectKind.arbitrate) this.counts.paid++;
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
    const lock = [...locks.values()].find((one) => one.node === nodeOf(other));
    const known = [...pairs.values()];
    if (!lock || known.some((pair) => pair.seller === nodeOf(who) && pair.buyer === nodeOf(other)))
      return;
    const tx = this.accepted.find((one) => toHex(one.tx.txid) === lock.reserve)!.tx;
    const qtyWh = Math.min(amount, 60);
    this.world.contract(pairOf(lock.slot, who, other, tx, qtyWh, qtyWh * (amount % 150)));
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

  close(): void {
    const slot = this.slot - 1;
    if (slot <= this.world.state.closedSlot) return;
    this.world.close(slot);
    this.counts.closed++;
  }

  /** A contract in `state`, of seller `who` first. */
  private pairBy(state: string, who: string) {
    const pairs = [...this.world.state.pairs.values()].filter((pair) => pair.state === state);
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

test("after every step of any history", () => {
  const total = { accepted: 0, refused: 0, paid: 0, closed: 0 };
  fc.assert(
    fc.property(anyHistory, (history) => {
      const area = new Area();
      for (const step of history) area.take(step);
      for (const key of Object.keys(total) as (keyof typeof total)[])
        total[key] += area.counts[key];
      const payments = area.world.effects
        .filter(({ kind }) => kind === EffectKind.pay || kind === EffectKind.arbitrate)
        .map(({ sold, leg }) => `${toHex(sold!)} ${leg}`);
      assert.equal(new Set(payments).size, payments.length, "I5: no SOLD is paid twice");
    }),
    { numRuns: 300 },
  );
  assert.ok(
    total.paid >= 100 && total.refused >= 100 && total.closed >= 100,
    JSON.stringify(total),
  );
});

test("I6: everything that was accepted is refused when it comes again, at any later time", () => {
  fc.assert(
    fc.property(anyHistory, fc.integer({ min: 1, max: 10_000_000 }), (history, laterMs) => {
      const area = new Area();
      for (const step of history) area.take(step);
      const snapshot = area.world.snapshot();
      for (const { tx, tMs } of area.accepted)
        for (const atMs of [tMs, tMs + laterMs]) {
          const verdict = area.world.apply(tx, atMs);
          assert.equal(verdict.ok, false, `type ${tx.body.type} again`);
        }
      assert.equal(area.world.snapshot(), snapshot, "replays change nothing");
    }),
    { numRuns: 100 },
  );
});

test("once every slot is closed all coins are in wallets again", () => {
  fc.assert(
    fc.property(anyHistory, (history) => {
      const area = new Area();
      for (const step of history) area.take(step);
      area.world.close(1_000_000);
      const { walletsMicro, lockedMicro } = area.world.state.sums();
      assert.equal(lockedMicro, 0, "nothing is locked");
      assert.equal(walletsMicro, area.world.state.totals.genesisMicro, "all that was made");
    }),
    { numRuns: 100 },
  );
});
