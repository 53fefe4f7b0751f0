// SPDX-License-Identifier: Apache-2.0
/** The state root of a block: a Merkle root over wallets, locks, registers and totals in a fixed order. */

import { fromHex } from "../codec/bytes.ts";
import { encodeCbor } from "../codec/cbor.ts";
import { merkleRoot } from "../crypto/merkle.ts";
import type { Crypto } from "../crypto/port.ts";
import type { LedgerState } from "./state.ts";

/** What a leaf is about; the number is its first element. */
const Leaf = Object.freeze({ wallet: 0, lock: 1, registers: 2, totals: 3 });

/** The leaves of the state, each a CBOR array, in order of kind and key. */
export function stateLeaves(state: LedgerState): Uint8Array[] {
  const leaves: Uint8Array[] = [];
  for (const wallet of [...state.wallets.keys()].sort())
    leaves.push(encodeCbor([Leaf.wallet, fromHex(wallet)!, state.wallets.get(wallet)!]));
  for (const reserve of [...state.locks.keys()].sort()) {
    const lock = state.locks.get(reserve)!;
    leaves.push(
      encodeCbor([
        Leaf.lock,
        fromHex(reserve)!,
        fromHex(lock.wallet)!,
        lock.slot,
        lock.leftWh,
        lock.leftMicro,
        lock.promisedMicro,
      ]),
    );
  }
  for (const node of [...state.accounts.keys()].sort()) {
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
  return leaves;
}

/** Root over `stateLeaves`. */
export function stateRoot(crypto: Crypto, state: LedgerState): Uint8Array {
  return merkleRoot(crypto, stateLeaves(state));
}
