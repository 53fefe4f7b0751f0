// SPDX-License-Identifier: Apache-2.0
/** The one leaf of the ledger's state that nodes look at: apart from the others, which no device needs. */
import { encodeCbor } from "../codec/cbor.ts";

const ACCOUNT = 0;

/** What a state root says of an account's coins, free and locked, and the newest set of its addresses. */
export interface AccountFacts {
  balanceMicro: number;
  lockedMicro: number;
  walletSet: number;
  commitment: Uint8Array;
}

/** The leaf of an account: a node that boots checks its own against a block (paper 1, II-B-1). */
export function accountLeaf(node: Uint8Array, facts: AccountFacts): Uint8Array {
  const { balanceMicro, lockedMicro, walletSet, commitment } = facts;
  return encodeCbor([ACCOUNT, node, balanceMicro, lockedMicro, walletSet, commitment]);
}
