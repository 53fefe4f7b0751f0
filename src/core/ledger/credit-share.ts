// SPDX-License-Identifier: Apache-2.0
/**
 * A bank's profit goes back to the area: at the end of each period to all accounts, in proportion to the energy
 * that they traded in it. Whole micro-coins, by largest remainder and then by node id.
 */
import { fromHex } from "../codec/bytes.ts";
import { mulDivFloor, mulMod } from "../market/exact.ts";
import { type Effect, EffectKind } from "../records/block.ts";
import type { BankEntry } from "./credit-state.ts";
import type { LedgerState } from "./state.ts";

/** What was earned and neither lost nor given back, as far as the reserve has it, µc. */
export function profitMicro(bank: Readonly<BankEntry>): number {
  const { interestMicro, penaltiesMicro, writtenOffMicro, distributedMicro, reserveMicro } = bank;
  const kept = interestMicro + penaltiesMicro - writtenOffMicro - distributedMicro;
  return Math.max(0, Math.min(kept, reserveMicro));
}

/** Parts of `total` in proportion to `weights`, which sum up to it exactly; none where all weigh nothing. */
export function inProportion(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  if (sum === 0) return weights.map(() => 0);
  const parts = weights.map((weight) => mulDivFloor(total, weight, sum));
  let left = total - parts.reduce((all, part) => all + part, 0);
  const byRemainder = weights
    .map((weight, i) => ({ i, rest: mulMod(total, weight, sum) }))
    .sort((a, b) => b.rest - a.rest || a.i - b.i);
  for (const { i } of byRemainder) {
    if (left === 0) break;
    parts[i]++;
    left--;
  }
  return parts;
}

/** A slot from `fromMs` to `toMs` is closed: banks whose period ends with it share their profit out. */
export function shareProfit(
  state: LedgerState,
  fromMs: number,
  toMs: number,
  effects: Effect[],
): void {
  const ended: string[] = [];
  for (const { bank, terms } of state.banks.values()) {
    const { periodMs } = terms;
    if (Math.floor(fromMs / periodMs) !== Math.floor(toMs / periodMs)) ended.push(bank);
  }
  if (ended.length === 0) return;
  const nodes = [...state.credits.keys()].sort();
  const weights = nodes.map((node) => state.credits.peek(node)!.periodWh);
  for (const id of ended.sort()) {
    const bank = state.banks.get(id)!;
    const parts = inProportion(profitMicro(bank), weights);
    parts.forEach((micro, i) => {
      if (micro === 0) return;
      state.account(nodes[i]).balanceMicro += micro;
      state.totals.reservesMicro -= micro;
      const reserveMicro = bank.reserveMicro - micro;
      Object.assign(bank, { reserveMicro, distributedMicro: bank.distributedMicro + micro });
      effects.push(shareEffect(bank.wallet, state.newestSet(nodes[i]).wallets[0], micro));
    });
  }
  // All banks of an area have one period in practice; the energy of a period counts once.
  for (const node of nodes) state.credits.get(node)!.periodWh = 0;
}

function shareEffect(from: string, to: string, micro: number): Effect {
  const about = { reserve: undefined, sold: undefined, leg: 0, bought: undefined };
  return {
    kind: EffectKind.share,
    ...about,
    from: fromHex(from),
    to: fromHex(to),
    micro,
    qtyWh: 0,
  };
}
