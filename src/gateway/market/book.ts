// SPDX-License-Identifier: Apache-2.0
/** The order book of one slot: which orders are admitted, who is matched with whom, and what is published. */
import { compareBytes, fromHex, toHex } from "#core/codec/bytes";
import { encodeCbor } from "#core/codec/cbor";
import { merkleProofs, merkleRoot } from "#core/crypto/merkle";
import type { Crypto } from "#core/crypto/port";
import { type Code, WIRE } from "#core/errors/codes";
import type { LedgerState } from "#core/ledger/state";
import { RESERVE_MARGIN_MICRO } from "#core/limits";
import { clear } from "#core/market/auction";
import { ecashMicro, reserveMicro } from "#core/market/cost";
import { deliverPairs } from "#core/market/ex-ante";
import { matchPairs } from "#core/market/pairs";
import { pairPrice } from "#core/market/price";
import type { Clearing, MarketOrder, MarketRule, Pair } from "#core/market/types";
import { Side } from "#core/records/order";
import { type PairEntry, pairStruct } from "../entries.ts";
import type { Session, TakenOrder } from "../session.ts";

/** An admitted order with the session that sent it. */
export interface BookOrder {
  session: Session;
  taken: TakenOrder;
}

export interface Book {
  /** By rising id. */
  orders: BookOrder[];
  market: MarketOrder[];
  root: Uint8Array;
  proofs: Uint8Array[][];
  excluded: { order: Uint8Array; code: number }[];
}

/** Orders by id; bids that their RESERVE does not cover are excluded and listed. */
export function makeBook(
  crypto: Crypto,
  state: LedgerState,
  rule: MarketRule,
  taken: BookOrder[],
): Book {
  const orders: BookOrder[] = [];
  const excluded: Book["excluded"] = [];
  const sorted = taken
    .filter((entry) => entry.taken.order.side !== Side.idle)
    .sort((a, b) => compareBytes(a.taken.id, b.taken.id));
  for (const entry of sorted) {
    const code = fundingFault(state, rule, entry.taken);
    if (code) excluded.push({ order: entry.taken.id, code: WIRE[code] });
    else orders.push(entry);
  }
  const market = orders.map(({ session, taken: { order, id } }): MarketOrder => {
    const side = order.side === Side.bid ? "bid" : "offer";
    const { qtyWh, priceMicro } = order;
    return { key: id, owner: session.id, side, qtyWh, priceMicroPerKwh: priceMicro };
  });
  const { root, proofs } = merkleProofs(
    crypto,
    orders.map((entry) => entry.taken.id),
  );
  return { orders, market, root, proofs, excluded };
}

/** A bid is worth what its RESERVE holds: energy and coins, in the ledger as the last block left it. */
function fundingFault(state: LedgerState, rule: MarketRule, taken: TakenOrder): Code | undefined {
  const { order } = taken;
  if (order.side !== Side.bid) return undefined;
  const lock = order.reserve && state.locks.peek(toHex(order.reserve));
  if (!lock || lock.offer || lock.slot !== order.slot || lock.leftWh < order.qtyWh)
    return "ORDER_NO_RESERVE";
  const price = Math.min(order.priceMicro, rule.ceilingMicroPerKwh);
  const need = reserveMicro(order.qtyWh, price, RESERVE_MARGIN_MICRO);
  return need > lock.leftMicro ? "ORDER_NO_RESERVE" : undefined;
}

/** Clears the book and prices its pairs. */
export function clearBook(
  book: Book,
  rule: MarketRule,
): { clearing: Clearing; pairs: Pair[]; entries: PairEntry[] } {
  const clearing = clear(book.market, rule);
  const pairs = matchPairs(book.market, clearing.fills);
  const entries = pairs.map((pair) => priced(book, rule, clearing, pair, pair.qtyWh));
  return { clearing, pairs, entries };
}

/** What forecasts that were matched before the slot settle after it: at most what both meters show. */
export function deliverBook(
  book: Book,
  rule: MarketRule,
  clearing: Clearing,
  pairs: Pair[],
  delivered: ReadonlyMap<string, number>,
  consumed: ReadonlyMap<string, number>,
): PairEntry[] {
  const settledWh = deliverPairs(pairs, delivered, consumed);
  return pairs
    .map((pair, i) => priced(book, rule, clearing, pair, settledWh[i]))
    .filter((entry) => entry.qtyWh > 0);
}

function priced(
  book: Book,
  rule: MarketRule,
  clearing: Clearing,
  pair: Pair,
  qtyWh: number,
): PairEntry {
  const offer = book.market[pair.offerIndex];
  const bid = book.market[pair.bidIndex];
  const priceMicro = pairPrice(bid, offer, rule, clearing.summary);
  return {
    seller: fromHex(pair.seller)!,
    buyer: fromHex(pair.buyer)!,
    reserve: book.orders[pair.bidIndex].taken.order.reserve!,
    qtyWh,
    priceMicro,
    ecashMicro: ecashMicro(qtyWh, priceMicro),
  };
}

/** Merkle root over the contracts of a clearing. */
export function pairRootOf(crypto: Crypto, pairs: readonly PairEntry[]): Uint8Array {
  return merkleRoot(
    crypto,
    pairs.map((pair) => encodeCbor(pairStruct.encode(pair, "pair"))),
  );
}
