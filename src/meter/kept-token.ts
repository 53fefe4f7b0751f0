// SPDX-License-Identifier: Apache-2.0
/** A token that was checked, as it stands in a transaction: its fields as objects take twice as much. */
import { encodeToken, type PotToken } from "#core/records/tx";

export interface Kept {
  /** In the committee; of a gateway's token its place among the gateways. */
  rank: number;
  tMs: number;
  bytes: Uint8Array;
}

export function kept(token: PotToken, rank: number): Kept {
  return { rank, tMs: token.tMs, bytes: encodeToken(token) };
}
