// SPDX-License-Identifier: Apache-2.0
/**
 * Coins in and out through the operator's account (the on-ramp): standing orders that are carried out when a
 * slot is closed. One coin is one unit of the currency, so that the rate is fixed.
 */
import { toHex } from "#core/codec/bytes";
import { assert } from "#core/errors/assert";
import type { MintOrder } from "#core/ledger/execute";
import type { LedgerState } from "#core/ledger/state";
import { type Block, EffectKind } from "#core/records/block";
import type { GatewayOptions } from "../options.ts";

/** What a block brings in and takes out, read back from its effects. */
export function mintsOf(block: Block): MintOrder[] {
  const mints: MintOrder[] = [];
  for (const { kind, micro, from, to } of block.effects) {
    if (kind === EffectKind.genesis) mints.push({ kind: "genesis", wallet: walletOf(to), micro });
    if (kind === EffectKind.deposit) mints.push({ kind: "deposit", wallet: walletOf(to), micro });
    if (kind === EffectKind.withdraw)
      mints.push({ kind: "withdraw", wallet: walletOf(from), micro });
  }
  return mints;
}

function walletOf(wallet: Uint8Array | undefined): string {
  assert(wallet, "EFFECT_WALLET");
  return toHex(wallet);
}

/** The standing orders of all accounts, in order of node id: each is topped up, paid out, or left alone. */
export function standingOrders(
  state: LedgerState,
  { deposit, withdraw }: Pick<GatewayOptions, "deposit" | "withdraw">,
): MintOrder[] {
  if (!deposit && !withdraw) return [];
  const orders: MintOrder[] = [];
  for (const node of [...state.accounts.keys()].sort()) {
    const owned = state.freeOf(node) + state.lockedOf(node);
    const [wallet] = state.newestSet(node).wallets; // no trade is done under it
    if (deposit && owned < deposit.belowMicro) {
      orders.push({ kind: "deposit", wallet, micro: deposit.toMicro - owned });
    } else if (withdraw && owned > withdraw.aboveMicro) {
      const micro = owned - withdraw.toMicro;
      // What is locked for a slot stays; the rest of it is paid out when the lock is gone.
      if (state.freeOf(node) >= micro) orders.push({ kind: "withdraw", wallet, micro });
    }
  }
  return orders;
}
