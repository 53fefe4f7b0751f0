// SPDX-License-Identifier: Apache-2.0
/**
 * What the market rule reads and what it publishes. Energy is in whole Wh, prices in µc per kWh;
 * every number is a non-negative safe integer. `null` stands where a clearing has no such value (no
 * trade, say).
 */

/** One admitted order of a slot. The intake has checked its signature and funds before. */
export interface MarketOrder {
  /** The 32-byte hash of the signed order: its identity, and what breaks ties. */
  key: Uint8Array;
  /** Node id, lower-case hex. */
  owner: string;
  side: "bid" | "offer";
  /** 1 … QTY_WH_MAX. */
  qtyWh: number;
  /** The bidder's highest or the offerer's lowest price, 0 … PRICE_MICRO_MAX. */
  priceMicroPerKwh: number;
}

/**
 * What an area agreed on before the slot. A node judges a clearing by its own copy, never by a
 * received one.
 */
export interface MarketRule {
  /**
   * `uniform`: one price for all. `pay-as-bid`: each pair at the point k between its own two
   * prices.
   */
  pricing: "uniform" | "pay-as-bid";
  /**
   * k in permille: the share of the surplus at the margin that sellers get; 500 is the midpoint.
   */
  kPermille: number;
  /** The feed-in price: nobody needs to sell for less. */
  floorMicroPerKwh: number;
  /** The retail price: nobody needs to pay more. */
  ceilingMicroPerKwh: number;
}

/** How much of `orders[index]` traded: 1 Wh … its quantity. */
export interface Fill {
  index: number;
  fillWh: number;
}

/**
 * The last order of a level, by falling remainder and then rising key, that got one of the Wh left
 * over.
 */
export interface Threshold {
  /** qty·available mod levelTotal of that order, in units of 1/levelTotal Wh; never 0. */
  remainder: number;
  key: Uint8Array;
}

/** One side of a clearing, as far as an order of that side needs it to compute its own fill. */
export interface SideSummary {
  /** Quantity of all orders that take part (those that the band excludes do not). */
  totalWh: number;
  /**
   * Price of the marginal order, and so of the whole level that it stands in; null without trade.
   */
  levelPriceMicroPerKwh: number | null;
  /** Quantity of all orders at the level price; 0 without trade. */
  levelTotalWh: number;
  /** What the level trades in all: Q less the better orders, 1 … levelTotalWh; 0 without trade. */
  levelAvailableWh: number;
  /**
   * Best price at which something is left untraded (the level price if it is rationed); null if
   * nothing is.
   */
  nextPriceMicroPerKwh: number | null;
  /** null where the level divides without remainder. */
  threshold: Threshold | null;
}

/**
 * The published result: with it each node can check its own fill and price without seeing the book.
 */
export interface ClearingSummary {
  /** Q: what bids buy and offers sell. */
  tradedWh: number;
  /** The uniform price, or under pay-as-bid a reference that nobody pays; null without trade. */
  priceMicroPerKwh: number | null;
  bids: SideSummary;
  offers: SideSummary;
}

/** A clearing as the gateway holds it; `fills` has each order that traded, by rising index. */
export interface Clearing {
  summary: ClearingSummary;
  fills: Fill[];
}

/** A contract to be: `qtyWh` from `orders[offerIndex]` to `orders[bidIndex]`. */
export interface Pair {
  seller: string;
  buyer: string;
  offerIndex: number;
  bidIndex: number;
  qtyWh: number;
}
