// SPDX-License-Identifier: Apache-2.0
/**
 * Payments and energy: every payment has its SOLD and its BOUGHT (I10), every Wh sold was exported
 * and every Wh bought was imported (I8), and no stretch of a register backs two legs (I7). This
 * looks at the block's own list of effects, so that it holds whatever the ledger's code does.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { offerMicro } from "#core/market/offer";
import { type Effect, EffectKind } from "#core/records/block";
import { type TxLeg, TxType } from "#core/records/tx";
import type { AuditMember, AuditSlot, AuditTx, Context } from "./state.ts";
import type { Balance, SlotSummary } from "./types.ts";

export function checkPayments(context: Context, height: number, effects: readonly Effect[]): void {
  for (const effect of effects)
    if (effect.kind === EffectKind.pay || effect.kind === EffectKind.arbitrate)
      checkPayment(context, height, effect);
}

function checkPayment({ state, findings }: Context, height: number, effect: Effect): void {
  const txid = effect.sold ? toHex(effect.sold) : "";
  const sold = state.trades.get(txid);
  const which = { height, txid };
  const live = sold?.sealed && !sold.rejected && sold.tx.body.type === TxType.sold;
  const leg = live ? sold.tx.body.legs[effect.leg] : undefined;
  if (!sold || !leg?.to) return findings.fault("PAY_NO_SOLD", which, `leg ${effect.leg}`);
  const { slot, from: seller } = sold.tx.body;
  const about = { ...which, slot, node: state.nameOf(toHex(seller)) };
  const paidLegs = state.paidLegs(txid);
  const before = paidLegs.get(effect.leg) ?? { qtyWh: 0, micro: 0, parts: 0 };
  const { qtyWh, micro, parts } = before;
  const arbitrated = effect.kind === EffectKind.arbitrate;
  if (parts > 0 && !(arbitrated && parts === 1 && qtyWh < leg.qtyWh))
    findings.fault("PAY_TWICE", about, `leg ${effect.leg}`);
  const paid = { qtyWh: qtyWh + effect.qtyWh, micro: micro + effect.micro, parts: parts + 1 };
  paidLegs.set(effect.leg, paid);
  const whole = paid.qtyWh === leg.qtyWh && paid.micro === leg.ecashMicro;
  const part = arbitrated && parts === 0 && effect.qtyWh > 0 && effect.qtyWh < leg.qtyWh;
  const sameTerms =
    (whole || (part && effect.micro === offerMicro(leg, effect.qtyWh))) &&
    effect.to !== undefined &&
    bytesEqual(leg.wallet, effect.to);
  if (!sameTerms) findings.fault("PAY_TERMS", about, `${effect.micro} µc for ${effect.qtyWh} Wh`);
  if (arbitrated) return checkArbitrated({ state, findings }, effect, leg, about);
  const bought = effect.bought && state.trades.get(toHex(effect.bought));
  const answers =
    bought?.sealed &&
    !bought.rejected &&
    bought.tx.body.type === TxType.bought &&
    bytesEqual(bought.tx.body.from, leg.to) &&
    bought.tx.body.legs.some(
      ({ to, ref, qtyWh, ecashMicro }) =>
        to &&
        ref &&
        bytesEqual(to, seller) &&
        bytesEqual(ref, sold.tx.txid) &&
        qtyWh === leg.qtyWh &&
        ecashMicro === leg.ecashMicro,
    );
  if (!bought || !answers) return findings.fault("PAY_NO_BOUGHT", about, `leg ${effect.leg}`);
  if (bought.tMs <= sold.tMs) findings.fault("PAY_ORDER", about, "BOUGHT is not later than SOLD");
}

/** By the meters alone only where the buyer did not answer, and for no more than its own shows. */
function checkArbitrated(
  { state, findings }: Pick<Context, "state" | "findings">,
  effect: Effect,
  leg: TxLeg,
  about: { height: number; slot: number; txid: string },
): void {
  const fault = (detail: string) => findings.fault("PAY_ARBITRATED", about, detail);
  if (effect.bought) fault("with a BOUGHT");
  const buyer = state.members.get(toHex(leg.to!));
  for (const { tx, sealed, rejected } of state.trades.values())
    if (
      sealed &&
      !rejected &&
      tx.body.type === TxType.bought &&
      bytesEqual(tx.body.from, leg.to!) &&
      tx.body.legs.some(({ ref }) => ref && bytesEqual(ref, effect.sold!))
    )
      fault("although its buyer answered");
  const { slot } = about;
  const readings = buyer && [buyer.reading, buyer.previous];
  const [last, previous] = readings ?? [];
  // Its slot's register is known: what was taken in it and before is the most that it can have bought.
  if (!buyer || !last || last.boundary !== slot + 1 || !state.slots.has(slot)) return;
  const fromMwh = previous?.boundary === slot ? previous.importMwh : buyer.boughtToMwh;
  const least = fromMwh < buyer.boughtToMwh ? fromMwh : buyer.boughtToMwh;
  if (last.importMwh - least < BigInt(effect.qtyWh) * 1000n)
    fault(`${effect.qtyWh} Wh, the buyer imported ${last.importMwh - least} mWh`);
}

