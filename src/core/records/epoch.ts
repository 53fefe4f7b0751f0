// SPDX-License-Identifier: Apache-2.0
/**
 * An epoch of proof-of-time (ledger 4.2, 4.4): its beacon, and who may witness in it. Signed by the gateway
 * and retained, so that every node draws the same committees.
 */
import { recordType } from "../codec/record.ts";
import { bytes, hash, type Infer, list, struct, uint } from "../codec/schema.ts";
import { EPOCH_MEMBERS_MAX, REVEALS_BYTES_MAX, TOKENS_MAX } from "../limits.ts";
import { ms, netName, nodeId, publicKey, RecordKind } from "./common.ts";

/** A member that may be drawn as a witness. */
export const epochMember = struct({ node: nodeId, publicKey });
export type EpochMember = Infer<typeof epochMember>;

const epochFields = {
  net: netName,
  gateway: nodeId,
  epoch: uint(0xffffffff),
  /** Unknown to everybody before the epoch: committees cannot be chosen ahead. */
  beacon: hash,
  /** The signatures that the beacon is the hash of, one after the other (core/pot/beacon.ts). */
  reveals: bytes(0, REVEALS_BYTES_MAX),
  /** Protocol time from which it is in force. */
  startMs: ms,
  /** How far a stamp may be from a witness's clock, and a token's time from the stamp, ms. */
  epsilonMs: uint(86_400_000),
  tauMs: uint(86_400_000),
  /** Witnesses of one transaction, and tokens that it needs; 0 of 0 without proof-of-time. */
  k: uint(TOKENS_MAX),
  m: uint(TOKENS_MAX),
  /** Those with a receipt in the epoch before, ascending by id. */
  members: list(epochMember, EPOCH_MEMBERS_MAX),
};

export type Epoch = Infer<typeof epochFields>;
export const epochRecord = recordType("epoch", RecordKind.epoch, 1, epochFields);
