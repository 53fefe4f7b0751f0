// SPDX-License-Identifier: Apache-2.0
/** A slot's market as the auditor computes it from the orders in the log and its own ledger. */
import { compareBytes, fromHex, toHex } from "#core/codec/bytes";
import { WIRE } from "#core/errors/codes";
import { RESERVE_MARGIN_MICRO } from "#core/limits";
import { clear } from "#core/market/auction";
import { bookFault } from "#core/market/book";
import { ecashMicro, reserveMicro } from "#core/market/cost";
import { deliverPairs } from "#core/market/ex-ante";
import { matchPairs } from "#core/market/pairs";
import { pairPrice } from "#core/market/price";
import { guidedRule } from "#core/market/rule";
import type { MarketOrder, MarketRule, Pair } from "#core/market/types";
import { MarketPricing, type Notice } from "#core/records/notice";
import { Side } from "#core/records/order";
import { whFloor } from "#core/units/energy";
import type { PairEntry } from "../entries.ts";
import { netOf } from "./rules.ts";
import type { AuditOrder, AuditSlot, AuditState, Matched } from "./state.ts";

/** The rule that a notice announces for its slot, or with `ceilingMicro` for the one after it. */
export function baseRule(notice: Notice, ceilingMicro = notice.retailMicro): MarketRule {
  return {
    pricing: notice.pricing === MarketPricing.uniform ? "uniform" : "pay-as-bid",
    kPermille: notice.kPermille,
    floorMicroPerKwh: notice.feedInMicro,
    ceilingMicroPerKwh: ceilingMicro,
  };
}

/** The rule of a slot when it is cleared; undefined where its guidance is outside of the band. */
export function ruleOfSlot(run: AuditSlot): MarketRule | undefined {
  const base = baseRule(run.notice);
  if (!run.demand) return base;
  const { guidanceMicro } = run.demand;
  if (guidanceMicro < base.floorMicroPerKwh || guidanceMicro > base.ceilingMicroPerKwh)
    return undefined;
  return guidedRule(guidanceMicro, base);
}

/** Clears `slot` from every order that was admitted in time; a text says why that cannot be. */
export function matchSlot(state: AuditState, slot: number, rule: MarketRule): Matched | string {
  const admitted: AuditOrder[] = [];
  for (const { orders } of state.members.values()) {
    const order = orders.get(slot);
    if (order && order.order.side !== Side.idle) admitted.push(order);
  }
  admitted.sort((a, b) => compareBytes(a.id, b.id));
  const orders: AuditOrder[] = [];
  const excluded: Matched["excluded"] = [];
  for (const order of admitted) {
    if (isFunded(state, rule, order)) orders.push(order);
    else excluded.push({ order: order.id, code: WIRE.ORDER_NO_RESERVE });
  }
  const market = orders.map(marketOrder);
  const fault = bookFault(market, rule);
  if (fault !== "ok") return fault;
  const clearing = clear(market, rule);
  const pairs = matchPairs(market, clearing.fills);
  const matched: Matched = { orders, excluded, rule, clearing, pairs, entries: [] };
  matched.entries = pairs.map((pair) => contract(matched, pair, pair.qtyWh));
  return matched;
}

/** What an award settles after its slot: at most what both meters show. */
export function deliver(award: Matched, slot: number): Matched {
  const exportedWh = new Map<string, number>();
  const importedWh = new Map<string, number>();
  for (const { member } of award.orders) {
    const netMwh = netOf(member, slot) ?? 0n;
    if (netMwh < 0n) exportedWh.set(member.id, whFloor(-netMwh));
    else importedWh.set(member.id, whFloor(netMwh));
  }
  const settledWh = deliverPairs(award.pairs, exportedWh, importedWh);
  const entries = award.pairs
    .map((pair, i) => contract(award, pair, settledWh[i]))
    .filter((entry) => entry.qtyWh > 0);
  return { ...award, entries };
}

/** A bid is worth what its RESERVE holds, in energy and in coins; an offer needs none. */
function isFunded(state: AuditState, rule: MarketRule, { order }: AuditOrder): boolean {
  if (order.side !== Side.bid) return true;
  const lock = order.reserve && state.ledger.locks.get(toHex(order.reserve));
  if (!lock || lock.offer || lock.slot !== order.slot || lock.leftWh < order.qtyWh) return false;
  const capMicro = Math.min(order.priceMicro, rule.ceilingMicroPerKwh);
  return reserveMicro(order.qtyWh, capMicro, RESERVE_MARGIN_MICRO) <= lock.leftMicro;
}

function marketOrder({ member, order, id }: AuditOrder): MarketOrder {
  return {
    key: id,
    owner: member.id,
    side: order.side === Side.bid ? "bid" : "offer",
    qtyWh: order.qtyWh,
    priceMicroPerKwh: order.priceMicro,
  };
}

function contract(matched: Matched, pair: Pair, qtyWh: number): PairEntry {
  const offer = matched.orders[pair.offerIndex];
  const bid = matched.orders[pair.bidIndex];
  const { rule, clearing } = matched;
  const priceMicro = pairPrice(marketOrder(bid), marketOrder(offer), rule, clearing.summary);
  return {
    seller: fromHex(pair.seller)!,
    buyer: fromHex(pair.buyer)!,
    reserve: bid.order.reserve!,
    qtyWh,
    priceMicro,
    ecashMicro: ecashMicro(qtyWh, priceMicro),
  };
}
