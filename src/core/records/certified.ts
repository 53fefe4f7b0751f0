// SPDX-License-Identifier: Apache-2.0
/**
 * What nodes check their gateway's word with, where several gateways agree: a turn with its quorum's
 * certificate, and a change of the gateways with the signatures of those that wanted it.
 */
import { recordType } from "../codec/record.ts";
import { bytes, type Infer, list, optional, struct, uint } from "../codec/schema.ts";
import { GATEWAYS_MAX, HEADER_BYTES_MAX } from "../consensus/limits.ts";
import { netName, RecordKind, signature } from "./common.ts";
import { changeRecord } from "./registry.ts";

/** 64 voices of 88 bytes, a turn's header and a block's of 0.5 KB each; 35 of 51 take 4 KB. */
const CERTIFIED_BYTES_MAX = 8 * 1024;
/** 64 voices of 70 bytes, and the change. */
const CHANGED_BYTES_MAX = 6 * 1024;

const certifiedFields = {
  net: netName,
  /** Changes of the gateways that had taken effect: whose voices they have to be. */
  changes: uint(0xffffffff),
  /** The turn's header record, which names the ledger's last header and the epoch. */
  turn: bytes(1, HEADER_BYTES_MAX),
  /** Its quorum's record. */
  quorum: bytes(1, CERTIFIED_BYTES_MAX),
  /** The record of the ledger's header that the turn names, not signed. */
  header: optional(bytes(1, HEADER_BYTES_MAX)),
};

/** A certified turn, and the ledger's header that it stands for. Not signed: the quorum's voices are. */
export type Certified = Infer<typeof certifiedFields>;
export const certifiedRecord = recordType(
  "certified",
  RecordKind.certified,
  1,
  certifiedFields,
  CERTIFIED_BYTES_MAX,
);

const changedFields = {
  net: netName,
  /** The change's record. */
  change: bytes(1, changeRecord.bytesMax),
  /** Signatures over it of gateways that stood in the set before, ascending by their places there. */
  voices: list(struct({ voter: uint(GATEWAYS_MAX - 1), signature }), GATEWAYS_MAX, 1),
};

/** A change that took effect, and the quorum that wanted it. Not signed: its voices are. */
export type Changed = Infer<typeof changedFields>;
export const changedRecord = recordType(
  "changed",
  RecordKind.changed,
  1,
  changedFields,
  CHANGED_BYTES_MAX,
);
