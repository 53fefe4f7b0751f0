// SPDX-License-Identifier: Apache-2.0
/**
 * The comparison of SOLD and BOUGHT (ledger 4.6), with the height of each in its author's chain: what two
 * members said of the same energy, and whether it is the same.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { type TxLeg, TxType } from "#core/records/tx";
import { formatCoins } from "#core/units/money";
import type { Ledger, SeenTx } from "./ledger.ts";

/** A BOUGHT and the SOLD that it answers. */
export interface Compared {
  sold: SeenTx;
  bought: SeenTx;
  /** The seller's word, and the buyer's. */
  said: TxLeg;
  answer: TxLeg;
  /** What differs; empty where the two agree. */
  faults: string[];
}

/** The number of a transaction in its author's chain. */
export function heightOf({ tx }: SeenTx): number {
  return tx.body.seq;
}

/** Every BOUGHT against its SOLD, as far as the log has both. */
export function comparedIn(ledger: Ledger): Compared[] {
  const found: Compared[] = [];
  for (const bought of ledger.txs.values()) {
    if (bought.tx.body.type !== TxType.bought) continue;
    for (const answer of bought.tx.body.legs) {
      const sold = answer.ref && ledger.txs.get(toHex(answer.ref));
      if (!sold || sold.tx.body.type !== TxType.sold) continue;
      const { from } = bought.tx.body;
      const said = sold.tx.body.legs.find(({ to }) => to && bytesEqual(to, from));
      if (said) found.push(compare(ledger, { sold, bought, said, answer, faults: [] }));
    }
  }
  return found;
}

function compare(ledger: Ledger, one: Compared): Compared {
  const { sold, bought, said, answer, faults } = one;
  const { from } = sold.tx.body;
  if (!answer.to || !bytesEqual(answer.to, from)) faults.push("the BOUGHT names another seller");
  if (said.qtyWh !== answer.qtyWh) faults.push(`${said.qtyWh} and ${answer.qtyWh} Wh`);
  if (said.ecashMicro !== answer.ecashMicro)
    faults.push(`${formatCoins(said.ecashMicro)} and ${formatCoins(answer.ecashMicro)}`);
  if (bought.tMs <= sold.tMs) faults.push("the BOUGHT is not later than the SOLD");
  const reserve = said.ref && ledger.txs.get(toHex(said.ref));
  if (!reserve) return one;
  if (sold.tMs <= reserve.tMs) faults.push("the SOLD is not later than the RESERVE");
  if (heightOf(bought) <= heightOf(reserve)) faults.push("the BOUGHT is not above the RESERVE");
  const ref = reserve.tx.body.legs[0]?.ref;
  const offer = ref && ledger.txs.get(toHex(ref));
  if (offer && heightOf(sold) <= heightOf(offer)) faults.push("the SOLD is not above the OFFER");
  return one;
}

/** Both heights and what they agree on, or what they do not. */
export function comparedText(ledger: Ledger, { sold, bought, said, faults }: Compared): string {
  const place = (seen: SeenTx) => `height ${heightOf(seen)} of ${ledger.nameOf(seen.said.node)}`;
  const same = faults.length === 0;
  const words = same
    ? `${said.qtyWh} Wh for ${formatCoins(said.ecashMicro)} on both sides`
    : faults.join("; ");
  return `SOLD at ${place(sold)} ${same ? "=" : "≠"} BOUGHT at ${place(bought)}: ${words}`;
}
