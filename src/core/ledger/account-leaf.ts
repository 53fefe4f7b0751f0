// SPDX-License-Identifier: Apache-2.0
/** The one leaf of the ledger's state that nodes look at: apart from the others, which no device needs. */
import { encodeCbor } from "../codec/cbor.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";

const ACCOUNT = 0;

/** What a state root says of an account's coins, free and locked, and the newest set of its addresses. */
export interface AccountFacts {
  balanceMicro: number;
  lockedMicro: number;
  walletSet: number;
  commitment: Uint8Array;
}

/** The place in the state's map of the leaf of kind `kind` about `id`. */
export function leafKey(crypto: Crypto, kind: number, id: Uint8Array): Uint8Array {
  return domainHash(crypto, "wattle/state-leaf/1", Uint8Array.of(kind), id);
}

/** The place of an account's leaf. */
export function accountKey(crypto: Crypto, node: Uint8Array): Uint8Array {
  return leafKey(crypto, ACCOUNT, node);
}

/** The leaf of an account: a node that boots checks its own against a block (paper 1, II-B-1). */
export function accountLeaf(node: Uint8Array, facts: AccountFacts): Uint8Array {
  const { balanceMicro, lockedMicro, walletSet, commitment } = facts;
  return encodeCbor([ACCOUNT, node, balanceMicro, lockedMicro, walletSet, commitment]);
}
