// SPDX-License-Identifier: Apache-2.0
/**
 * The state that turns have led to, for a gateway that is far behind (docs/consensus.md, "States"). What is
 * taken is decided by the signatures of offers; a piece proves itself by its path to the root that they name.
 */
import { recordType } from "../codec/record.ts";
import { bytes, hash, type Infer, list, uint } from "../codec/schema.ts";
import { STATE_BYTES_MAX, STATE_PIECE_BYTES, STATE_PIECES_MAX } from "../limits.ts";
import { netName, nodeId, RecordKind } from "./common.ts";
import { decisionRecord } from "./consensus.ts";

const stateWantedFields = {
  net: netName,
  /** The asker has executed all turns below. */
  height: uint(0xffffffff),
};
/** A gateway that is far behind asks for states. */
export type StateWanted = Infer<typeof stateWantedFields>;
export const stateWantedRecord = recordType(
  "state-wanted",
  RecordKind.stateWanted,
  1,
  stateWantedFields,
  128,
);

const stateOfferFields = {
  net: netName,
  /** Who says so. */
  gateway: nodeId,
  /** The first turn that the state does not have, and the id of the one before it. */
  height: uint(0xffffffff),
  turn: hash,
  /** Of the state's bytes (gateway/handout/shared.ts). */
  format: uint(0xffff),
  size: uint(STATE_BYTES_MAX),
  /** Merkle root over its pieces of STATE_PIECE_BYTES. */
  root: hash,
  /** The decision of turn `height`: it names the ledger of the state. */
  next: bytes(1, decisionRecord.bytesMax),
};
/** A gateway has this state, and has come to it itself. */
export type StateOffer = Infer<typeof stateOfferFields>;
export const stateOfferRecord = recordType(
  "state-offer",
  RecordKind.stateOffer,
  1,
  stateOfferFields,
  decisionRecord.bytesMax + 512,
);

const pieceWantedFields = { net: netName, root: hash, index: uint(STATE_PIECES_MAX) };
export type PieceWanted = Infer<typeof pieceWantedFields>;
export const pieceWantedRecord = recordType(
  "piece-wanted",
  RecordKind.pieceWanted,
  1,
  pieceWantedFields,
  128,
);

const pieceFields = {
  net: netName,
  root: hash,
  index: uint(STATE_PIECES_MAX),
  bytes: bytes(1, STATE_PIECE_BYTES),
  path: list(hash, 16),
};
/** One piece of a state. Not signed: its path is its proof. */
export type Piece = Infer<typeof pieceFields>;
export const pieceRecord = recordType(
  "piece",
  RecordKind.piece,
  1,
  pieceFields,
  STATE_PIECE_BYTES + 1024,
);
