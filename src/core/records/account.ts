// SPDX-License-Identifier: Apache-2.0
/** What a gateway tells a node that it owns. */
import { recordType } from "../codec/record.ts";
import { hash, type Infer, list, struct, uint } from "../codec/schema.ts";
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
  atMs: ms,
};

/** What a node owns after a block, signed by its gateway. */
export type Account = Infer<typeof accountFields>;
export const accountRecord = recordType("account", RecordKind.account, 1, accountFields, 4096);
