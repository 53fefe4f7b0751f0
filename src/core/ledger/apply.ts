// SPDX-License-Identifier: Apache-2.0
/** How a block changes the ledger: transactions in order, coins in and out, and the closing of slots. */
import { fromHex } from "../codec/bytes.ts";
import { assert } from "../errors/assert.ts";
import { ACCEPT, refuse, type Verdict } from "../errors/codes.ts";
import { type Effect, EffectKind } from "../records/block.ts";
import { type Tx, TxType } from "../records/tx.ts";
import { applyOffer } from "./apply-offer.ts";
import { applyReserve } from "./apply-reserve.ts";
import { applyBought, applySold } from "./apply-trade.ts";
import { arbitrate, type Closing, frozenIn, thaw } from "./arbitrate.ts";
import { creditFaults, passCredit, returnCoins } from "./credit-loans.ts";
import { shareProfit } from "./credit-share.ts";
import { hasCredit, holdsFrom } from "./credit-state.ts";
import { hold } from "./credit-trade.ts";
import type { ForkMap } from "./fork-map.ts";
import type { LedgerState, Lock, Pair } from "./state.ts";
import { pairKey } from "./state.ts";

/** Applies one transaction at effective time `tMs`, or says by which rule it does not fit (V8, V10). */
export function applyTx(
  state: LedgerState,
  tx: Tx,
  tMs: number,
  slotStartMs: (slot: number) => number,
  effects: Effect[],
): Verdict {
  switch (tx.body.type) {
    case TxType.offer:
      return applyOffer(state, tx, tMs, slotStartMs);
    case TxType.reserve:
      return applyReserve(state, tx, tMs, slotStartMs, effects);
    case TxType.sold:
      return applySold(state, tx, tMs);
    case TxType.bought:
      return applyBought(state, tx, tMs, slotStartMs, effects);
    case TxType.promote:
      // It approves what lay unapproved, and spends nothing.
      return tx.body.legs.length === 0 ? ACCEPT : refuse("LEGS", "a PROMOTE has no legs");
    default:
      return refuse("TYPE_UNSUPPORTED", `type ${tx.body.type}`);
  }
}

/**
 * New coins for the account that `wallet` is of: `genesis` before the first block, `deposit` through the
 * operator's on-ramp.
 */
export function mint(
  state: LedgerState,
  kind: "genesis" | "deposit",
  wallet: string,
  micro: number,
  effects: Effect[],
): void {
  const node = state.owners.get(wallet);
  assert(node !== undefined, "MINT_WALLET", wallet);
  state.account(node).balanceMicro += micro;
  if (kind === "genesis") state.totals.genesisMicro += micro;
  else state.totals.mintedMicro += micro;
  effects.push(coinEffect(EffectKind[kind], { to: fromHex(wallet), micro }));
}

/** Coins that leave the account that `wallet` is of for good: a withdrawal through the operator's on-ramp. */
export function burn(state: LedgerState, wallet: string, micro: number, effects: Effect[]): void {
  const node = state.owners.get(wallet);
  assert(node !== undefined, "BURN_WALLET", wallet);
  const account = state.account(node);
  assert(account.balanceMicro >= micro, "BURN_FUNDS", `${micro} of ${account.balanceMicro}`);
  account.balanceMicro -= micro;
  state.totals.burnedMicro += micro;
  const effect = coinEffect(EffectKind.withdraw, { to: undefined, micro });
  effects.push({ ...effect, from: fromHex(wallet) });
}

/** Enters the contracts of a clearing. */
export function contract(state: LedgerState, pairs: readonly Pair[]): void {
  for (const pair of pairs) {
    const key = pairKey(pair.slot, pair.seller, pair.buyer);
    assert(!state.pairs.has(key), "PAIR_TWICE", key);
    state.pairs.set(key, { ...pair });
  }
}

/**
 * Settles a slot for good, but for what two meters do not agree on (arbitrate.ts). Locks for the slot are
 * released, and offers for it are over.
 */
export function closeSlot(
  state: LedgerState,
  slot: number,
  effects: Effect[],
  closing: Closing,
): void {
  assert(slot > state.closedSlot, "SLOT_CLOSED_TWICE", String(slot));
  const endMs = closing.slotStartMs(slot + 1);
  for (const [key, pair] of sortedEntries(state.pairs)) {
    if (pair.slot > slot) continue;
    if (pair.state === "sold") arbitrate(state, pair, closing, slot, effects);
    if (pair.state === "open") pair.state = "released";
    state.pairs.delete(key);
  }
  thaw(state, closing, slot, effects);
  for (const [reserve, lock] of sortedEntries(state.locks)) {
    if (lock.slot > slot) continue;
    const frozenMicro = frozenIn(state, reserve);
    const micro = lock.leftMicro - frozenMicro;
    if (frozenMicro === 0) state.locks.delete(reserve);
    else if (micro === 0) continue; // it waits
    lock.leftMicro = frozenMicro;
    lock.promisedMicro = frozenMicro;
    const wallet = fromHex(lock.wallet)!;
    effects.push({
      ...coinEffect(EffectKind.release, { to: wallet, micro }),
      reserve: fromHex(reserve),
    });
    release(state, lock, micro, endMs, effects);
  }
  for (const [id, offer] of state.offers) if (offer.slot <= slot) state.offers.delete(id);
  state.closedSlot = slot;
  if (hasCredit(state)) {
    passCredit(state, endMs, effects);
    shareProfit(state, closing.slotStartMs(slot), endMs, effects);
    const faults = creditFaults(state);
    assert(faults.length === 0, "CREDIT_INVARIANT", faults.join("; "));
  }
  state.assertConserved();
}

/** Coins of a lock go back to where they came from. */
function release(
  state: LedgerState,
  lock: Readonly<Lock>,
  micro: number,
  atMs: number,
  effects: Effect[],
): void {
  const { node, wallet } = lock;
  if (hasCredit(state) && micro > 0 && state.owners.get(wallet) !== node) {
    if (holdsFrom(state, lock)) return hold(state, node, -micro);
    return returnCoins(state, node, wallet, micro, atMs, effects);
  }
  state.account(node).balanceMicro += micro;
}

function coinEffect(kind: number, coins: { to: Uint8Array | undefined; micro: number }): Effect {
  return {
    kind,
    reserve: undefined,
    sold: undefined,
    leg: 0,
    bought: undefined,
    from: undefined,
    to: coins.to,
    micro: coins.micro,
    qtyWh: 0,
  };
}

/** To change, by key, so that the order of effects never depends on the order of arrival. */
function sortedEntries<T>(map: ForkMap<T>): [string, T][] {
  return [...map.keys()].sort().map((key) => [key, map.get(key)!]);
}
