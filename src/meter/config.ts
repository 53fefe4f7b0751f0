// SPDX-License-Identifier: Apache-2.0
/** What a node is provisioned with. */
export interface NodeConfig {
  /** Network and area names. */
  net: string;
  area: string;
  /** A name for people: shown in monitors, unique in the area. */
  name: string;
  /** Ed25519 secret key, 32 bytes; made on the node, never leaves it. */
  secretKey: Uint8Array;
  /** Ed25519 public key of the gateway that the node trusts. */
  gatewayKey: Uint8Array;
  /**
   * Public keys of all gateways that share that one's ledger, its own too: the node goes from one to another
   * of these in the middle of a conversation.
   */
  gateways?: readonly Uint8Array[];
  /**
   * How many gateways share it, where `gateways` has not the keys of all: the node checks no certificates then,
   * and takes its gateway's word.
   */
  gatewayCount?: number;
  /** Changes of the consortium's gateways that had led to that list. Default 0: as it began. */
  gatewaysVersion?: number;
  /** Largest energy that the connection carries in one slot, either way, Wh. */
  capacityWh: number;
  /** Number of wallet addresses. */
  wallets: number;
  policy: TradePolicy;
  /** The authority's anchor key: the gateway has to have a certificate of it. */
  authority?: Uint8Array;
  /** What a request for a certificate says; without it the node asks for none. */
  enrolment?: EnrolmentConfig;
  /** Of a node with a battery that it commands: a vehicle, or one that stays where it is. */
  vehicle?: VehicleConfig;
}

export interface VehicleConfig {
  /** Id (hex) of the charging station whose connection it uses; undefined: it has its own. */
  station?: string;
  capacityWh: number;
  /** Never sold, Wh. */
  reserveWh: number;
  /** At the meter. 0 for `dischargeW`: it feeds nothing back. */
  chargeW: number;
  dischargeW: number;
  /** Of one way, 1 to 1000. */
  efficiencyPermille: number;
  /** Most that it pays for energy beyond its need, least that it takes for what it sells, µc/kWh. */
  bidMicro: number;
  offerMicro: number;
}

export interface EnrolmentConfig {
  /** What is written on the meter. */
  meter: string;
  /** Rating of the connection, W. */
  connectionW: number;
  /** XXXX-XXXX; "" where the node is claimed already. */
  claim: string;
}

/** How a node prices its orders. By default bids are at retail and offers at feed-in. */
export interface TradePolicy {
  /** Highest price paid, µc/kWh; undefined: the slot's retail price. */
  bidMicro?: number;
  /** Lowest price taken, µc/kWh; undefined: the feed-in price. */
  offerMicro?: number;
  /** A node that does not trade meters only. */
  trade: boolean;
  /**
   * Which transactions it checks and votes for: `all` of its area, or its `own`, with those of its
   * counterparties: what a chip without crypto in C has time for. Default all.
   */
  follow?: "all" | "own";
  /**
   * Trades by OFFER with whom it likes, and not in the gateway's market: needs proof-of-time, and `all` to be
   * followed. Default: the market.
   */
  direct?: boolean;
  /** Borrows of its gateway's bank; without it never. */
  credit?: CreditPolicy;
}

/** When a node borrows, on what terms at most, and when it repays. */
export interface CreditPolicy {
  /** `need`: short of coins for a slot and the next; `always`: whenever it has no loan. */
  borrow: "need" | "always";
  /** Most in one loan, µc, and the highest penalty rate, ppm of the loan. */
  capMicro: number;
  alphaMaxPpm: number;
  /** `income`: from what is left over, and all that there is once the token's time is over; `never`: not at all. */
  repay: "income" | "never";
}

/** Five coins, and at most a third more when it is late. */
export const CREDIT_NEED: CreditPolicy = Object.freeze({
  borrow: "need",
  capMicro: 5_000_000,
  alphaMaxPpm: 350_000,
  repay: "income",
});

export const DEFAULT_POLICY: TradePolicy = Object.freeze({ trade: true });
