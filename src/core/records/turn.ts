// SPDX-License-Identifier: Apache-2.0
/**
 * A turn of the consortium: what its gateways agree to take in together, and when (docs/consensus.md). The
 * ledger's blocks follow from it: whoever takes in the same, in the same order and at the same time, comes
 * to the same blocks.
 */
import { recordType } from "../codec/record.ts";
import { bytes, hash, type Infer, list, optional, struct, text, uint } from "../codec/schema.ts";
import { GATEWAYS_MAX, HEADER_BYTES_MAX, PLAN_BYTES_MAX } from "../consensus/limits.ts";
import { FETCH_SEGMENTS_MAX, MESSAGE_BYTES_MAX } from "../limits.ts";
import { ms, netName, nodeId, RecordKind } from "./common.ts";

const turnFields = {
  net: netName,
  height: uint(0xffffffff),
  /** Id of the turn before; absent at height 0. */
  prev: optional(hash),
  /** The gateway that proposes it. */
  leader: nodeId,
  /** The time at which all of it is taken in, ms of the leader's clock. */
  atMs: ms,
  /** What all gateways have to have in common (gateway/consortium/terms.ts). */
  terms: hash,
  /** Id of the ledger's last header after the turn before; absent where there is no block yet. */
  ledger: optional(hash, "*"),
  /** The epoch in force after the turn before (pot/epoch-digest.ts); absent before the first. */
  epoch: optional(struct({ number: uint(0xffffffff), digest: hash }), "*"),
  /** The leader's part in the next beacon, where this turn has one: a BLS signature (ledger 4.4). */
  reveal: optional(bytes(48), "*"),
};
export type Turn = Infer<typeof turnFields>;
export const turnRecord = recordType("turn", RecordKind.turn, 2, turnFields, HEADER_BYTES_MAX);

/** How far a turn goes in a gateway's feed: the last segment that it takes in. */
export const cutStruct = struct({ gateway: nodeId, seq: uint(), id: hash });
export type Cut = Infer<typeof cutStruct>;

const cutsFields = {
  /** Of those that go on with this turn, ascending by gateway. */
  cuts: list(cutStruct, GATEWAYS_MAX),
};
export type Cuts = Infer<typeof cutsFields>;
export const cutsRecord = recordType("cuts", RecordKind.cuts, 1, cutsFields, PLAN_BYTES_MAX);

const wantedFields = {
  net: netName,
  /** Whose feed. */
  gateway: nodeId,
  from: uint(),
  count: uint(FETCH_SEGMENTS_MAX),
  /** Of the last of them, where it is known: a gateway that lies signs several of one number. */
  id: optional(hash),
};
/** A gateway asks for segments that it does not have. */
export type Wanted = Infer<typeof wantedFields>;
export const wantedRecord = recordType("wanted", RecordKind.wanted, 2, wantedFields, 128);

/** A message of a node in a feed: topic below `…/node/`, and payload as it came. */
export const heardStruct = struct({ topic: text(80), payload: bytes(0, MESSAGE_BYTES_MAX + 1) });
export type Heard = Infer<typeof heardStruct>;
