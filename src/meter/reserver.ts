// SPDX-License-Identifier: Apache-2.0
/** RESERVEs for the market: coins are locked before a slot begins, own ones or those of a credit token. */
import type { Notice } from "#core/records/notice";
import { type TxLeg, TxType } from "#core/records/tx";
import type { Borrower } from "./borrower.ts";
import type { NodeConfig } from "./config.ts";
import type { Issuer } from "./issuer.ts";
import type { MeterNode } from "./node.ts";
import { type SlotMemory, slotOf } from "./state.ts";
import { planReserve } from "./trader.ts";

export class Reserver {
  private readonly node: MeterNode;
  private readonly config: NodeConfig;
  private readonly issuer: Issuer;
  private readonly borrower: Borrower | undefined;

  constructor(node: MeterNode, config: NodeConfig, issuer: Issuer, borrower: Borrower | undefined) {
    this.node = node;
    this.config = config;
    this.issuer = issuer;
    this.borrower = borrower;
  }

  /** For the notice's slot and the next. False where the present slot's is no transaction yet. */
  ahead(notice: Notice): boolean {
    this.reserve(notice, notice.slot, notice.startMs, notice.retailMicro);
    // An order quotes its RESERVE. The barrier clock stands still until what belongs to this slot is said.
    if (!this.node.clock.running && this.waitsForTokens(notice.slot)) return false;
    this.reserve(notice, notice.slot + 1, notice.endMs, notice.retailNextMicro);
    return this.node.clock.running || !this.waitsForTokens(notice.slot + 1);
  }

  private reserve(notice: Notice, slot: number, startMs: number, capMicro: number): void {
    const { node, config, borrower } = this;
    const { state, purse } = node;
    if (state.slots.some((entry) => entry.slot === slot && entry.reserve)) return;
    const priceMicro = Math.min(config.policy.bidMicro ?? capMicro, capMicro);
    const lengthMs = notice.endMs - notice.startMs;
    const own = planReserve(config.capacityWh, priceMicro, this.share(slot));
    const credit = borrower?.reserve(own, slot, priceMicro, startMs + lengthMs);
    const plan = credit ?? own;
    if (!plan) return;
    const leg: TxLeg = {
      to: undefined,
      wallet: credit?.wallet ?? purse.address(0),
      ref: undefined,
      qtyWh: plan.qtyWh,
      ecashMicro: plan.ecashMicro,
      meter: undefined,
    };
    const expiryMs = startMs + 2 * lengthMs; // the slot itself and one more to settle it
    const notBeforeMs = node.clock.nowMs();
    const { reserve: type } = TxType;
    const intent = { type, slot, legs: [leg], expiryMs, notBeforeMs, beforeMs: startMs };
    this.issuer.say(notice, intent, (txid, tsMs) => {
      const memory = slotOf(state, slot);
      memory.reserve = txid;
      memory.reserveWh = plan.qtyWh;
      memory.reserveMicro = plan.ecashMicro;
      memory.reserveMs = tsMs;
      memory.reserveWallet = leg.wallet;
      if (!credit) purse.use(1);
    });
  }

  /** Free coins by the last account statement, less what was reserved of them since. */
  funds(): number {
    const { state } = this.node;
    let funds = state.freeMicro;
    for (const memory of state.slots) {
      if (!memory.reserve || memory.reserveMs <= state.accountMs) continue;
      if (!this.borrower?.shares(memory.reserveWallet)) funds -= memory.reserveMicro;
    }
    return Math.max(0, funds);
  }

  /**
   * Own coins for one slot. Two slots are reserved for at a time: who borrows has few coins, and shares them
   * out, or it would have none for every other slot.
   */
  private share(slot: number): number {
    const funds = this.funds();
    const { borrower } = this;
    if (!borrower) return funds;
    const held = heldElsewhere(this.node.state.slots, slot, (entry) => !borrower.shares(entry));
    return sharedOut(funds, held);
  }

  private waitsForTokens(slot: number): boolean {
    const memory = this.node.state.slots.find((entry) => entry.slot === slot);
    return this.issuer.waitsFor(memory?.reserve);
  }
}

/** Coins in RESERVEs for other slots that are open still, of one source. */
export function heldElsewhere(
  slots: readonly SlotMemory[],
  slot: number,
  of: (wallet: Uint8Array | undefined) => boolean,
): number {
  let micro = 0;
  for (const entry of slots)
    if (entry.reserve && Math.abs(entry.slot - slot) === 1 && of(entry.reserveWallet))
      micro += entry.reserveMicro;
  return micro;
}

/** Half of all that there is, and no more than is free. */
export function sharedOut(free: number, held: number): number {
  return Math.min(free, Math.ceil((free + held) / 2));
}
