// SPDX-License-Identifier: Apache-2.0
/** RESERVE (ledger 4.6): locks coins for a slot before it begins, so that energy delivered is paid. */
import { toHex } from "../codec/bytes.ts";
import { ACCEPT, refuse, type Verdict } from "../errors/codes.ts";
import { type Effect, EffectKind } from "../records/block.ts";
import type { Tx } from "../records/tx.ts";
import type { LedgerState } from "./state.ts";

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
  if (leg.to || leg.ref || leg.meter)
    return refuse("LEGS", "a RESERVE is to all and backs nothing");
  if (body.slot <= state.closedSlot) return refuse("SLOT_CLOSED", `slot ${body.slot}`);
  if (tMs >= slotStartMs(body.slot)) return refuse("RESERVE_SLOT", `slot ${body.slot} has begun`);
  // Before slot s begins one may reserve for s and s + 1, so for no more than two after the stamp's own.
  if (tMs < slotStartMs(body.slot - 2))
    return refuse("RESERVE_SLOT", `slot ${body.slot} is too far ahead`);
  const wallet = toHex(leg.wallet);
  if (state.owners.get(wallet) !== node) return refuse("WALLET_FOREIGN", wallet);
  for (const lock of state.locks.values())
    if (lock.node === node && lock.slot === body.slot)
      return refuse("RESERVE_REPEATED", lock.reserve);
  const account = state.account(node);
  const free = account.balanceMicro;
  if (leg.ecashMicro > free) return refuse("RESERVE_UNFUNDED", `${leg.ecashMicro} of ${free} µc`);
  account.balanceMicro = free - leg.ecashMicro;
  const reserve = toHex(tx.txid);
  state.locks.set(reserve, {
    reserve,
    node,
    wallet,
    slot: body.slot,
    tMs,
    leftWh: leg.qtyWh,
    leftMicro: leg.ecashMicro,
    promisedMicro: 0,
  });
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
