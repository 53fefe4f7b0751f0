// SPDX-License-Identifier: Apache-2.0
/**
 * A segment of a gateway's feed: what it wrote to its log in one commit, for the other gateways to audit
 * (paper 1, II-B-6). Segments of one gateway are numbered without gaps and chained by hashes, so that a
 * block can name all that it covers of a gateway by one number and one hash.
 */
import { recordType } from "../codec/record.ts";
import { bytes, hash, type Infer, list, optional, struct, uint } from "../codec/schema.ts";
import { FED_ENTRY_BYTES_MAX, SEGMENT_BYTES_MAX, SEGMENT_ENTRIES_MAX } from "../limits.ts";
import { ms, netName, nodeId, RecordKind } from "./common.ts";

/** An entry of the gateway's log, as it stands there. */
export const fedEntry = struct({ kind: uint(63), bytes: bytes(1, FED_ENTRY_BYTES_MAX) });
export type FedEntry = Infer<typeof fedEntry>;

const segmentFields = {
  net: netName,
  /** The gateway whose log it is; it signs the segment. */
  gateway: nodeId,
  /** From 1 without gaps. */
  seq: uint(),
  /** Id of the segment before; absent in the first. */
  prev: optional(hash),
  /** Protocol time of the commit. */
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
