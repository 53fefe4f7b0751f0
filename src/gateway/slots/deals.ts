// SPDX-License-Identifier: Apache-2.0
/**
 * Direct deals of a slot (ledger 4.6) as the gateway hears them: RESERVEs that took an OFFER, waited for like
 * contracts where both meters show energy for them. Whether a SOLD or BOUGHT fits a block decides.
 */
import { toHex } from "#core/codec/bytes";
import type { LedgerState, Lock, Offer } from "#core/ledger/state";
import { offerMicro, offerPriceMicro } from "#core/market/offer";
import { type Tx, TxType } from "#core/records/tx";
import { whFloor } from "#core/units/energy";

/** Where a transaction is in its author's chain (ledger 4.6: heights). */
interface Said {
  id: string;
  height: number;
}

/** A RESERVE that took an offer, and what answered it. */
export interface DirectDeal {
  readonly reserve: string;
  readonly seller: string;
  readonly buyer: string;
  /** What the seller's meter leaves for it, Wh: 0 where nobody waits for it. */
  readonly dueWh: number;
  /** Whether the buyer's meter shows that much: no agreement is waited for that it cannot give. */
  readonly answerable: boolean;
  sold: (Said & { qtyWh: number }) | undefined;
  bought: Said | undefined;
  /** As they were when the slot's energy was shared out. */
  readonly lock: Readonly<Lock>;
  readonly offer: Readonly<Offer>;
}

export class DirectDeals {
  private readonly byReserve = new Map<string, DirectDeal>();
  private state: LedgerState | undefined;

  /** The slot's locks and readings are in the ledger: who came first is served first. */
  start(state: LedgerState, slot: number): void {
    this.state = state;
    const locks = [...state.locks.values()].filter((lock) => lock.slot === slot && lock.offer);
    locks.sort((a, b) => a.tMs - b.tMs || (a.reserve < b.reserve ? -1 : 1));
    const leftWh = new Map<string, number>();
    const left = (node: string, netMwh: bigint): number =>
      leftWh.get(node) ?? (netMwh > 0n ? whFloor(netMwh) : 0);
    for (const lock of locks) {
      const offer = state.offers.peek(lock.offer!)!;
      const { seller } = offer;
      const { reserve, node: buyer } = lock;
      const toSellWh = left(seller, -netOf(state, seller, slot));
      const toBuyWh = left(buyer, netOf(state, buyer, slot));
      const dueWh = Math.min(lock.leftWh, toSellWh);
      leftWh.set(seller, toSellWh - dueWh);
      const answerable = dueWh <= toBuyWh;
      if (answerable) leftWh.set(buyer, toBuyWh - dueWh);
      const none = { sold: undefined, bought: undefined };
      this.byReserve.set(reserve, {
        reserve,
        seller,
        buyer,
        dueWh,
        answerable,
        ...none,
        lock,
        offer,
      });
    }
  }

  /** A SOLD or BOUGHT of the slot. True where it answers a deal. */
  heard({ txid, body }: Tx): boolean {
    const id = toHex(txid);
    const from = toHex(body.from);
    let fits = false;
    for (const { to, ref, qtyWh, ecashMicro } of body.legs) {
      if (!to || !ref) continue;
      const said = { id, height: body.seq };
      if (body.type === TxType.sold) {
        const deal = this.byReserve.get(toHex(ref));
        if (!deal || deal.sold || deal.seller !== from || deal.buyer !== toHex(to)) continue;
        const lock = this.state?.locks.peek(deal.reserve) ?? deal.lock;
        if (qtyWh === 0 || qtyWh > lock.leftWh) continue;
        if (ecashMicro !== offerMicro(deal.offer, qtyWh)) continue;
        deal.sold = { ...said, qtyWh };
        fits = true;
        continue;
      }
      for (const deal of this.byReserve.values())
        if (deal.sold?.id === toHex(ref) && deal.buyer === from && deal.sold.qtyWh === qtyWh)
          deal.bought ??= said;
    }
    return fits;
  }

  /** A block rejected the transaction `id`. */
  unheard(id: string): void {
    for (const deal of this.byReserve.values()) {
      if (deal.bought?.id === id) deal.bought = undefined;
      if (deal.sold?.id === id) deal.sold = deal.bought = undefined;
    }
  }

  /** The price of the deal of this RESERVE, µc/kWh; undefined: it is none. */
  priceOf(reserve: string): number | undefined {
    const deal = this.byReserve.get(reserve);
    return deal && offerPriceMicro(deal.offer);
  }

  /** Those that were answered, for drawing both chains. */
  get answered(): DirectDeal[] {
    return [...this.byReserve.values()].filter(({ sold }) => sold);
  }

  /** Who is waited for: sellers, and buyers that were sold what they imported. */
  missing(): Set<string> {
    const missing = new Set<string>();
    for (const { dueWh, answerable, sold, bought, seller, buyer } of this.byReserve.values()) {
      if (dueWh > 0 && !sold) missing.add(seller);
      if (sold && answerable && sold.qtyWh <= dueWh && !bought) missing.add(buyer);
    }
    return missing;
  }
}

/** What a member took from the grid in `slot` less what it gave, mWh; 0 where it is not known. */
function netOf(state: LedgerState, node: string, slot: number): bigint {
  const account = state.accountOf(node);
  if (account.boundary !== slot + 1 || account.previousBoundary !== slot) return 0n;
  const importMwh = account.importMwh - account.previousImportMwh;
  return importMwh - (account.exportMwh - account.previousExportMwh);
}
