// SPDX-License-Identifier: Apache-2.0
/** One market slot from its notice to its settlement: what is still missing, and from whom. */
import { bytesEqual, toHex } from "#core/codec/bytes";
import type { Clearing, MarketRule, Pair } from "#core/market/types";
import type { Contract } from "#core/records/contract";
import type { Demand, Notice } from "#core/records/notice";
import { type Tx, TxType } from "#core/records/tx";
import type { PairEntry } from "../entries.ts";
import type { Book } from "../market/book.ts";
import type { Session } from "../session.ts";
import { DirectDeals } from "./deals.ts";

/** collect: readings and orders. settle: SOLD and BOUGHT. done: in a block. */
export type Phase = "collect" | "settle" | "done";

/** How far a contract has come as the gateway hears it; the block decides. */
interface Progress {
  entry: PairEntry;
  /** Ids of SOLDs that fit the contract (hex): a seller may say a bad one first; a block takes the other. */
  solds: Set<string>;
  /** Ids of BOUGHTs that fit one of these, with the SOLD's. */
  boughts: Map<string, string>;
}

export class SlotRun {
  readonly slot: number;
  readonly notice: Notice;
  /** Members whose part in this slot is waited for. */
  readonly expected: Set<string>;
  phase: Phase = "collect";
  demand: Demand | undefined;
  /** A forecast market's match, made before the slot. */
  award: { book: Book; rule: MarketRule; clearing: Clearing; pairs: Pair[] } | undefined;
  clearingBytes: Uint8Array | undefined;
  contracts: { contract: Contract; bytes: Uint8Array }[] = [];
  /** SOLDs to pass on (again) to their buyers. */
  readonly solds: Tx[] = [];
  readonly missed = new Set<string>();
  /** Of those the ones that were given up while contracts were settled. */
  private unanswered: readonly string[] = [];
  /** Contracts of the clearing; what blocks have paid of them, and what for. */
  pairs = 0;
  tradedWh = 0;
  paidMicro = 0;
  /** Nobody is waited for in this phase any more, but for votes. */
  ready = false;
  /** Real time at which this phase began to wait, ms. */
  phaseRealMs: number;
  /** What was dealt beside the market. */
  readonly deals = new DirectDeals();
  private readonly progress = new Map<string, Progress>();

  constructor(notice: Notice, expected: Set<string>, nowRealMs: number) {
    this.slot = notice.slot;
    this.notice = notice;
    this.expected = expected;
    this.phaseRealMs = nowRealMs;
  }

  /** Whether `session` has said all that this slot's market needs from it. */
  collected(session: Session, exAnte: boolean): boolean {
    if ((session.reading?.boundary ?? -1) <= this.slot) return false;
    return exAnte || session.orders.has(this.slot);
  }

  /** Guided market: whether only sellers' answers to the demand are missing. */
  waitsForSellers(session: Session): boolean {
    if (session.orders.has(this.slot)) return true;
    const { reading, previous } = session;
    if (reading?.boundary !== this.slot + 1 || previous?.boundary !== this.slot) return false;
    const imported = reading.importMwh - previous.importMwh;
    return reading.exportMwh - previous.exportMwh > imported;
  }

  /** The clearing is made: from here on its contracts are to be sold and bought. */
  startSettling(pairs: readonly PairEntry[], nowRealMs: number): void {
    this.phase = "settle";
    this.ready = false;
    this.phaseRealMs = nowRealMs;
    for (const pair of pairs) {
      const progress = { entry: pair, solds: new Set<string>(), boughts: new Map() };
      this.progress.set(keyOf(pair.seller, pair.buyer), progress);
    }
    this.pairs = this.progress.size;
  }

  /**
   * A SOLD or BOUGHT of this slot went into the DAG. Only what fits a contract counts: with other terms a
   * node could end the slot before its counterparty had its say, or have it listed as missing.
   */
  heard(tx: Tx): void {
    const { body } = tx;
    const sold = body.type === TxType.sold;
    if (!sold && body.type !== TxType.bought) return;
    const id = toHex(tx.txid);
    let fits = this.deals.heard(tx);
    for (const leg of body.legs) {
      if (!leg.to || !leg.ref) continue;
      const pair = this.progress.get(sold ? keyOf(body.from, leg.to) : keyOf(leg.to, body.from));
      if (!pair || leg.qtyWh !== pair.entry.qtyWh || leg.ecashMicro !== pair.entry.ecashMicro)
        continue;
      if (sold && bytesEqual(leg.ref, pair.entry.reserve)) {
        pair.solds.add(id);
        fits = true;
      } else if (!sold && pair.solds.has(toHex(leg.ref))) pair.boughts.set(id, toHex(leg.ref));
    }
    if (fits) this.solds.push(tx);
  }

  /** A block rejected the transaction `id` (hex): whoever said it has not done its part. */
  unheard(id: string): void {
    this.deals.unheard(id);
    for (const { solds, boughts } of this.progress.values()) {
      boughts.delete(id);
      if (!solds.delete(id)) continue;
      for (const [bought, sold] of boughts) if (sold === id) boughts.delete(bought);
    }
    const at = this.solds.findIndex(({ txid }) => toHex(txid) === id);
    if (at >= 0) this.solds.splice(at, 1);
  }

  get settled(): boolean {
    for (const { boughts } of this.progress.values()) if (boughts.size === 0) return false;
    return this.deals.missing().size === 0;
  }

  /** Members whose SOLD or BOUGHT is missing; a buyer only where no seller lets it wait. */
  missingParties(): Set<string> {
    const missing = this.deals.missing();
    const waiting = new Set<string>();
    for (const { entry, solds } of this.progress.values()) {
      if (solds.size > 0) continue;
      missing.add(toHex(entry.seller));
      waiting.add(toHex(entry.buyer));
    }
    for (const { entry, solds, boughts } of this.progress.values()) {
      const buyer = toHex(entry.buyer);
      if (solds.size > 0 && boughts.size === 0 && !waiting.has(buyer)) missing.add(buyer);
    }
    return missing;
  }

  /** Whoever is missing is given up; but the slot is closed only when votes have come. */
  waitNoLonger(): void {
    this.unanswered = [...this.missingParties()].filter((id) => !this.missed.has(id));
  }

  /**
   * The slot is closed now. Who answered while votes were waited for is not listed as missing; a SOLD that
   * came then may have been too late for its buyer, and a block may have rejected one: these are, too.
   */
  lastLook(): string[] {
    const missing = this.missingParties();
    for (const id of this.unanswered) if (!missing.has(id)) this.missed.delete(id);
    return [...missing].filter((id) => !this.missed.has(id));
  }
}

function keyOf(seller: Uint8Array, buyer: Uint8Array): string {
  return `${toHex(seller)}|${toHex(buyer)}`;
}
