// SPDX-License-Identifier: Apache-2.0
/**
 * Settling contracts (ledger 4.6): the seller says SOLD for each part of its contract, the buyer waits for
 * all of a part's SOLDs and says BOUGHT. What arrived lives in memory only: the gateway sends it again.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import type { Contract } from "#core/records/contract";
import { Side } from "#core/records/order";
import { type TxLeg, TxType } from "#core/records/tx";
import { openPackedTx } from "#core/records/tx-glance";
import { mwhFromWh } from "#core/units/energy";
import type { Purse } from "./purse.ts";
import type { SlotMemory } from "./state.ts";

/** Contracts are kept of the slot that settles and of the one before: it is over when the next is cleared. */
const KEPT = 2;

/** What of a contract is needed once it is checked. */
type Settling = Pick<Contract, "part" | "side" | "slot" | "atMs" | "legs">;

interface ReceivedSold {
  txid: Uint8Array;
  qtyWh: number;
  ecashMicro: number;
  reserve: Uint8Array;
  tsMs: number;
}

/** A transaction to be made. */
export interface Deal {
  type: number;
  part: number;
  legs: TxLeg[];
  /** The end of the last leg's stretch of the register, mWh. */
  nextMwh: bigint;
  /** Fresh wallet addresses that it takes. */
  wallets: number;
  notBeforeMs: number;
}

/** What was sold or bought, for people. */
export interface LastTrade {
  slot: number;
  sold: boolean;
  /** Of all legs together, and how many they are. */
  energyWh: number;
  coinsMicro: number;
  partners: number;
  txid: Uint8Array;
}

/** What is kept for people of `deal`, once its transaction has an id. */
export function tradeOf(slot: number, { type, legs }: Deal, txid: Uint8Array): LastTrade {
  let energyWh = 0;
  let coinsMicro = 0;
  for (const leg of legs) {
    energyWh += leg.qtyWh;
    coinsMicro += leg.ecashMicro;
  }
  return { slot, sold: type === TxType.sold, energyWh, coinsMicro, partners: legs.length, txid };
}

export class Dealer {
  private readonly crypto: Crypto;
  private readonly node: Uint8Array;
  private readonly purse: Purse;
  /** Checked contracts by slot, and SOLDs to this node by `slot|seller`. */
  private readonly contracts = new Map<number, Settling[]>();
  private readonly solds = new Map<string, ReceivedSold>();

  constructor(crypto: Crypto, node: Uint8Array, purse: Purse) {
    this.crypto = crypto;
    this.node = node;
    this.purse = purse;
  }

  /** Keeps a contract that was checked; one part once. */
  accept(contract: Contract): void {
    const parts = this.contracts.get(contract.slot) ?? [];
    const { slot, part, side, atMs, legs } = contract;
    if (!parts.some((known) => known.part === part)) parts.push({ slot, part, side, atMs, legs });
    this.contracts.set(slot, parts);
    this.forget(slot - KEPT);
  }

  /** What a part's transaction needs is needed no more. */
  done(slot: number, part: number): void {
    const parts = this.contracts.get(slot) ?? [];
    const place = parts.findIndex((known) => known.part === part);
    if (place >= 0) parts.splice(place, 1);
    if (parts.length === 0) this.contracts.delete(slot);
  }

  /** What can be said now for `memory.slot`, part by part. */
  due(memory: SlotMemory): Deal[] {
    const deals: Deal[] = [];
    let nextMwh = memory.nextMwh;
    let wallets = 0;
    for (const contract of this.contracts.get(memory.slot) ?? []) {
      if (memory.settled.includes(contract.part) || contract.legs.length === 0) continue;
      const seller = contract.side === Side.offer;
      const deal = seller
        ? this.sell(contract, nextMwh, wallets)
        : this.buy(contract, nextMwh, memory.reserveWallet);
      if (!deal) continue;
      deals.push(deal);
      nextMwh = deal.nextMwh;
      wallets += deal.wallets;
    }
    return deals;
  }

  /** A SOLD as the gateway passed it on. Returns its slot if it fits a contract of this node. */
  sold(encoded: Uint8Array): number | undefined {
    const tx = openPackedTx(this.crypto, encoded);
    if (tx?.body.type !== TxType.sold) return undefined;
    const { body, txid, digest, signature } = tx;
    const key = this.counterpartyKey(body.slot, body.from);
    if (!key || !this.crypto.verify(key, digest, signature)) return undefined;
    const leg = body.legs.find((candidate) => candidate.to && bytesEqual(candidate.to, this.node));
    if (!leg?.ref) return undefined;
    const { qtyWh, ecashMicro, ref } = leg;
    // A view would keep the whole message.
    const received = { txid, qtyWh, ecashMicro, reserve: ref.slice(), tsMs: body.tsMs };
    this.solds.set(`${body.slot}|${toHex(body.from)}`, received);
    return body.slot;
  }

  /** Each leg is a trade of its own, under an address of its own; `ahead` are taken by deals before. */
  private sell(contract: Settling, startMwh: bigint, ahead: number): Deal {
    let nextMwh = startMwh;
    const legs = contract.legs.map((leg, i): TxLeg => {
      const meter = { fromMwh: nextMwh, toMwh: nextMwh + mwhFromWh(leg.qtyWh) };
      nextMwh = meter.toMwh;
      const { counterparty: to, reserve: ref, qtyWh, ecashMicro } = leg;
      // Quoting the buyer's RESERVE is the seller's countersignature of the payment (paper 1, II-B-4).
      return { to, wallet: this.purse.address(ahead + i), ref, qtyWh, ecashMicro, meter };
    });
    const { part, atMs: notBeforeMs } = contract;
    return { type: TxType.sold, part, legs, nextMwh, wallets: legs.length, notBeforeMs };
  }

  private buy(
    contract: Settling,
    startMwh: bigint,
    wallet: Uint8Array | undefined,
  ): Deal | undefined {
    if (!wallet) return undefined; // its RESERVE was rejected
    let nextMwh = startMwh;
    let notBeforeMs = contract.atMs;
    const legs: TxLeg[] = [];
    for (const leg of contract.legs) {
      const sold = this.solds.get(`${contract.slot}|${toHex(leg.counterparty)}`);
      if (!sold || sold.qtyWh !== leg.qtyWh || sold.ecashMicro !== leg.ecashMicro) return undefined;
      if (!bytesEqual(sold.reserve, leg.reserve)) return undefined;
      const meter = { fromMwh: nextMwh, toMwh: nextMwh + mwhFromWh(leg.qtyWh) };
      nextMwh = meter.toMwh;
      notBeforeMs = Math.max(notBeforeMs, sold.tsMs + 1);
      const { counterparty: to, qtyWh, ecashMicro } = leg;
      legs.push({ to, wallet, ref: sold.txid, qtyWh, ecashMicro, meter });
    }
    return { type: TxType.bought, part: contract.part, legs, nextMwh, wallets: 0, notBeforeMs };
  }

  private counterpartyKey(slot: number, seller: Uint8Array): Uint8Array | undefined {
    for (const contract of this.contracts.get(slot) ?? [])
      for (const leg of contract.legs)
        if (bytesEqual(leg.counterparty, seller)) return leg.counterpartyKey;
    return undefined;
  }

  private forget(upTo: number): void {
    for (const slot of this.contracts.keys()) if (slot <= upTo) this.contracts.delete(slot);
    for (const key of this.solds.keys())
      if (Number(key.slice(0, key.indexOf("|"))) <= upTo) this.solds.delete(key);
  }
}
