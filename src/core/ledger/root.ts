// SPDX-License-Identifier: Apache-2.0
/** The state root of a block: over all that the ledger knows, in a fixed order. */

import { fromHex } from "../codec/bytes.ts";
import { encodeCbor } from "../codec/cbor.ts";
import { merkleRoot } from "../crypto/merkle.ts";
import type { Crypto } from "../crypto/port.ts";
import { accountLeaf } from "./account-leaf.ts";
import type { LedgerState } from "./state.ts";

/** What a leaf is about; the number is its first element. An account is 0 (account-leaf.ts). */
const Leaf = Object.freeze({ lock: 1, registers: 2, totals: 3, offer: 4, frozen: 5, disputes: 6 });

/** The place of an account's leaf among `stateLeaves`. */
export function accountIndex(state: LedgerState, node: string): number {
  let before = 0;
  for (const other of state.accounts.keys()) if (other < node) before++;
  return before;
}

/** The leaves of the state, each a CBOR array, in order of kind and key. */
export function stateLeaves(state: LedgerState): Uint8Array[] {
  const leaves: Uint8Array[] = [];
  const nodes = [...state.accounts.keys()].sort();
  const locked = new Map<string, number>();
  for (const { node, leftMicro } of state.locks.values())
    locked.set(node, (locked.get(node) ?? 0) + leftMicro);
  for (const node of nodes) {
    const { set: walletSet, commitment } = state.newestSet(node);
    const balanceMicro = state.freeOf(node);
    const lockedMicro = locked.get(node) ?? 0;
    const facts = { balanceMicro, lockedMicro, walletSet, commitment };
    leaves.push(accountLeaf(fromHex(node)!, facts));
  }
  for (const reserve of [...state.locks.keys()].sort()) {
    const lock = state.locks.get(reserve)!;
    leaves.push(
      encodeCbor([
        Leaf.lock,
        fromHex(reserve)!,
        fromHex(lock.node)!,
        fromHex(lock.wallet)!,
        lock.slot,
        lock.leftWh,
        lock.leftMicro,
        lock.promisedMicro,
        ...(lock.offer ? [fromHex(lock.offer)!] : []),
      ]),
    );
  }
  for (const node of nodes) {
    const entry = state.account(node);
    leaves.push(
      encodeCbor([
        Leaf.registers,
        fromHex(node)!,
        entry.boundary + 1, // 0: no reading yet
        entry.importMwh,
        entry.exportMwh,
        entry.claimedImportMwh,
        entry.claimedExportMwh,
      ]),
    );
  }
  const { genesisMicro, mintedMicro, burnedMicro, reservesMicro } = state.totals;
  leaves.push(encodeCbor([Leaf.totals, genesisMicro, mintedMicro, burnedMicro, reservesMicro]));
  for (const id of [...state.offers.keys()].sort()) {
    const { seller, slot, qtyWh, ecashMicro, expiryMs, reservedWh, soldWh } = state.offers.get(id)!;
    const terms = [slot, qtyWh, ecashMicro, expiryMs, reservedWh, soldWh];
    leaves.push(encodeCbor([Leaf.offer, fromHex(id)!, fromHex(seller)!, ...terms]));
  }
  for (const key of [...state.frozen.keys()].sort()) {
    const { reserve, seller, sold, leg, wallet, qtyWh, micro, untilSlot } = state.frozen.get(key)!;
    const names = [fromHex(reserve)!, fromHex(seller)!, sold, leg, fromHex(wallet)!];
    leaves.push(encodeCbor([Leaf.frozen, ...names, qtyWh, micro, untilSlot]));
  }
  for (const node of [...state.disputes.keys()].sort())
    leaves.push(encodeCbor([Leaf.disputes, fromHex(node)!, state.disputes.get(node)!]));
  return leaves;
}

/** Root over `stateLeaves`. */
export function stateRoot(crypto: Crypto, state: LedgerState): Uint8Array {
  return merkleRoot(crypto, stateLeaves(state));
}
