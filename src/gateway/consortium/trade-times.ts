// SPDX-License-Identifier: Apache-2.0
/**
 * How long trades of this gateway's own members take, in real time: from when it heard a BOUGHT to FINAL, and
 * the same from the clearing that made the contract and from the RESERVE before it. FINAL is when the block
 * that pays is executed and on this gateway's disk. And how long turns take. For people only.
 */
import { toHex } from "#core/codec/bytes";
import { EffectKind } from "#core/records/block";
import { type Tx, TxType } from "#core/records/tx";
import type { SealedBlock } from "../chain/chain.ts";
import type { SlotRun } from "../slots/run.ts";

/** Of each kind; later ones take the place of the first. */
const SAMPLES_MAX = 4096;
/** Transactions that are waited for. */
const OPEN_MAX = 8192;

/** Real ms; undefined without a sample. */
export interface Times {
  count: number;
  p50Ms: number | undefined;
  p99Ms: number | undefined;
}

class Samples {
  count = 0;
  private readonly all: number[] = [];

  add(ms: number): void {
    this.all[this.count++ % SAMPLES_MAX] = ms;
  }

  get times(): Times {
    const sorted = [...this.all].sort((a, b) => a - b);
    const at = (share: number) =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    return { count: this.count, p50Ms: at(0.5), p99Ms: at(0.99) };
  }
}

export class TradeTimes {
  /** When what was heard here: BOUGHTs and RESERVEs by id (hex). */
  private readonly boughts = new Map<string, { atMs: number; slot: number }>();
  private readonly reserves = new Map<string, number>();
  private readonly cleared = new Map<number, number>();
  private paid: { bought: string; reserve: string }[] = [];
  private readonly fromBought = new Samples();
  private readonly fromContract = new Samples();
  private readonly fromReserve = new Samples();
  private readonly turns = new Samples();
  private wantedMs: number | undefined;

  /** One of its own nodes said it. */
  heard(tx: Tx, atMs: number): void {
    const id = toHex(tx.txid);
    if (tx.body.type === TxType.bought) note(this.boughts, id, { atMs, slot: tx.body.slot });
    else if (tx.body.type === TxType.reserve) note(this.reserves, id, atMs);
  }

  /** A block is executed in the turn in hand. */
  block({ block }: SealedBlock): void {
    for (const { kind, bought, reserve } of block.effects)
      if (kind === EffectKind.pay && bought)
        this.paid.push({ bought: toHex(bought), reserve: reserve ? toHex(reserve) : "" });
  }

  /** There is something for a turn. */
  wanted(atMs: number): void {
    this.wantedMs ??= atMs;
  }

  /** The turn in hand is on the disk. */
  durable(runs: Iterable<SlotRun>, atMs: number): void {
    if (this.wantedMs !== undefined) this.turns.add(atMs - this.wantedMs);
    this.wantedMs = undefined;
    for (const { bought, reserve } of this.paid) this.settled(bought, reserve, atMs);
    this.paid = [];
    for (const { slot, clearingBytes } of runs)
      if (clearingBytes && !this.cleared.has(slot)) note(this.cleared, slot, atMs);
  }

  /** Turns: from when there was something for one until it is executed. */
  get view() {
    return {
      boughtToFinal: this.fromBought.times,
      contractToFinal: this.fromContract.times,
      reserveToFinal: this.fromReserve.times,
      turns: this.turns.times,
    };
  }

  private settled(bought: string, reserve: string, atMs: number): void {
    const heard = this.boughts.get(bought);
    if (!heard) return;
    this.boughts.delete(bought);
    this.fromBought.add(atMs - heard.atMs);
    const clearedMs = this.cleared.get(heard.slot);
    if (clearedMs !== undefined) this.fromContract.add(atMs - clearedMs);
    const reservedMs = this.reserves.get(reserve);
    if (reservedMs !== undefined) this.fromReserve.add(atMs - reservedMs);
  }
}

/** Keeps the newest OPEN_MAX. */
function note<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.set(key, value);
  if (map.size <= OPEN_MAX) return;
  for (const first of map.keys()) {
    map.delete(first);
    return;
  }
}
