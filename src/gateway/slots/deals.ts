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
  sold: (Said & { qtyWh: number }) | undefined;
  bought: Said | undefined;
  /** As they were when the slot was cleared. */
  readonly lock: Readonly<Lock>;
  readonly offer: Readonly<Offer>;
}

export class DirectDeals {
  private readonly byReserve = new Map<string, DirectDeal>();
  /** What each party took from the grid in the slot less what it gave, mWh. */
  private readonly netMwh = new Map<string, bigint>();
  private state: LedgerState | undefined;

  /** The slot's locks and readings are in the ledger. */
  start(state: LedgerState, slot: number): void {
    this.state = state;
    for (const lock of state.locks.values()) {
      if (lock.slot !== slot || !lock.offer) continue;
      const offer = state.offers.peek(lock.offer)!;
      const { seller } = offer;
      const { reserve, node: buyer } = lock;
      const none = { sold: undefined, bought: undefined };
      this.byReserve.set(reserve, { reserve, seller, buyer, ...none, lock, offer });
      for (const node of [seller, buyer]) this.netMwh.set(node, netOf(state, node, slot));
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

  /**
   * Who is waited for: sellers whose meter leaves energy for a taker, and buyers that were sold what theirs
   * leaves. In whatever order they speak, nobody is waited for who cannot agree.
   */
  missing(): Set<string> {
    const leftWh = new Map<string, number>();
    for (const [node, netMwh] of this.netMwh)
      leftWh.set(node, whFloor(netMwh < 0n ? -netMwh : netMwh));
    const take = (node: string, wh: number) => leftWh.set(node, leftWh.get(node)! - wh);
    for (const { sold, bought, seller, buyer } of this.byReserve.values()) {
      if (sold) take(seller, sold.qtyWh);
      if (sold && bought) take(buyer, sold.qtyWh);
    }
    const missing = new Set<string>();
    for (const { sold, bought, seller, buyer } of this.byReserve.values()) {
      const sells = (this.netMwh.get(seller) ?? 0n) < 0n && leftWh.get(seller)! > 0;
      if (!sold && sells) missing.add(seller);
      const buys = (this.netMwh.get(buyer) ?? 0n) > 0n;
      if (sold && !bought && buys && sold.qtyWh <= leftWh.get(buyer)!) missing.add(buyer);
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
