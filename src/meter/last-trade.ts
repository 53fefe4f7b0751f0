// SPDX-License-Identifier: Apache-2.0
import type { TxLeg } from "#core/records/tx";

/** What was sold or bought, for people. */
export interface LastTrade {
  slot: number;
  sold: boolean;
  legs: readonly TxLeg[];
  txid: Uint8Array;
  /** The block that settled it, once the node has seen the proof. */
  height?: number;
}
