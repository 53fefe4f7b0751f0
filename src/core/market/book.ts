// SPDX-License-Identifier: Apache-2.0
/**
 * What a book of orders must satisfy before it is cleared. Whoever takes a book from outside (the
 * gateway's intake, the offline verifier) asks `bookFault` first; the market only asserts it.
 */
import { compareBytes } from "../codec/bytes.ts";
import { PRICE_MICRO_MAX, PROOF_MAX, QTY_WH_MAX } from "../limits.ts";
import { isCount } from "./exact.ts";
import type { MarketOrder, MarketRule } from "./types.ts";

/** Orders in one slot: as many as a proof of inclusion reaches; keeps totals below 2^53 Wh. */
export const BOOK_ORDERS_MAX: number = 2 ** PROOF_MAX;
/** Bytes of an order's key (SHA-256). */
export const ORDER_KEY_BYTES = 32;

/** Why a book cannot be cleared. */
export const BOOK_FAULTS = Object.freeze({
  RULE_INVALID: "k is not within 0 … 1000 permille, or floor ≤ ceiling does not hold",
  ORDER_INVALID: "an order has a key, owner, side, quantity or price out of range",
  ORDER_REPEATED: "two orders have the same key",
  OWNER_ON_BOTH_SIDES: "a node bids and offers in one slot, so that it could trade with itself",
  BOOK_TOO_LARGE: "more orders than a slot may have",
});
export type BookFault = keyof typeof BOOK_FAULTS;

/** Whether `rule` is one that the market can apply. */
export function isRule(rule: MarketRule): boolean {
  const { pricing, kPermille, floorMicroPerKwh, ceilingMicroPerKwh } = rule;
  if (pricing !== "uniform" && pricing !== "pay-as-bid") return false;
  if (!isCount(kPermille) || kPermille > 1000) return false;
  if (!isCount(floorMicroPerKwh) || !isCount(ceilingMicroPerKwh)) return false;
  return floorMicroPerKwh <= ceilingMicroPerKwh && ceilingMicroPerKwh <= PRICE_MICRO_MAX;
}

/** Whether `order` is in range by itself. */
export function isOrder(order: MarketOrder): boolean {
  if (order.key.length !== ORDER_KEY_BYTES || order.owner.length === 0) return false;
  if (order.side !== "bid" && order.side !== "offer") return false;
  if (!isCount(order.qtyWh) || order.qtyWh < 1 || order.qtyWh > QTY_WH_MAX) return false;
  return isCount(order.priceMicroPerKwh) && order.priceMicroPerKwh <= PRICE_MICRO_MAX;
}

/** One reason why `orders` cannot be cleared under `rule`, or "ok". */
export function bookFault(orders: readonly MarketOrder[], rule: MarketRule): BookFault | "ok" {
  if (!isRule(rule)) return "RULE_INVALID";
  if (orders.length > BOOK_ORDERS_MAX) return "BOOK_TOO_LARGE";
  const sides = new Map<string, string>();
  let bothSides = false;
  for (const order of orders) {
    if (!isOrder(order)) return "ORDER_INVALID";
    const side = sides.get(order.owner);
    if (side === undefined) sides.set(order.owner, order.side);
    else if (side !== order.side) bothSides = true;
  }
  const keys = orders.map((order) => order.key).sort(compareBytes);
  for (let i = 1; i < keys.length; i++) {
    if (compareBytes(keys[i - 1], keys[i]) === 0) return "ORDER_REPEATED";
  }
  return bothSides ? "OWNER_ON_BOTH_SIDES" : "ok";
}
