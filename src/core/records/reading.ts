// SPDX-License-Identifier: Apache-2.0
/** What a meter measured: cumulative registers at a slot boundary, signed by the node. */
import { recordType } from "../codec/record.ts";
import { type Infer, u64, uint } from "../codec/schema.ts";
import { ms, netName, nodeId, RecordKind, slotNumber } from "./common.ts";

const readingFields = {
  net: netName,
  node: nodeId,
  /** Boundary b is the start of slot b, which is the end of slot b − 1. */
  boundary: slotNumber,
  atMs: ms,
  /** TimeQuality of `atMs`. */
  quality: uint(2),
  importMwh: u64,
  exportMwh: u64,
  /** How often this node has started: a reader sees restarts. */
  boot: uint(0xffffffff),
  /** Number of the message that says it: it can be said under no other. */
  said: uint(),
};

export type Reading = Infer<typeof readingFields>;
export const readingRecord = recordType("reading", RecordKind.reading, 1, readingFields, 256);
