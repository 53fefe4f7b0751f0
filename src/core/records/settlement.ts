// SPDX-License-Identifier: Apache-2.0
/** That a trade of a node was settled by a block: a light proof of one effect. */
import { recordType } from "../codec/record.ts";
import { hash, type Infer, list, uint } from "../codec/schema.ts";
import { WALLETS_MAX, WIRE_ARRAY_MAX } from "../limits.ts";
import { effectStruct } from "./block.ts";
import { RecordKind } from "./common.ts";
import { proofHeader } from "./proof.ts";

/** Depth of a tree over WIRE_ARRAY_MAX = 2^13 effects. */
const PATH_MAX = 13;

const fields = {
  /** The signed header of the block. */
  header: proofHeader,
  /** A payment, its place among the effects of the block, and the path from it to their root. */
  effect: effectStruct,
  index: uint(WIRE_ARRAY_MAX),
  effects: uint(WIRE_ARRAY_MAX),
  path: list(hash, PATH_MAX),
  /** Which of the node's addresses coins moved from or to: number of the set, and place in it. */
  walletSet: uint(0xffffffff),
  wallet: uint(WALLETS_MAX - 1),
};

/** Not signed: everything in it follows from the header's signature. */
export type Settlement = Infer<typeof fields>;
export const settlementRecord = recordType("settlement", RecordKind.settlement, 1, fields, 2048);
