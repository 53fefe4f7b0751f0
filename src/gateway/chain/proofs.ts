// SPDX-License-Identifier: Apache-2.0
/** Proofs that a balance is the one under the latest block's state root. */
import { merkleProofs } from "#core/crypto/merkle";
import type { Crypto } from "#core/crypto/port";
import { accountIndex, stateLeaves } from "#core/ledger/root";
import { PROOF_MAX } from "#core/limits";
import type { Chain } from "./chain.ts";

/** What a proof needs beside what the leaf says. */
export interface Place {
  index: number;
  leaves: number;
  path: Uint8Array[];
}

/** The paths of one block, made when the first node asks and kept until the next block. */
export class Proofs {
  private made: { height: number; leaves: number; paths: Uint8Array[][] } | undefined;

  /** The place of `node`'s leaf after the head of `chain`; undefined for a tree that is too deep. */
  placeOf(crypto: Crypto, chain: Chain, node: string): Place | undefined {
    const { state, head } = chain;
    if (!head) return undefined;
    const { height } = head.header;
    if (this.made?.height !== height) {
      const leaves = stateLeaves(state);
      const paths = merkleProofs(crypto, leaves).proofs.slice(0, state.accounts.size);
      this.made = { height, leaves: leaves.length, paths };
    }
    const index = accountIndex(state, node);
    const path = this.made.paths[index];
    return path.length > PROOF_MAX ? undefined : { index, leaves: this.made.leaves, path };
  }
}
