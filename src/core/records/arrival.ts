// SPDX-License-Identifier: Apache-2.0
/**
 * The first that a node says to a gateway when it comes from another one: from which number on it speaks
 * here, and where its chain of transactions stands. Both go on over all gateways, so that no number is used
 * twice.
 */
import { recordType } from "../codec/record.ts";
import { bytes, hash, type Infer, optional, uint } from "../codec/schema.ts";
import { netName, nodeId, RecordKind } from "./common.ts";

/** Bytes of a gateway's id by which a node tells the few gateways apart that it spoke with. */
export const GATEWAY_MARK_BYTES = 8;

const fields = {
  net: netName,
  node: nodeId,
  /** The gateway that this is for: no other takes it. */
  gateway: nodeId,
  /** The gateway that the node spoke with before: the first half of its id, all that a node keeps. */
  from: bytes(GATEWAY_MARK_BYTES),
  /** Head of its chain: number and id of its last transaction, wherever it was said; 0 without one. */
  txSeq: uint(),
  txid: optional(hash),
  /** Messages that the gateway before has not receipted: they are given up, and never said again. */
  dropped: uint(0xffff),
  /** Number of the message that says it: all after it follow without gaps. */
  said: uint(),
};

export type Arrival = Infer<typeof fields>;
export const arrivalRecord = recordType("arrival", RecordKind.arrival, 1, fields, 256);
