// SPDX-License-Identifier: Apache-2.0
/**
 * Random histories of a small area, right and wrong steps mixed: coins are conserved after each (I1), nothing
 * is ever negative (I2), a refusal and a replay change nothing (I6), a payment happens once (I5), no more of an
 * offer is sold than it is for (I9), and payments join SOLDs and BOUGHTs one to one (I10).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import { EffectKind } from "#core/records/block";
import { Area, anyHistory } from "./history.ts";

/** I10: a payment by agreement has one SOLD leg and one BOUGHT leg, crossed, with its terms, in order. */
function oneToOne({ world, accepted }: Area): void {
  const said = new Map(accepted.map((one) => [toHex(one.tx.txid), one]));
  const answered = new Set<string>();
  for (const { kind, reserve: lock, sold, bought, leg: index, micro, qtyWh } of world.effects) {
    if (kind !== EffectKind.pay) continue;
    const [r, s, b] = [lock, sold, bought].map((txid) => said.get(toHex(txid!))!);
    const leg = s.tx.body.legs[index];
    const answers = b.tx.body.legs.filter(
      ({ to, ref }) => toHex(to!) === toHex(s.tx.body.from) && toHex(ref!) === toHex(s.tx.txid),
    );
    assert.equal(answers.length, 1, "I10: one BOUGHT leg");
    assert.equal(toHex(leg.to!), toHex(b.tx.body.from), "I10: crossed");
    assert.equal(toHex(leg.ref!), toHex(r.tx.txid), "I10: by the RESERVE that it quotes");
    for (const one of [leg, answers[0]])
      assert.deepEqual([one.qtyWh, one.ecashMicro], [qtyWh, micro], "I10: the same terms");
    assert.ok(b.tMs > s.tMs && s.tMs > r.tMs, "I10: in order");
    const key = `${toHex(b.tx.txid)} ${toHex(s.tx.txid)}`;
    assert.ok(!answered.has(key), "I10: once");
    answered.add(key);
  }
}

test("after every step of any history", () => {
  const total = { accepted: 0, refused: 0, paid: 0, closed: 0, direct: 0 };
  fc.assert(
    fc.property(anyHistory, (history) => {
      const area = new Area();
      for (const step of history) area.take(step);
      for (const key of Object.keys(total) as (keyof typeof total)[])
        total[key] += area.counts[key];
      oneToOne(area);
      const payments = area.world.effects
        .filter(({ kind }) => kind === EffectKind.pay || kind === EffectKind.arbitrate)
        .map(({ sold, leg }) => `${toHex(sold!)} ${leg}`);
      assert.equal(new Set(payments).size, payments.length, "I5: no SOLD is paid twice");
    }),
    { numRuns: 300 },
  );
  assert.ok(
    total.paid >= 100 && total.direct >= 100 && total.refused >= 100 && total.closed >= 100,
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
