// SPDX-License-Identifier: Apache-2.0
/**
 * Checks the market rule against clearing.json. Imports nothing of Node, so that the same function
 * runs in a bundle on the XS engine.
 */
import { fromHex, toHex } from "#core/codec/bytes";
import { clear } from "#core/market/auction";
import { checkFill, checkPairPrice } from "#core/market/check";
import { ecashMicro } from "#core/market/cost";
import { clearGuided } from "#core/market/guided";
import { matchPairs } from "#core/market/pairs";
import { pairPrice } from "#core/market/price";
import { guidedRule } from "#core/market/rule";
import { sameSummary } from "#core/market/summary";
import type {
  Clearing,
  ClearingSummary,
  MarketOrder,
  MarketRule,
  SideSummary,
} from "#core/market/types";

/** An order or a threshold as JSON has it: the key in hex. */
type Hexed<T> = Omit<T, "key"> & { key: string };
type SideJson = Omit<SideSummary, "threshold"> & {
  threshold: { remainder: number; key: string } | null;
};

/** One book with its result; `guidanceMicroPerKwh` is null for an auction. */
export interface ClearingVector {
  name: string;
  rule: MarketRule;
  guidanceMicroPerKwh: number | null;
  orders: Hexed<MarketOrder>[];
  summary: Omit<ClearingSummary, "bids" | "offers"> & { bids: SideJson; offers: SideJson };
  /** [order, Wh] by rising order. */
  fills: number[][];
  /** [offer, bid, Wh, µc/kWh, µc] in the order of the rule. */
  pairs: number[][];
}

function keyOf(hex: string): Uint8Array {
  const key = fromHex(hex);
  if (key === undefined) throw new Error(`not hex in a vector: ${hex.slice(0, 70)}`);
  return key;
}

/** The orders of a vector as the market takes them. */
export function ordersOf(vector: ClearingVector): MarketOrder[] {
  return vector.orders.map((order) => ({ ...order, key: keyOf(order.key) }));
}

function sideOf(side: SideJson): SideSummary {
  const { threshold } = side;
  if (threshold === null) return { ...side, threshold };
  return { ...side, threshold: { ...threshold, key: keyOf(threshold.key) } };
}

/** Each order's own check of the vector's summary and fill. */
function checkOrders(vector: ClearingVector, rule: MarketRule, summary: ClearingSummary): string[] {
  const faults: string[] = [];
  const fillsWh = new Map<number, number>();
  for (const [index, fillWh] of vector.fills) fillsWh.set(index, fillWh);
  ordersOf(vector).forEach((order, index) => {
    const verdict = checkFill(order, summary, rule, fillsWh.get(index) ?? 0);
    if (verdict !== "ok") faults.push(`order ${toHex(order.key)}: ${verdict}`);
  });
  return faults;
}

function checkPairs(vector: ClearingVector, rule: MarketRule, clearing: Clearing): string[] {
  const orders = ordersOf(vector);
  const faults: string[] = [];
  const pairs = matchPairs(orders, clearing.fills).map((pair) => {
    const bid = orders[pair.bidIndex];
    const offer = orders[pair.offerIndex];
    const price = pairPrice(bid, offer, rule, clearing.summary);
    const verdict = checkPairPrice(bid, offer, rule, clearing.summary, price);
    if (verdict !== "ok") faults.push(`pair: ${verdict}`);
    return [pair.offerIndex, pair.bidIndex, pair.qtyWh, price, ecashMicro(pair.qtyWh, price)];
  });
  if (JSON.stringify(pairs) !== JSON.stringify(vector.pairs)) {
    faults.push(`pairs ${JSON.stringify(pairs)}`);
  }
  return faults;
}

/** What differs, each with the name of its vector; empty is a pass. */
export function checkClearings(vectors: readonly ClearingVector[]): string[] {
  const faults: string[] = [];
  for (const vector of vectors) {
    const guidance = vector.guidanceMicroPerKwh;
    const rule = guidance === null ? vector.rule : guidedRule(guidance, vector.rule);
    const orders = ordersOf(vector);
    const clearing =
      guidance === null ? clear(orders, rule) : clearGuided(orders, guidance, vector.rule);
    const { bids, offers } = vector.summary;
    const summary = { ...vector.summary, bids: sideOf(bids), offers: sideOf(offers) };
    const found: string[] = [];
    if (!sameSummary(clearing.summary, summary)) found.push("summary");
    const fills = clearing.fills.map((fill) => [fill.index, fill.fillWh]);
    if (JSON.stringify(fills) !== JSON.stringify(vector.fills)) {
      found.push(`fills ${JSON.stringify(fills)}`);
    }
    found.push(...checkOrders(vector, rule, summary), ...checkPairs(vector, rule, clearing));
    for (const fault of found) faults.push(`${vector.name}: ${fault}`);
  }
  return faults;
}
