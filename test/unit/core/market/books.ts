// SPDX-License-Identifier: Apache-2.0
/** Random books for the properties of the market, and a reference that trades Wh by Wh. */
import fc from "fast-check";
import { bandPrice } from "#core/market/price";
import type { Clearing, MarketOrder, MarketRule } from "#core/market/types";

/** A 32-byte key that begins with `head`; for tests only, real keys are hashes. */
export function key(head: number): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, head);
  return bytes;
}

export function order(
  head: number,
  side: "bid" | "offer",
  qtyWh: number,
  priceMicroPerKwh: number,
  owner = `${side === "bid" ? "b" : "a"}${head}`,
): MarketOrder {
  return { key: key(head), owner, side, qtyWh, priceMicroPerKwh };
}

export const RULE: MarketRule = {
  pricing: "uniform",
  kPermille: 500,
  floorMicroPerKwh: 80_000,
  ceilingMicroPerKwh: 300_000,
};

/** Few different prices, so that levels are shared; quantities of up to `maxWh`. */
export function arbBook(maxWh = 12, maxOrders = 12): fc.Arbitrary<MarketOrder[]> {
  const one = fc.record({
    head: fc.nat(0xffffffff),
    bid: fc.boolean(),
    owner: fc.nat(5),
    qtyWh: fc.integer({ min: 1, max: maxWh }),
    price: fc.integer({ min: 0, max: 7 }),
  });
  return fc
    .uniqueArray(one, { maxLength: maxOrders, selector: (entry) => entry.head })
    .map((list) =>
      list.map((e) =>
        order(e.head, e.bid ? "bid" : "offer", e.qtyWh, e.price, `${e.bid ? "b" : "a"}${e.owner}`),
      ),
    );
}

/** Bands within and around the prices of `arbBook`, so that some orders are clamped or excluded. */
export const arbRule: fc.Arbitrary<MarketRule> = fc
  .tuple(fc.boolean(), fc.nat(1000), fc.nat(6), fc.nat(6))
  .map(([uniform, kPermille, floor, width]) => ({
    pricing: uniform ? "uniform" : "pay-as-bid",
    kPermille,
    floorMicroPerKwh: floor,
    ceilingMicroPerKwh: floor + width,
  }));

/** Wh that `orders[index]` got. */
export function fillOf(clearing: Clearing, index: number): number {
  return clearing.fills.find((fill) => fill.index === index)?.fillWh ?? 0;
}

/** Sum of the fills of one side, Wh. */
export function filledWh(orders: MarketOrder[], clearing: Clearing, side: "bid" | "offer"): number {
  let sum = 0;
  for (const fill of clearing.fills) if (orders[fill.index].side === side) sum += fill.fillWh;
  return sum;
}

/** The price of each single Wh of one side, best first. */
function unitPrices(orders: MarketOrder[], rule: MarketRule, side: "bid" | "offer"): number[] {
  const prices: number[] = [];
  for (const o of orders) {
    const price = o.side === side ? bandPrice(o, rule) : undefined;
    if (price !== undefined) for (let i = 0; i < o.qtyWh; i++) prices.push(price);
  }
  return prices.sort((a, b) => (side === "bid" ? b - a : a - b));
}

/** Q and the prices of the Q-th Wh of both sides, by trying every Wh. */
export function byUnits(
  orders: MarketOrder[],
  rule: MarketRule,
): { tradedWh: number; bid: number | null; offer: number | null } {
  const bids = unitPrices(orders, rule, "bid");
  const offers = unitPrices(orders, rule, "offer");
  let tradedWh = 0;
  for (let q = 1; q <= Math.min(bids.length, offers.length); q++) {
    if (bids[q - 1] >= offers[q - 1]) tradedWh = q;
  }
  if (tradedWh === 0) return { tradedWh, bid: null, offer: null };
  return { tradedWh, bid: bids[tradedWh - 1], offer: offers[tradedWh - 1] };
}