/** The stretches of the registers that the block's accepted SOLDs and BOUGHTs lay claim to. */
export function checkEnergy(context: Context, height: number, txs: readonly AuditTx[]): void {
  for (const { id: txid, tx, rejected } of txs) {
    const { type, from, legs, slot } = tx.body;
    if (rejected || (type !== TxType.sold && type !== TxType.bought)) continue;
    const member = context.state.members.get(toHex(from));
    if (!member) continue;
    const which = { height, slot, txid, node: member.member.name };
    for (const { meter, qtyWh } of legs) {
      const selling = type === TxType.sold;
      const claimedMwh = selling ? member.soldToMwh : member.boughtToMwh;
      const { fromMwh, toMwh } = meter ?? { fromMwh: -1n, toMwh: -1n };
      if (fromMwh < claimedMwh || toMwh - fromMwh !== BigInt(qtyWh) * 1000n)
        context.findings.fault("METER_RANGE", which, `${fromMwh} to ${toMwh} mWh`);
      if (toMwh > registerOf(member, selling))
        context.findings.fault("METER_OVER", which, `up to ${toMwh} mWh, which is not metered`);
      if (selling) member.soldToMwh = toMwh;
      else member.boughtToMwh = toMwh;
    }
  }
}

function registerOf({ reading }: AuditMember, selling: boolean): bigint {
  return (selling ? reading?.exportMwh : reading?.importMwh) ?? 0n;
}

/** What the block settled, and the slots that it closes. */
export function settle(
  context: Context,
  height: number,
  effects: readonly Effect[],
  closed: readonly number[],
): void {
  for (const effect of effects)
    if (effect.kind === EffectKind.pay || effect.kind === EffectKind.arbitrate)
      settlement(context, height, effect);
  for (const slot of closed) {
    const run = context.state.slots.get(slot);
    if (run) closeSlot(context, height, run);
  }
}

function settlement({ state, options, findings }: Context, height: number, effect: Effect): void {
  const sold = state.trades.get(effect.sold ? toHex(effect.sold) : "");
  const to = sold?.tx.body.legs[effect.leg]?.to;
  if (!sold || !to) return; // a fault by now
  const { slot, from } = sold.tx.body;
  const seller = toHex(from);
  const buyer = toHex(to);
  const { qtyWh, micro: ecashMicro } = effect;
  const arbitrated = effect.kind === EffectKind.arbitrate;
  const { summary } = state;
  const run = state.slots.get(slot);
  // What had been frozen: its slot was counted when it was closed.
  if (arbitrated && !run) return;
  summary.settlements++;
  if (arbitrated) summary.arbitrated++;
  if (run) {
    run.tradedWh += qtyWh;
    run.paidMicro += ecashMicro;
  }
  addEnergy(state.members.get(seller), "soldMwh", qtyWh);
  // Without a reading in time the seller's word took its place.
  const unread = arbitrated && (state.members.get(buyer)?.reading?.boundary ?? -1) <= slot;
  if (!unread) addEnergy(state.members.get(buyer), "boughtMwh", qtyWh);
  for (const [member, selling] of [
    [state.members.get(seller), true],
    [state.members.get(buyer), false],
  ] as const) {
    if (!member || (unread && !selling)) continue;
    const registerMwh = registerOf(member, selling);
    const firstMwh = (selling ? member.first?.exportMwh : member.first?.importMwh) ?? 0n;
    const settledMwh = selling ? member.soldMwh : member.boughtMwh;
    if (settledMwh > registerMwh - firstMwh)
      findings.fault(
        "METER_OVER",
        { height, slot, node: member.member.name },
        `${settledMwh} mWh ${selling ? "sold" : "bought"}, ${registerMwh - firstMwh} mWh metered`,
      );
  }
  const priceMicro =
    run?.deals.priceOf(effect.reserve ? toHex(effect.reserve) : "") ??
    run?.contracts?.get(`${seller}|${buyer}`)?.pair.priceMicro;
  options.onSettlement?.({
    slot,
    seller,
    buyer,
    qtyWh,
    priceMicro: priceMicro ?? 0,
    ecashMicro,
    soldTx: sold.id,
    boughtTx: effect.bought && toHex(effect.bought),
    arbitrated,
    height,
  });
}

function addEnergy(
  member: AuditMember | undefined,
  which: "soldMwh" | "boughtMwh",
  qtyWh: number,
): void {
  if (member) member[which] += BigInt(qtyWh) * 1000n;
}

function closeSlot({ state, options }: Context, height: number, run: AuditSlot): void {
  const { slot, tradedWh, paidMicro } = run;
  const pairs = [...(run.contracts?.values() ?? [])].map(({ pair }) => pair);
  const contractedWh = pairs.reduce((sum, { qtyWh }) => sum + qtyWh, 0);
  const weighted = pairs.reduce((sum, p) => sum + BigInt(p.qtyWh) * BigInt(p.priceMicro), 0n);
  const slotSummary: SlotSummary = {
    slot,
    contracts: pairs.length,
    contractedWh,
    tradedWh,
    paidMicro,
    priceMicro: contractedWh > 0 ? Number(weighted / BigInt(contractedWh)) : undefined,
    missed: [...(run.missed ?? [])],
  };
  const { summary } = state;
  summary.slots.push(slotSummary);
  summary.slotsSettled++;
  if (tradedWh > 0) summary.slotsWithTrade++;
  summary.contracts += pairs.length;
  summary.contractedWh += contractedWh;
  summary.tradedWh += tradedWh;
  summary.paidMicro += paidMicro;
  options.onSlot?.(slotSummary);
  if (!options.onBalances) return;
  const balances: Balance[] = [...state.ledger.accounts.keys()].map((node) => ({
    node,
    freeMicro: state.ledger.freeOf(node),
    lockedMicro: state.ledger.lockedOf(node),
  }));
  options.onBalances(slot, height, balances);
}
