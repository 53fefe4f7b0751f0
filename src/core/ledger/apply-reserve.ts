// SPDX-License-Identifier: Apache-2.0
/**
 * RESERVE (ledger 4.6): locks coins for a slot before it begins, so that energy delivered is paid. With a
 * `ref` it takes an OFFER; without one it is for the market.
 */
import { toHex } from "../codec/bytes.ts";
import { ACCEPT, refuse, type Verdict } from "../errors/codes.ts";
import { type Effect, EffectKind } from "../records/block.ts";
import type { Tx } from "../records/tx.ts";
import { offerTaken } from "./apply-offer.ts";
import { hasCredit, lineAt } from "./credit-state.ts";
import { hold, tokenFault } from "./credit-trade.ts";
import type { LedgerState, Lock, Offer } from "./state.ts";

/** Locks the coins of a RESERVE with effective time `tMs`, or says why not; nothing changes on a refusal. */
export function applyReserve(
  state: LedgerState,
  tx: Tx,
  tMs: number,
  slotStartMs: (slot: number) => number,
  effects: Effect[],
): Verdict {
  const { body } = tx;
  const node = toHex(body.from);
  if (body.legs.length !== 1) return refuse("LEGS", "a RESERVE has one leg");
  const [leg] = body.legs;
  if (leg.meter) return refuse("LEGS", "a RESERVE is backed by no meter");
  if (leg.to && !leg.ref) return refuse("LEGS", "a RESERVE for the market is to all");
  if (body.slot <= state.closedSlot) return refuse("SLOT_CLOSED", `slot ${body.slot}`);
  if (tMs >= slotStartMs(body.slot)) return refuse("RESERVE_SLOT", `slot ${body.slot} has begun`);
  // Before slot s begins one may reserve for s and s + 1, so for no more than two after the stamp's own.
  if (tMs < slotStartMs(body.slot - 2))
    return refuse("RESERVE_SLOT", `slot ${body.slot} is too far ahead`);
  const wallet = toHex(leg.wallet);
  const line = hasCredit(state) ? lineAt(state, node, wallet) : undefined;
  if (!line && state.owners.get(wallet) !== node) return refuse("WALLET_FOREIGN", wallet);
  const offer = leg.ref ? offerTaken(state, tx, tMs) : undefined;
  if (offer && "code" in offer) return offer;
  const repeated = earlierLock(state, node, body.slot, offer);
  if (repeated) return refuse("RESERVE_REPEATED", repeated.reserve);
  if (line) {
    const fault = tokenFault(line, leg.ecashMicro, slotStartMs(body.slot + 1));
    if (fault) return fault;
    hold(state, node, leg.ecashMicro);
  } else {
    const free = state.freeOf(node);
    if (leg.ecashMicro > free) return refuse("RESERVE_UNFUNDED", `${leg.ecashMicro} of ${free} µc`);
    state.account(node).balanceMicro = free - leg.ecashMicro;
  }
  const reserve = toHex(tx.txid);
  state.locks.set(reserve, {
    reserve,
    node,
    wallet,
    slot: body.slot,
    tMs,
    height: body.seq,
    leftWh: leg.qtyWh,
    leftMicro: leg.ecashMicro,
    promisedMicro: 0,
    offer: offer?.offer,
  });
  if (offer) offer.reservedWh += leg.qtyWh;
  effects.push({
    kind: EffectKind.lock,
    reserve: tx.txid,
    sold: undefined,
    leg: 0,
    bought: undefined,
    from: leg.wallet,
    to: undefined,
    micro: leg.ecashMicro,
    qtyWh: leg.qtyWh,
  });
  return ACCEPT;
}

/** For a slot a node has one lock for the market, and one for each seller whose offer it takes. */
function earlierLock(
  state: LedgerState,
  node: string,
  slot: number,
  offer: Offer | undefined,
): Readonly<Lock> | undefined {
  for (const lock of state.locks.group(node)) {
    if (lock.slot !== slot) continue;
    const taken = lock.offer && state.offers.peek(lock.offer);
    if ((taken ? taken.seller : undefined) === offer?.seller) return lock;
  }
  return undefined;
}
