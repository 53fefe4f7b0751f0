// SPDX-License-Identifier: Apache-2.0
/**
 * A SOLD that its buyer did not answer in time, decided from the two meters (ledger 4.6):
 *
 *   buyer's reading missing or late        the seller's reading settles (a RESERVE bounds every SOLD)
 *   within the loss bound of the seller's  the lower of the two settles, the rest of the lock comes back
 *   lower than that                        the lower settles; the difference is frozen, counts against
 *                                          both, and is checked against the area's feeder meter
 *
 * What is frozen stays in the buyer's lock: no coins move until it is decided.
 */
import { fromHex } from "../codec/bytes.ts";
import { assert } from "../errors/assert.ts";
import { ARBITRATION_LOSS_PERMILLE, FROZEN_MS } from "../limits.ts";
import { mulDivCeil } from "../market/exact.ts";
import { type Effect, EffectKind } from "../records/block.ts";
import { MWH_PER_WH, mwhFromWh } from "../units/energy.ts";
import { countTrade, spendHeld } from "./credit-trade.ts";
import { type Frozen, frozenKey, type LedgerState, type Lock, type Pair } from "./state.ts";

/** What the area's feeder meter says of the members' meters when a slot is closed. */
export interface FeederWord {
  /** Feeder less members in the slot alone, and what honest meters keep that between, mWh. */
  readonly balance: { residualMwh: bigint; lowMwh: bigint; highMwh: bigint } | undefined;
  /** Members whose meters are known to show too little import, or too much export (hex). */
  readonly lowImport: ReadonlySet<string>;
  readonly highExport: ReadonlySet<string>;
}

/** The closing of a slot: what time it is about, and the feeder meter where there is one. */
export interface Closing {
  slotStartMs(slot: number): number;
  word(slot: number): FeederWord | undefined;
}

/** Whose the difference is: the seller's, the buyer's, or the buyer's with both meters right. */
type Ruling = "seller" | "buyer" | "right";

/** Decides a SOLD without BOUGHT for good, but for what it freezes. */
export function arbitrate(
  state: LedgerState,
  pair: Pair,
  closing: Closing,
  slot: number,
  effects: Effect[],
): void {
  const lock = state.locks.get(pair.reserve);
  assert(pair.state === "sold" && pair.sold && lock, "ARBITRATE_STATE", pair.state);
  assert(lock.promisedMicro >= pair.ecashMicro, "PAY_PROMISED", pair.reserve);
  lock.promisedMicro -= pair.ecashMicro;
  const { wallet, txid: sold, leg } = pair.sold;
  const { seller, buyer, reserve, qtyWh } = pair;
  const base = { seller, buyer, reserve, sold, leg, wallet, slot: pair.slot };
  const readWh = buyerReadWh(state, pair);
  const agreedWh = Math.min(qtyWh, readWh ?? qtyWh);
  const account = state.account(buyer);
  account.claimedImportMwh = freshFrom(state, pair) + mwhFromWh(agreedWh);
  const agreedMicro = qtyWh === 0 ? 0 : mulDivCeil(agreedWh, pair.ecashMicro, qtyWh);
  if (agreedWh > 0)
    settle(
      state,
      { ...base, qtyWh: agreedWh, micro: agreedMicro, untilSlot: slot },
      lock,
      closing,
      effects,
    );
  pair.state = agreedWh > 0 ? "arbitrated" : "released";
  const apartWh = qtyWh - agreedWh;
  if (apartWh * 1000 <= qtyWh * ARBITRATION_LOSS_PERMILLE) return; // what the lines lose
  const lengthMs = closing.slotStartMs(slot + 1) - closing.slotStartMs(slot);
  const untilSlot = pair.slot + Math.ceil(FROZEN_MS / lengthMs);
  const micro = pair.ecashMicro - agreedMicro;
  if (micro === 0) return;
  const frozen: Frozen = { ...base, qtyWh: apartWh, micro, untilSlot };
  const ruling = rule(frozen, closing.word(slot), true);
  count(state, frozen, ruling, 1);
  if (ruling === "seller") settle(state, frozen, lock, closing, effects);
  if (ruling) return;
  state.frozen.set(frozenKey(frozen), frozen);
}

