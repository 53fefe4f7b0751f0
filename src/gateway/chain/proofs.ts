// SPDX-License-Identifier: Apache-2.0
/** Proofs that a balance is the one under the latest block's state root. */
import type { Crypto } from "#core/crypto/port";
import { accountKey } from "#core/ledger/account-leaf";
import type { LedgerState } from "#core/ledger/state";
import { STATE_PATH_BYTES_MAX } from "#core/limits";

/** The path of the leaf of `node`'s account as of the last block; undefined where it is too long to be sent. */
export function accountPath(
  crypto: Crypto,
  state: LedgerState,
  node: Uint8Array,
): Uint8Array | undefined {
  const { found, path } = state.map.prove(crypto, accountKey(crypto, node));
  return found && path.length <= STATE_PATH_BYTES_MAX ? path : undefined;
}
