// SPDX-License-Identifier: Apache-2.0
/**
 * A segment of a gateway's feed: what it collected from its nodes in one go, for all gateways to take in
 * (paper 1, II-B-5). Segments of one gateway are numbered without gaps and chained by hashes, so that a
 * turn can name all that it takes in of a gateway by one number and one hash.
 */
import { recordType } from "../codec/record.ts";
import { bytes, hash, type Infer, list, optional, struct, uint } from "../codec/schema.ts";
import { FED_ENTRY_BYTES_MAX, SEGMENT_BYTES_MAX, SEGMENT_ENTRIES_MAX } from "../limits.ts";
import { ms, netName, nodeId, RecordKind } from "./common.ts";

/** What an entry of a feed holds. Numbers never change their meaning. */
export const FedKind = Object.freeze({
  /** What a node said: topic and payload (records/turn.ts). */
  heard: 1,
  /** A proof of fraud that this gateway came upon. */
  evidence: 2,
  /** A change of the consortium's gateways that this one is for (records/registry.ts). */
  change: 3,
  /** What the authority said, as it stands in the operator's folder. */
  authority: 4,
  certificate: 5,
  revocations: 6,
  /** What the gateway's own bank lends by: its signed offer. */
  bank: 7,
});

export const fedEntry = struct({ kind: uint(63), bytes: bytes(1, FED_ENTRY_BYTES_MAX) });
export type FedEntry = Infer<typeof fedEntry>;

const segmentFields = {
  net: netName,
  /** The gateway that collected it; it signs the segment. */
  gateway: nodeId,
  /** From 1 without gaps. */
  seq: uint(),
  /** Id of the segment before; absent in the first. */
  prev: optional(hash),
  /** When, by its clock. */
  atMs: ms,
  entries: list(fedEntry, SEGMENT_ENTRIES_MAX),
};
export type Segment = Infer<typeof segmentFields>;
export const segmentRecord = recordType(
  "segment",
  RecordKind.segment,
  1,
  segmentFields,
  SEGMENT_BYTES_MAX,
);
