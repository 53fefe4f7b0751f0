// SPDX-License-Identifier: Apache-2.0
/**
 * SOLD and BOUGHT (ledger 4.6): the seller's and the buyer's word on the same energy. Coins move when both
 * agree: from what RESERVE locked, to the seller, once. Every leg is checked before any is applied.
 */
import { bytesEqual, fromHex, toHex } from "../codec/bytes.ts";
import { assert } from "../errors/assert.ts";
import { ACCEPT, type Refusal, refuse, type Verdict } from "../errors/codes.ts";
import { type Effect, EffectKind } from "../records/block.ts";
import type { Tx, TxLeg } from "../records/tx.ts";
import { mwhFromWh } from "../units/energy.ts";
import { dealOf, enterDeal } from "./apply-offer.ts";
import { countTrade, spendHeld } from "./credit-trade.ts";
import { dealKey, type LedgerState, type Lock, type Pair, pairKey } from "./state.ts";

/** Records what a seller sold; coins stay locked until the buyer agrees. */
export function applySold(state: LedgerState, tx: Tx, tMs: number): Verdict {
  const { body } = tx;
  const seller = toHex(body.from);
  if (body.slot <= state.closedSlot) return refuse("SLOT_CLOSED", `slot ${body.slot}`);
  if (body.legs.length === 0) return refuse("LEGS", "a SOLD has at least one leg");
  const account = state.account(seller);
  const found: { pair: Pair; lock: Lock }[] = [];
  let claimed = account.claimedExportMwh;
  for (const leg of body.legs) {
    if (!leg.to || !leg.ref || !leg.meter)
      return refuse("LEGS", "a SOLD names buyer, RESERVE, meter");
    const buyer = toHex(leg.to);
    const lock = state.locks.get(toHex(leg.ref));
    const pair = lock?.offer
      ? dealOf(state, seller, body.slot, leg, lock)
      : contracted(state, seller, body.slot, leg);
    if ("code" in pair) return pair;
    // A BOUGHT finds its leg by SOLD and seller.
    if (found.some((other) => other.pair.buyer === buyer)) return refuse("SOLD_REPEATED", buyer);
    if (state.owners.get(toHex(leg.wallet)) !== seller)
      return refuse("WALLET_FOREIGN", toHex(leg.wallet));
    if (!lock || lock.reserve !== pair.reserve) return refuse("SOLD_NO_RESERVE", toHex(leg.ref));
    if (lock.node !== pair.buyer || lock.slot !== body.slot)
      return refuse("SOLD_NO_RESERVE", "locked by another or for another slot");
    if (lock.leftMicro - lock.promisedMicro < leg.ecashMicro)
      return refuse("SOLD_NO_RESERVE", `${lock.leftMicro} µc left`);
    if (tMs <= lock.tMs) return refuse("BOUGHT_ORDER", "SOLD is not later than RESERVE");
    const offer = lock.offer && state.offers.get(lock.offer);
    if (offer && body.seq <= offer.height)
      return refuse("BOUGHT_ORDER", `height ${body.seq}, its OFFER has ${offer.height}`);
    const range = rangeFault(leg, claimed, account.exportMwh);
    if (range) return range;
    claimed = leg.meter.toMwh;
    found.push({ pair, lock });
  }
  body.legs.forEach((leg, index) => {
    const { pair, lock } = found[index];
    if (lock.offer) enterDeal(state, pair, lock);
    pair.state = "sold";
    pair.sold = { txid: tx.txid, leg: index, tMs, wallet: toHex(leg.wallet) };
    lock.promisedMicro += leg.ecashMicro;
  });
  account.claimedExportMwh = claimed;
  return ACCEPT;
}

/** The market's contract that a SOLD leg fulfils, or why there is none. */
function contracted(state: LedgerState, seller: string, slot: number, leg: TxLeg): Pair | Refusal {
  const buyer = toHex(leg.to!);
  const pair = state.pairs.get(pairKey(slot, seller, buyer));
  if (!pair) return refuse("SOLD_NO_CONTRACT", buyer);
  if (pair.state !== "open") return refuse("SOLD_REPEATED", buyer);
  if (leg.qtyWh !== pair.qtyWh || leg.ecashMicro !== pair.ecashMicro)
    return refuse("SOLD_TERMS", `${leg.qtyWh} Wh for ${leg.ecashMicro} µc`);
  return pair;
}

