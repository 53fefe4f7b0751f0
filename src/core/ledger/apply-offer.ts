// SPDX-License-Identifier: Apache-2.0
/**
 * Direct trade (ledger 4.6; paper 2, IV-H): an OFFER to all, the RESERVE of a buyer that takes it or a part
 * of it, and the SOLD of what the seller's meter shows of that. The BOUGHT is as in the market.
 */
import { toHex } from "../codec/bytes.ts";
import { assert } from "../errors/assert.ts";
import { ACCEPT, type Refusal, refuse, type Verdict } from "../errors/codes.ts";
import { PRICE_MICRO_MAX } from "../limits.ts";
import { ecashMicro } from "../market/cost.ts";
import { offerMicro, offerPriceMicro } from "../market/offer.ts";
import type { Tx, TxLeg } from "../records/tx.ts";
import { dealKey, type LedgerState, type Lock, type Offer, type Pair } from "./state.ts";

/** Enters an OFFER with effective time `tMs`, or says why not; no coins move by it. */
export function applyOffer(
  state: LedgerState,
  tx: Tx,
  tMs: number,
  slotStartMs: (slot: number) => number,
): Verdict {
  const { slot, legs, from, expiryMs, seq: height } = tx.body;
  const seller = toHex(from);
  if (legs.length !== 1) return refuse("LEGS", "an OFFER has one leg");
  const offer = toHex(tx.txid);
  if (state.offers.has(offer)) return refuse("REPLAYED", offer);
  const [leg] = legs;
  const { qtyWh } = leg;
  if (leg.to || leg.ref || leg.meter) return refuse("LEGS", "an OFFER is to all and backs nothing");
  if (slot <= state.closedSlot) return refuse("SLOT_CLOSED", `slot ${slot}`);
  if (tMs >= slotStartMs(slot)) return refuse("RESERVE_SLOT", `slot ${slot} has begun`);
  if (tMs < slotStartMs(slot - 2)) return refuse("RESERVE_SLOT", `slot ${slot} is too far ahead`);
  if (tMs >= expiryMs) return refuse("OFFER_EXPIRED", `at ${expiryMs} ms`);
  // The bound on the price keeps every product below exact.
  if (qtyWh === 0 || leg.ecashMicro > ecashMicro(qtyWh, PRICE_MICRO_MAX))
    return refuse("OFFER_TERMS", `${qtyWh} Wh for ${leg.ecashMicro} µc`);
  const wallet = toHex(leg.wallet);
  if (state.owners.get(wallet) !== seller) return refuse("WALLET_FOREIGN", wallet);
  // Nobody can deliver more than its connection carries: this bounds the offers of a slot too.
  let offeredWh = qtyWh;
  for (const other of state.offers.group(seller)) if (other.slot === slot) offeredWh += other.qtyWh;
  const { capacityWh } = state.accountOf(seller);
  if (offeredWh > capacityWh)
    return refuse("OFFER_OVERSOLD", `${offeredWh} Wh, the connection carries ${capacityWh}`);
  const terms = { qtyWh, ecashMicro: leg.ecashMicro, expiryMs };
  state.offers.set(offer, { offer, seller, slot, height, ...terms, reservedWh: 0, soldWh: 0 });
  return ACCEPT;
}

/** The offer that a RESERVE takes, or why it cannot; whether there are coins is asked elsewhere. */
export function offerTaken(state: LedgerState, tx: Tx, tMs: number): Offer | Refusal {
  const { slot, from } = tx.body;
  const [{ to, ref, qtyWh, ecashMicro }] = tx.body.legs;
  const offer = ref && state.offers.get(toHex(ref));
  if (!offer) return refuse("OFFER_UNKNOWN", ref ? toHex(ref) : "");
  if (!to || toHex(to) !== offer.seller || offer.seller === toHex(from))
    return refuse("OFFER_TERMS", "not to the seller");
  if (slot !== offer.slot) return refuse("OFFER_TERMS", `for slot ${offer.slot}`);
  if (tMs >= offer.expiryMs) return refuse("OFFER_EXPIRED", `at ${offer.expiryMs} ms`);
  const leftWh = offer.qtyWh - offer.reservedWh;
  if (qtyWh > leftWh) return refuse("OFFER_OVERSOLD", `${qtyWh} of ${leftWh} Wh`);
  const needMicro = qtyWh > 0 ? offerMicro(offer, qtyWh) : 0;
  if (qtyWh === 0 || ecashMicro < needMicro)
    return refuse("OFFER_TERMS", `${ecashMicro} µc for ${qtyWh} Wh, ${needMicro} are due`);
  return offer;
}

/** What a SOLD leg makes of a RESERVE that took an offer: a contract to the seller's word, or why not. */
export function dealOf(
  state: LedgerState,
  seller: string,
  slot: number,
  leg: TxLeg,
  lock: Lock,
): Pair | Refusal {
  // Of a slot that is closed a lock may wait, frozen; its offer is gone.
  if (lock.slot !== slot || lock.node !== toHex(leg.to!))
    return refuse("SOLD_NO_RESERVE", "locked by another or for another slot");
  const offer = state.offers.peek(lock.offer!);
  assert(offer, "OFFER_OF_LOCK", lock.reserve);
  const { qtyWh, ecashMicro } = leg;
  if (offer.seller !== seller) return refuse("SOLD_NO_CONTRACT", lock.reserve);
  if (state.pairs.has(dealKey(slot, seller, lock.node))) return refuse("SOLD_REPEATED", lock.node);
  if (qtyWh > lock.leftWh) return refuse("OFFER_OVERSOLD", `${qtyWh} of ${lock.leftWh} Wh`);
  if (qtyWh === 0 || ecashMicro !== offerMicro(offer, qtyWh))
    return refuse("OFFER_TERMS", `${ecashMicro} µc for ${qtyWh} Wh`);
  const priceMicro = offerPriceMicro(offer);
  const { node: buyer, reserve } = lock;
  const terms = { qtyWh, priceMicro, ecashMicro };
  return { slot, seller, buyer, reserve, ...terms, state: "open" };
}

/** A deal is sold: it is a contract from here on. */
export function enterDeal(state: LedgerState, pair: Pair, lock: Lock): void {
  const offer = state.offers.get(lock.offer!)!;
  offer.soldWh += pair.qtyWh;
  // I9: no more is sold of an offer than it is for.
  assert(offer.soldWh <= offer.reservedWh && offer.reservedWh <= offer.qtyWh, "OFFER_SOLD");
  state.pairs.set(dealKey(pair.slot, pair.seller, pair.buyer), pair);
}
