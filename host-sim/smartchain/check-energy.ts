// SPDX-License-Identifier: Apache-2.0
/**
 * I8: what blocks say was sold and bought, beside what the street's meters really counted, which no ledger
 * sees: Σ sold ≤ Σ out, Σ bought ≤ Σ in, and 0 ≤ sold − bought ≤ loss in all that was paid.
 *
 * What a buyer did not confirm is bought all the same where its meter decided so, and sold in any case. A
 * member whose meter itself lies is beyond this: meters are trusted, and the feeder's is what watches them.
 */
import { type Tx, type TxLeg, TxType } from "#core/records/tx";
import { mwhFromWh } from "#core/units/energy";
import { must } from "./violation.ts";

export interface Registers {
  importMwh: bigint;
  exportMwh: bigint;
}

/** What the meter of a node (hex) had counted when a slot ended; undefined for somebody else's. */
export type TrueMeter = (node: string, slot: number) => Registers | undefined;

/**
 * Of what was sold, permille. Both sides of a trade say the seller's Wh, to the watt-hour (ledger 4.6), so
 * that nothing is lost between them: losses of lines are in nobody's trade, and the grid's.
 */
const LOSS_PERMILLE = 0n;

export class EnergyCheck {
  /** Of all that was paid, mWh. */
  soldMwh = 0n;
  boughtMwh = 0n;
  private readonly meter: TrueMeter;
  /** By node and side, mWh. */
  private readonly traded = new Map<string, bigint>();

  constructor(meter: TrueMeter) {
    this.meter = meter;
  }

  /** What a block took of one side. `sold` finds the leg that a BOUGHT answers, where that is known. */
  said(node: string, { body }: Tx, sold: (leg: TxLeg) => TxLeg | undefined): void {
    const side = body.type === TxType.sold ? "export" : "import";
    for (const leg of body.legs) {
      const out = this.register(node, side, body.slot);
      const { meter } = leg;
      if (meter && out !== undefined)
        must(meter.toMwh <= out, "I8", () => `${node} ${side}: ${meter.toMwh} of ${out} mWh`);
      this.trade(node, side, body.slot, leg.qtyWh);
      const other = side === "import" ? sold(leg) : undefined;
      if (other) bounded(mwhFromWh(other.qtyWh), mwhFromWh(leg.qtyWh));
    }
  }

  /** A leg of a SOLD is paid. Without a BOUGHT the buyer's meter is taken for its word. */
  paid(sold: TxLeg, bought: TxLeg | undefined, buyer: string, slot: number): void {
    if (!bought) this.trade(buyer, "import", slot, sold.qtyWh);
    this.soldMwh += mwhFromWh(sold.qtyWh);
    this.boughtMwh += mwhFromWh((bought ?? sold).qtyWh);
    bounded(this.soldMwh, this.boughtMwh);
  }

  private trade(node: string, side: "import" | "export", slot: number, qtyWh: number): void {
    const key = `${node} ${side}`;
    const sum = (this.traded.get(key) ?? 0n) + mwhFromWh(qtyWh);
    this.traded.set(key, sum);
    const register = this.register(node, side, slot);
    if (register === undefined) return;
    must(sum <= register, "I8", () => `${key}: ${sum} of ${register} mWh that its meter counted`);
  }

  private register(node: string, side: "import" | "export", slot: number): bigint | undefined {
    const registers = this.meter(node, slot);
    return side === "import" ? registers?.importMwh : registers?.exportMwh;
  }
}

function bounded(soldMwh: bigint, boughtMwh: bigint): void {
  const lostMwh = soldMwh - boughtMwh;
  const mostMwh = (soldMwh * LOSS_PERMILLE) / 1000n;
  must(
    lostMwh >= 0n && lostMwh <= mostMwh,
    "I8",
    () => `${soldMwh} mWh sold, ${boughtMwh} bought: at most ${mostMwh} may be lost`,
  );
}
