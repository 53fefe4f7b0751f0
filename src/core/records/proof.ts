// SPDX-License-Identifier: Apache-2.0
/** That a balance is the one under a block's state root: what a node checks when it boots (paper 1, II-B-1). */
import { recordType } from "../codec/record.ts";
import { bytes, type Field, hash, type Infer, list, uint } from "../codec/schema.ts";
import { PROOF_MAX } from "../limits.ts";
import { micro, netName, nodeId, RecordKind } from "./common.ts";

/** The signed header's envelope. */
export const proofHeader: Field<Uint8Array> = bytes(1, 2048);

const fields = {
  net: netName,
  gateway: nodeId,
  node: nodeId,
  /** The signed header of the latest block. */
  header: proofHeader,
  /** Place of the account's leaf among the leaves of the state, and the path from it to the state root. */
  index: uint(0xffffffff),
  leaves: uint(0xffffffff),
  path: list(hash, PROOF_MAX),
  /** What the leaf says beside the node's id. */
  balanceMicro: micro,
  lockedMicro: micro,
  walletSet: uint(0xffffffff),
  commitment: hash,
};

/** Signed by the gateway: it greets a node with it. */
export type BalanceProof = Infer<typeof fields>;
export const proofRecord = recordType("proof", RecordKind.proof, 1, fields, 2048);
