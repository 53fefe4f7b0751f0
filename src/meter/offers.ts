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
/** Offers are about as near where their distance differs by less than this part of the need. */
const NEAR_PARTS = 4;

/** An OFFER that this node heard. */
export interface HeardOffer {
  readonly txid: Uint8Array;
  readonly seller: Uint8Array;
  readonly slot: number;
  readonly qtyWh: number;
  readonly ecashMicro: number;
  readonly expiryMs: number;
}

/** A RESERVE that takes an offer. */
export interface Taken {
  readonly txid: Uint8Array;
  readonly buyer: Uint8Array;
  readonly wallet: Uint8Array;
  readonly qtyWh: number;
  readonly ecashMicro: number;
  readonly tMs: number;
  /** Enough members held it valid, when that was asked last. */
  accepted: boolean;
}

/** A RESERVE of this node's, and whether blocks will take it, as far as is known by now. */
export interface OwnTaken {
  readonly offer: HeardOffer;
  readonly taken: Taken;
  readonly fits: boolean;
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
  /** RESERVEs by the id of their offer, and SOLDs by the id of this node's RESERVE (hex). */
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
    else if (body.type === TxType.reserve && leg.ref) return this.reserved(txid, body, tMs);
    else if (body.type === TxType.sold) return this.sold(txid, body, tMs);
    return false;
  }

  /**
   * The closest offer for `slot` (paper 2, IV-H), with what is left of it: of those not dearer than `maxMicro` the
   * one whose energy is nearest to `needWh`, then the cheapest. Offers about as near are spread over the buyers
   * by this node's id and the slot: else all who want the same would choose the same.
   */
  closest(
    slot: number,
    needWh: number,
    maxMicro: number,
    nowMs: number,
  ): { offer: HeardOffer; leftWh: number } | undefined {
    let best: { offer: HeardOffer; leftWh: number; apart: number } | undefined;
    for (const offer of this.offers) {
      if (offer.slot !== slot || nowMs >= offer.expiryMs) continue;
      if (bytesEqual(offer.seller, this.node) || offerPriceMicro(offer) > maxMicro) continue;
      if (this.own(slot).some(({ offer: other }) => bytesEqual(other.seller, offer.seller)))
        continue;
      const leftWh = this.leftOf(offer);
      if (leftWh === 0) continue;
      const apart = Math.floor((Math.abs(leftWh - needWh) * NEAR_PARTS) / needWh);
      if (best && this.order(offer, apart, best.offer, best.apart) > 0) continue;
      best = { offer, leftWh, apart };
    }
    return best;
  }

  private order(a: HeardOffer, aApart: number, b: HeardOffer, bApart: number): number {
    const dearer = offerPriceMicro(a) - offerPriceMicro(b);
    if (aApart !== bApart || dearer !== 0) return aApart - bApart || dearer;
    // Ids are hashes: with another node's id, or from another byte on, they are in another order.
    const { node } = this;
    for (let i = 0; i < node.length; i++) {
      const at = (a.slot + i) % node.length;
      const by = (a.txid[at] ^ node[at]) - (b.txid[at] ^ node[at]);
      if (by !== 0) return by;
    }
    return compareBytes(a.txid, b.txid);
  }

  /** What this node's RESERVEs for `slot` are, in the order in which they were heard. */
  own(slot: number): OwnTaken[] {
    const found: OwnTaken[] = [];
    for (const offer of this.offers) {
      if (offer.slot !== slot) continue;
      for (const taken of this.taken.get(toHex(offer.txid))?.by ?? [])
        if (bytesEqual(taken.buyer, this.node))
          found.push({ offer, taken, fits: this.takers(offer.txid).includes(taken) });
    }
    return found.sort((a, b) => a.taken.tMs - b.taken.tMs);
  }

  private leftOf(offer: HeardOffer): number {
    let leftWh = offer.qtyWh;
    for (const { qtyWh } of this.takers(offer.txid)) leftWh -= qtyWh;
    return leftWh;
  }

  find(txid: Uint8Array): HeardOffer | undefined {
    return this.offers.find((offer) => bytesEqual(offer.txid, txid));
  }

  /** Who takes the offer `txid`, as far as it reaches, in the order in which blocks execute it. */
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

  /** Keeps who was ACCEPTED, before votes on it are forgotten: a SOLD comes a slot later. */
  remember(isAccepted: (txid: Uint8Array) => boolean): void {
    for (const { by } of this.taken.values())
      for (const taken of by) taken.accepted ||= isAccepted(taken.txid);
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
    this.offers.push({ txid, seller, slot, qtyWh, ecashMicro, expiryMs });
    if (this.offers.length <= OFFERS_HEARD_MAX) return;
    const oldest = this.offers.findIndex((offer) => !bytesEqual(offer.seller, this.node));
    this.offers.splice(Math.max(0, oldest), 1);
  }

  /** The ledger's rules as far as a node can tell; whether the buyer has the coins a block says. */
  private reserved(txid: Uint8Array, body: Tx["body"], tMs: number): boolean {
    const [{ to, ref, qtyWh, ecashMicro, wallet }] = body.legs;
    const offer = ref && this.find(ref);
    if (!offer || !to || !bytesEqual(to, offer.seller) || body.slot !== offer.slot) return false;
    if (qtyWh === 0 || tMs >= offer.expiryMs) return false;
    if (ecashMicro < offerMicro(offer, qtyWh)) return false;
    const key = toHex(offer.txid);
    const by: Taken[] = this.taken.get(key)?.by ?? [];
    if (by.length >= LEGS_MAX || by.some((known) => bytesEqual(known.txid, txid))) return false;
    // As decoded they are views, which would keep the whole message.
    const names = { txid, buyer: body.from.slice(), wallet: wallet.slice() };
    by.push({ ...names, qtyWh, ecashMicro, tMs, accepted: false });
    by.sort((a, b) => a.tMs - b.tMs || compareBytes(a.txid, b.txid));
    this.taken.set(key, { slot: offer.slot, by });
    return by.some(({ buyer }) => bytesEqual(buyer, this.node));
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