/** Decides what earlier slots froze, where the feeder's meter tells by now, or its time is over. */
export function thaw(state: LedgerState, closing: Closing, slot: number, effects: Effect[]): void {
  if (state.frozen.size === 0) return;
  const word = closing.word(slot);
  for (const key of [...state.frozen.keys()].sort()) {
    const frozen = state.frozen.get(key)!;
    const ruling = rule(frozen, word, false);
    if (!ruling && slot < frozen.untilSlot) continue;
    state.frozen.delete(key);
    // Nobody told the two apart: what the buyer's meter did not show stays the buyer's, and the count with both.
    if (!ruling) continue;
    count(state, frozen, undefined, -1);
    count(state, frozen, ruling, 1);
    if (ruling !== "seller") continue;
    settle(state, frozen, state.locks.get(frozen.reserve)!, closing, effects);
  }
}

/** Coins of a lock that are frozen, µc. */
export function frozenIn(state: LedgerState, reserve: string): number {
  let micro = 0;
  for (const frozen of state.frozen.values()) if (frozen.reserve === reserve) micro += frozen.micro;
  return micro;
}

/** What the buyer's signed readings show for a SOLD, whole Wh; undefined: there was none in time. */
function buyerReadWh(state: LedgerState, pair: Pair): number | undefined {
  const { boundary, importMwh } = state.account(pair.buyer);
  if (boundary <= pair.slot) return undefined;
  const freshMwh = importMwh - freshFrom(state, pair);
  return freshMwh > 0n ? Number(freshMwh / MWH_PER_WH) : 0;
}

/**
 * From where on the buyer's register speaks for a SOLD. A contract is for no more than was metered; of a direct
 * deal only the seller said how much, and what the buyer took from the grid before the slot is not that.
 */
function freshFrom(state: LedgerState, { slot, buyer, reserve }: Pair): bigint {
  const { boundary, previousBoundary, previousImportMwh, claimedImportMwh } = state.account(buyer);
  const ofSlot = boundary === slot + 1 && previousBoundary === slot;
  const direct = state.locks.get(reserve)?.offer !== undefined;
  if (direct && ofSlot && previousImportMwh > claimedImportMwh) return previousImportMwh;
  return claimedImportMwh;
}

/**
 * The feeder's meter tells where it knows one of the two meters to be wrong; and, of the slot itself, where its
 * balance is that of honest meters and would not be if the buyer had taken the difference too.
 */
function rule(
  { seller, buyer, qtyWh }: Frozen,
  word: FeederWord | undefined,
  ofSlot: boolean,
): Ruling | undefined {
  if (!word) return undefined;
  const buyerLow = word.lowImport.has(buyer);
  const sellerHigh = word.highExport.has(seller);
  if (buyerLow !== sellerHigh) return buyerLow ? "seller" : "buyer";
  if (!ofSlot || buyerLow || !word.balance) return undefined;
  const { residualMwh, lowMwh, highMwh } = word.balance;
  const honest = residualMwh >= lowMwh && residualMwh <= highMwh;
  return honest && residualMwh - mwhFromWh(qtyWh) < lowMwh ? "right" : undefined;
}

/** Against both where nobody tells, against the one whose meter is wrong, against nobody where none is. */
function count(
  { disputes }: LedgerState,
  { seller, buyer }: Frozen,
  ruling: Ruling | undefined,
  by: 1 | -1,
): void {
  const against =
    ruling === "right" ? [] : ruling ? [ruling === "seller" ? buyer : seller] : [seller, buyer];
  for (const node of against) {
    const times = (disputes.get(node) ?? 0) + by;
    if (times > 0) disputes.set(node, times);
    else disputes.delete(node);
  }
}

/** Coins of the lock go to the seller. */
function settle(
  state: LedgerState,
  part: Frozen,
  lock: Lock,
  closing: Closing,
  effects: Effect[],
): void {
  const { seller, reserve, sold, leg, wallet, qtyWh, micro } = part;
  assert(lock.leftMicro >= micro, "ARBITRATE_LOCK", reserve);
  lock.leftMicro -= micro;
  lock.leftWh = Math.max(0, lock.leftWh - qtyWh);
  spendHeld(state, lock, micro);
  state.account(seller).balanceMicro += micro;
  countTrade(state, part, { qtyWh, micro }, (slot) => closing.slotStartMs(slot));
  const rest = { reserve: fromHex(reserve), sold, leg, bought: undefined };
  const wallets = { from: fromHex(lock.wallet), to: fromHex(wallet) };
  effects.push({ kind: EffectKind.arbitrate, ...rest, ...wallets, micro, qtyWh });
}