/** What was sold under `sold`: in the market or directly, not both. */
function soldPair(
  state: LedgerState,
  slot: number,
  seller: string,
  buyer: string,
  sold: Uint8Array,
) {
  for (const key of [pairKey(slot, seller, buyer), dealKey(slot, seller, buyer)]) {
    const pair = state.pairs.get(key);
    if (pair?.sold && bytesEqual(pair.sold.txid, sold)) return pair;
  }
  return undefined;
}

/** The buyer agrees: the commit rule of ledger 4.6, leg by leg, then the coins move. */
export function applyBought(
  state: LedgerState,
  tx: Tx,
  tMs: number,
  slotStartMs: (slot: number) => number,
  effects: Effect[],
): Verdict {
  const { body } = tx;
  const buyer = toHex(body.from);
  if (body.slot <= state.closedSlot) return refuse("SLOT_CLOSED", `slot ${body.slot}`);
  if (body.legs.length === 0) return refuse("LEGS", "a BOUGHT has at least one leg");
  const account = state.account(buyer);
  const found: Pair[] = [];
  let claimed = account.claimedImportMwh;
  for (const leg of body.legs) {
    if (!leg.to || !leg.ref || !leg.meter)
      return refuse("LEGS", "a BOUGHT names seller, SOLD, meter");
    const pair = soldPair(state, body.slot, toHex(leg.to), buyer, leg.ref);
    if (!pair?.sold) return refuse("BOUGHT_NO_SOLD", toHex(leg.ref));
    if (pair.state !== "sold" || found.includes(pair))
      return refuse("BOUGHT_REPEATED", toHex(leg.ref));
    if (leg.qtyWh !== pair.qtyWh || leg.ecashMicro !== pair.ecashMicro)
      return refuse("BOUGHT_TERMS", `${leg.qtyWh} Wh for ${leg.ecashMicro} µc`);
    // One trade has one address of the buyer: that of its RESERVE.
    const lock = state.locks.get(pair.reserve);
    if (lock?.wallet !== toHex(leg.wallet)) return refuse("WALLET_FOREIGN", toHex(leg.wallet));
    // Heights are part of the comparison: each chain has the promise below what fulfils it.
    if (body.seq <= lock.height)
      return refuse("BOUGHT_ORDER", `height ${body.seq}, its RESERVE has ${lock.height}`);
    if (tMs <= pair.sold.tMs) return refuse("BOUGHT_ORDER", "BOUGHT is not later than SOLD");
    const range = rangeFault(leg, claimed, account.importMwh);
    if (range) return range;
    claimed = leg.meter.toMwh;
    found.push(pair);
  }
  for (const pair of found) {
    pay(state, pair, tx.txid, effects);
    countTrade(state, pair, { qtyWh: pair.qtyWh, micro: pair.ecashMicro }, slotStartMs);
  }
  account.claimedImportMwh = claimed;
  return ACCEPT;
}

/** The leg's energy as a fresh stretch of the register: exact, after what is claimed, and metered. */
function rangeFault(leg: TxLeg, claimedMwh: bigint, registerMwh: bigint) {
  const { fromMwh, toMwh } = leg.meter!;
  if (toMwh - fromMwh !== mwhFromWh(leg.qtyWh))
    return refuse("METER_RANGE", `${fromMwh}..${toMwh} mWh is not ${leg.qtyWh} Wh`);
  if (fromMwh < claimedMwh)
    return refuse("METER_RANGE", `below ${claimedMwh} mWh, already claimed`);
  if (toMwh > registerMwh) return refuse("METER_RANGE", `above ${registerMwh} mWh, not metered`);
  return undefined;
}

/** Moves the coins of a sold contract (I5: exactly once). */
function pay(state: LedgerState, pair: Pair, bought: Uint8Array, effects: Effect[]): void {
  const lock = state.locks.get(pair.reserve);
  assert(pair.state === "sold" && pair.sold && lock, "PAY_STATE", pair.state);
  assert(lock.promisedMicro >= pair.ecashMicro, "PAY_PROMISED", pair.reserve);
  lock.promisedMicro -= pair.ecashMicro;
  lock.leftMicro -= pair.ecashMicro;
  lock.leftWh = Math.max(0, lock.leftWh - pair.qtyWh);
  spendHeld(state, lock, pair.ecashMicro);
  const { wallet } = pair.sold;
  state.account(pair.seller).balanceMicro += pair.ecashMicro;
  pair.state = "paid";
  effects.push({
    kind: EffectKind.pay,
    reserve: fromHex(pair.reserve),
    sold: pair.sold.txid,
    leg: pair.sold.leg,
    bought,
    from: fromHex(lock.wallet),
    to: fromHex(wallet),
    micro: pair.ecashMicro,
    qtyWh: pair.qtyWh,
  });
}
