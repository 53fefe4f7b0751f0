// SPDX-License-Identifier: Apache-2.0
/** What the operator is told of meters that do not agree. */
import type { Area } from "../area.ts";
import type { FeederAlarm } from "../feeder/check.ts";

/** Two members' meters do not agree: a part of their trade is frozen (ledger 4.6). */
export function warnOfDisputes(area: Area, slot: number): void {
  const nameOf = (id: string) => area.sessions.get(id)!.member.name;
  for (const frozen of area.chain.state.frozen.values()) {
    if (frozen.slot !== slot) continue;
    const facts = { slot, seller: nameOf(frozen.seller), buyer: nameOf(frozen.buyer) };
    area.ports.log("warn", "readings-disputed", { ...facts, frozenWh: frozen.qtyWh });
  }
}

/** The members' meters and the feeder's do not agree. */
export function warnOfMeter(area: Area, { test, slot, residualMwh, suspects }: FeederAlarm): void {
  const names = suspects.map(({ id }) => area.sessions.get(id)!.member.name);
  const missingWh = Number(residualMwh / 1000n);
  area.ports.log("warn", "feeder-alarm", { test, slot, missingWh, suspects: names.join(", ") });
}
