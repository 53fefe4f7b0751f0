// SPDX-License-Identifier: Apache-2.0
/**
 * Making a clearing: from the orders of a slot to the published record and its contracts. A pure function of
 * the area's state and the time stamp, so that a restart makes the very same bytes again.
 */
import { toHex } from "#core/codec/bytes";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import { guidedRule } from "#core/market/rule";
import type { Clearing, MarketRule, Pair } from "#core/market/types";
import { type ClearingRecord, clearingRecord, summaryToWire } from "#core/records/clearing";
import { type Contract, ContractStage, contractRecord } from "#core/records/contract";
import { whFloor } from "#core/units/energy";
import type { Area } from "../area.ts";
import type { PairEntry } from "../entries.ts";
import {
  type Book,
  type BookOrder,
  clearBook,
  deliverBook,
  makeBook,
  pairRootOf,
} from "../market/book.ts";
import { contractsOf } from "../market/contracts.ts";
import type { Session } from "../session.ts";
import type { SlotRun } from "./run.ts";

export interface MadeClearing {
  bytes: Uint8Array;
  id: Uint8Array;
  /** Its id in the ledger. */
  event: Uint8Array;
  book: Book;
  rule: MarketRule;
  clearing: Clearing;
  pairs: Pair[];
  entries: PairEntry[];
  contracts: { contract: Contract; bytes: Uint8Array }[];
}

/** The rule of a slot before any guidance: between feed-in and retail price. */
export function baseRule(area: Area, slot: number): MarketRule {
  const { tariff } = area.ports;
  const { pricing, kPermille } = area.options.market;
  return {
    pricing,
    kPermille,
    floorMicroPerKwh: tariff.feedInMicro,
    ceilingMicroPerKwh: Math.max(tariff.feedInMicro, tariff.retailMicro(slot)),
  };
}

/** Clears slot `slot` from its orders. `award`: before the slot, from forecasts. */
export function makeClearing(
  area: Area,
  slot: number,
  guidanceMicro: number | undefined,
  award: boolean,
  atMs: number,
): MadeClearing {
  const base = baseRule(area, slot);
  const rule = guidanceMicro === undefined ? base : guidedRule(guidanceMicro, base);
  const taken: BookOrder[] = [];
  for (const session of area.sessions.values()) {
    const order = session.orders.get(slot);
    if (order) taken.push({ session, taken: order });
  }
  const book = makeBook(area.ports.crypto, area.chain.state, rule, taken);
  const { clearing, pairs, entries } = clearBook(book, rule);
  return publishable(area, slot, award, atMs, { book, rule, clearing, pairs, entries });
}

/** After the slot: what an award settles, by both meters. */
export function makeDelivery(area: Area, run: SlotRun, atMs: number): MadeClearing {
  const { book, rule, clearing, pairs } = run.award!;
  const delivered = new Map<string, number>();
  const consumed = new Map<string, number>();
  for (const { session } of book.orders) {
    const netMwh = netOf(session, run.slot);
    if (netMwh < 0n) delivered.set(session.id, whFloor(-netMwh));
    if (netMwh > 0n) consumed.set(session.id, whFloor(netMwh));
  }
  const entries = deliverBook(book, rule, clearing, pairs, delivered, consumed);
  return publishable(area, run.slot, false, atMs, { book, rule, clearing, pairs, entries });
}

/** Import less export of a slot by signed readings at both its ends, mWh; 0 without them. */
function netOf(session: Session, slot: number): bigint {
  const { reading, previous } = session;
  if (reading?.boundary !== slot + 1 || previous?.boundary !== slot) return 0n;
  return reading.importMwh - previous.importMwh - (reading.exportMwh - previous.exportMwh);
}

/** A clearing's id in a ledger of several gateways, each of which makes and signs it for itself. */
export function clearingEvent(crypto: Crypto, clearing: ClearingRecord): Uint8Array {
  const gateway = new Uint8Array(clearing.gateway.length);
  return domainHash(
    crypto,
    "wattle/common-clearing/1",
    clearingRecord.encode({ ...clearing, gateway }),
  );
}

type Matched = Pick<MadeClearing, "book" | "rule" | "clearing" | "pairs" | "entries">;

function publishable(
  area: Area,
  slot: number,
  award: boolean,
  atMs: number,
  matched: Matched,
): MadeClearing {
  const { book, rule, clearing, entries } = matched;
  const stage = award ? ContractStage.award : ContractStage.final;
  const record = {
    net: area.options.net,
    gateway: area.idBytes,
    slot,
    stage,
    pricing: rule.pricing === "uniform" ? 0 : 1,
    kPermille: rule.kPermille,
    floorMicro: rule.floorMicroPerKwh,
    ceilingMicro: rule.ceilingMicroPerKwh,
    orderRoot: book.root,
    orders: book.orders.length,
    ...summaryToWire(clearing.summary),
    pairRoot: pairRootOf(area.ports.crypto, entries),
    pairs: entries.length,
    excluded: book.excluded,
    atMs,
  };
  const { bytes, id } = area.sign(clearingRecord, record);
  const event = area.shared ? clearingEvent(area.ports.crypto, record) : id;
  const fills = new Map(clearing.fills.map(({ index, fillWh }) => [index, fillWh]));
  const { net } = area.options;
  const frame = { net, gateway: area.idBytes, slot, stage, clearing: id, atMs };
  const { state } = area.chain;
  const contracts = contractsOf(frame, book, fills, entries, state, area.sessions).map(
    (contract) => ({ contract, bytes: area.sign(contractRecord, contract).bytes }),
  );
  return { bytes, id, event, ...matched, contracts };
}

/** The contracts of a clearing as the ledger enters them. */
export function ledgerPairs(slot: number, entries: readonly PairEntry[]) {
  return entries.map((entry) => ({
    slot,
    seller: toHex(entry.seller),
    buyer: toHex(entry.buyer),
    reserve: toHex(entry.reserve),
    qtyWh: entry.qtyWh,
    priceMicro: entry.priceMicro,
    ecashMicro: entry.ecashMicro,
    state: "open" as const,
  }));
}
