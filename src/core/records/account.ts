// SPDX-License-Identifier: Apache-2.0
/** What a gateway tells a node that it owns. */
import { recordType } from "../codec/record.ts";
import { hash, type Infer, list, struct, uint } from "../codec/schema.ts";
import { SALTS_MAX } from "../limits.ts";
import { micro, ms, netName, nodeId, RecordKind, slotNumber } from "./common.ts";

/** A transaction that a block rejected, and the wire number of why. */
export const rejectedStruct = struct({ txid: hash, code: uint(0xffff) });

const accountFields = {
  net: netName,
  gateway: nodeId,
  node: nodeId,
  /** The block after which these balances hold. */
  height: uint(0xffffffff),
  header: hash,
  slot: slotNumber,
  freeMicro: micro,
  lockedMicro: micro,
  /** Own transactions that this block rejected. */
  rejected: list(rejectedStruct, 64),
  /** The newest set of its addresses that the ledger knows. */
  walletSet: uint(0xffffffff),
  /**
   * Salts of the public blocks since the last slot that was closed, this block's last: with them a member can
   * show an outsider that something of its own is in a block.
   */
  salts: list(hash, SALTS_MAX),
  atMs: ms,
};

/** What a node owns after a block, signed by its gateway. */
export type Account = Infer<typeof accountFields>;
export const accountRecord = recordType("account", RecordKind.account, 2, accountFields, 4096);
