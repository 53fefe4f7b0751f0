// SPDX-License-Identifier: Apache-2.0
/**
 * What a node hears of direct trade (ledger 4.6; paper 2, IV-H): offers that it may take, who takes its own,
 * and what was sold to it. In memory only: after a restart what was locked for a deal unlocks with its slot.
 * Everything that comes here was checked: author, tokens, parents.
 */
import { bytesEqual, compareBytes, toHex } from "#core/codec/bytes";
import { LEGS_MAX, OFFERS_HEARD_MAX } from "#core/limits";
import { offerMicro, offerPriceMicro } from "#core/market/offer";
import { type Tx, TxType } from "#core/records/tx";

/** Slots back that still settle. */
const KEPT = 2;

/** An OFFER that this node heard. */
export interface HeardOffer {
  readonly txid: Uint8Array;
  readonly seller: Uint8Array;
  readonly slot: number;
  readonly qtyWh: number;
  readonly ecashMicro: number;
  readonly expiryMs: number;
  /** What the RESERVEs that were heard leave of it, Wh. */
  leftWh: number;
}

/** A RESERVE that takes an offer of this node. */
export interface Taken {
  readonly txid: Uint8Array;
  readonly buyer: Uint8Array;
  readonly qtyWh: number;
  readonly tMs: number;
}

/** A SOLD leg to this node. */
export interface DirectSold {
  readonly txid: Uint8Array;
  readonly seller: Uint8Array;
  readonly qtyWh: number;
  readonly ecashMicro: number;
  readonly tMs: number;
}

export class Offers {
  private readonly node: Uint8Array;
  private readonly offers: HeardOffer[] = [];
  /** RESERVEs by the id of this node's offer, and SOLDs by the id of its RESERVE (hex). */
  private readonly taken = new Map<string, { slot: number; by: Taken[] }>();
  private readonly solds = new Map<string, DirectSold & { slot: number }>();

  constructor(node: Uint8Array) {
    this.node = node;
  }

  /** A transaction with effective time `tMs`. True where a deal of this node can go on with it. */
  heard({ txid, body }: Pick<Tx, "txid" | "body">, tMs: number): boolean {
    const [leg] = body.legs;
    if (!leg) return false;
    if (body.type === TxType.offer) this.offered(txid, body, leg);
    else if (body.type === TxType.reserve && leg.ref) this.reserved(txid, body, tMs);
    else if (body.type === TxType.sold) return this.sold(txid, body, tMs);
    return false;
  }

  /**
   * The closest offer for `slot` (paper 2, IV-H): of those not dearer than `maxMicro` the one whose energy is
   * nearest to `needWh`, then the cheapest, then the one with the lowest id.
   */
  closest(slot: number, needWh: number, maxMicro: number, nowMs: number): HeardOffer | undefined {
    let best: HeardOffer | undefined;
    for (const offer of this.offers) {
      if (offer.slot !== slot || offer.leftWh === 0 || nowMs >= offer.expiryMs) continue;
      if (bytesEqual(offer.seller, this.node) || offerPriceMicro(offer) > maxMicro) continue;
      if (!best || nearer(offer, best, needWh)) best = offer;
    }
    return best;
  }

  find(txid: Uint8Array): HeardOffer | undefined {
    return this.offers.find((offer) => bytesEqual(offer.txid, txid));
  }

  /** Who takes this node's offer `txid`, as far as it reaches, in the order in which blocks execute it. */
  takers(txid: Uint8Array): Taken[] {
    let leftWh = this.find(txid)?.qtyWh ?? 0;
    const buyers = new Set<string>();
    return (this.taken.get(toHex(txid))?.by ?? []).filter(({ buyer, qtyWh }) => {
      if (qtyWh > leftWh || buyers.has(toHex(buyer))) return false;
      buyers.add(toHex(buyer));
      leftWh -= qtyWh;
      return true;
    });
  }

  /** What was sold to this node against its RESERVE `txid`. */
  soldFor(txid: Uint8Array): DirectSold | undefined {
    return this.solds.get(toHex(txid));
  }

  forget(slot: number): void {
    const upTo = slot - KEPT;
    for (let i = this.offers.length - 1; i >= 0; i--)
      if (this.offers[i].slot <= upTo) this.offers.splice(i, 1);
    for (const [key, { slot: of }] of this.taken) if (of <= upTo) this.taken.delete(key);
    for (const [key, { slot: of }] of this.solds) if (of <= upTo) this.solds.delete(key);
  }

  private offered(txid: Uint8Array, body: Tx["body"], leg: Tx["body"]["legs"][number]): void {
    const { qtyWh, ecashMicro } = leg;
    if (body.legs.length !== 1 || leg.to || qtyWh === 0 || this.find(txid)) return;
    const { from, slot, expiryMs } = body;
    const seller = from.slice(); // a view would keep the whole message, here and below
    this.offers.push({ txid, seller, slot, qtyWh, ecashMicro, expiryMs, leftWh: qtyWh });
    if (this.offers.length <= OFFERS_HEARD_MAX) return;
    const oldest = this.offers.findIndex((offer) => !bytesEqual(offer.seller, this.node));
    this.offers.splice(Math.max(0, oldest), 1);
  }

  /** The ledger's rules as far as a node can tell; whether the buyer has the coins a block says. */
  private reserved(txid: Uint8Array, body: Tx["body"], tMs: number): void {
    const [{ to, ref, qtyWh, ecashMicro }] = body.legs;
    const offer = ref && this.find(ref);
    if (!offer || !to || !bytesEqual(to, offer.seller) || body.slot !== offer.slot) return;
    if (qtyWh === 0 || tMs >= offer.expiryMs) return;
    if (ecashMicro < offerMicro(offer, qtyWh)) return;
    if (qtyWh <= offer.leftWh) offer.leftWh -= qtyWh;
    if (!bytesEqual(to, this.node)) return;
    const key = toHex(offer.txid);
    const by: Taken[] = this.taken.get(key)?.by ?? [];
    if (by.length >= LEGS_MAX) return;
    by.push({ txid, buyer: body.from.slice(), qtyWh, tMs });
    by.sort((a, b) => a.tMs - b.tMs || compareBytes(a.txid, b.txid));
    this.taken.set(key, { slot: offer.slot, by });
  }

  private sold(txid: Uint8Array, { legs, from, slot }: Tx["body"], tMs: number): boolean {
    const leg = legs.find(({ to }) => to && bytesEqual(to, this.node));
    if (!leg?.ref || this.solds.size >= OFFERS_HEARD_MAX) return false;
    const { qtyWh, ecashMicro } = leg;
    const seller = from.slice();
    this.solds.set(toHex(leg.ref), { txid, seller, slot, qtyWh, ecashMicro, tMs });
    return true;
  }
}

function nearer(a: HeardOffer, b: HeardOffer, needWh: number): boolean {
  const apart = Math.abs(a.leftWh - needWh) - Math.abs(b.leftWh - needWh);
  const dearer = offerPriceMicro(a) - offerPriceMicro(b);
  return (apart || dearer || compareBytes(a.txid, b.txid)) < 0;
}
