// SPDX-License-Identifier: Apache-2.0
/** What a part of an OFFER costs. An offer has one price for all of it: its price per Wh is a fraction. */
import { PRICE_MICRO_MAX } from "../limits.ts";
import { mulDivCeil, mulDivFloor } from "./exact.ts";

/** An OFFER's leg: energy, not 0, and the price for all of it. */
export interface OfferTerms {
  readonly qtyWh: number;
  readonly ecashMicro: number;
}

/** The payment for `qtyWh` of an offer, µc: rounded up once, as every leg is (ledger 4.6). */
export function offerMicro(offer: OfferTerms, qtyWh: number): number {
  return mulDivCeil(qtyWh, offer.ecashMicro, offer.qtyWh);
}

/** The offer's price, µc/kWh, rounded down: to compare and to show, never to pay by. */
export function offerPriceMicro(offer: OfferTerms): number {
  return Math.min(PRICE_MICRO_MAX, mulDivFloor(offer.ecashMicro, 1000, offer.qtyWh));
}
