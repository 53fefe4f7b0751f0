// SPDX-License-Identifier: Apache-2.0
/** That a balance is the one under a block's state root: what a node checks when it boots (paper 1, II-B-1). */
import { recordType } from "../codec/record.ts";
import { bytes, type Field, hash, type Infer, uint } from "../codec/schema.ts";
import { STATE_PATH_BYTES_MAX } from "../limits.ts";
import { micro, netName, nodeId, RecordKind } from "./common.ts";

/** The signed header's envelope. */
export const proofHeader: Field<Uint8Array> = bytes(1, 2048);

/** Steps of 33 bytes: a bit and a sibling's hash. */
export const statePath: Field<Uint8Array> = bytes(0, STATE_PATH_BYTES_MAX);

const fields = {
  net: netName,
  gateway: nodeId,
  node: nodeId,
  /** The signed header of the latest block. */
  header: proofHeader,
  /** From the account's leaf to the state root (core/crypto/map-proof.ts). */
  path: statePath,
  /** What the leaf says beside the node's id. */
  balanceMicro: micro,
  lockedMicro: micro,
  walletSet: uint(0xffffffff),
  commitment: hash,
};

/** Signed by the gateway: it greets a node with it. */
export type BalanceProof = Infer<typeof fields>;
export const proofRecord = recordType("proof", RecordKind.proof, 2, fields, 2048);
