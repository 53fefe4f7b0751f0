// SPDX-License-Identifier: Apache-2.0
/** What an author and its witnesses say to each other before a transaction is one (ledger 4.4). */
import { recordType } from "../codec/record.ts";
import { bytes, type Field, hash, type Infer, optional, uint } from "../codec/schema.ts";
import { BODY_BYTES_MAX, CANCEL_BYTES_MAX } from "../limits.ts";
import { netName, nodeId, publicKey, RecordKind } from "./common.ts";
import { bodyBytes, potToken } from "./tx.ts";

const askFields = {
  net: netName,
  /** The author's: its id follows from it. */
  publicKey,
  body: bodyBytes,
};

/** Asks the committee of a body for tokens; signed by the author, so that two of them can prove a fraud. */
export type Ask = Infer<typeof askFields>;
const ASK_BYTES_MAX = BODY_BYTES_MAX + 128;
export const askRecord = recordType("ask", RecordKind.ask, 1, askFields, ASK_BYTES_MAX);

const tokenFields = {
  net: netName,
  /** The body that it is about. */
  txid: hash,
  witness: nodeId,
  /** 0 with a token, else why there is none. */
  code: uint(0xffff),
  token: optional(potToken),
};

/** A witness's answer. Not signed: the token is, and a refusal that somebody made up costs a token only. */
export type TokenAnswer = Infer<typeof tokenFields>;
export const tokenRecord = recordType("token", RecordKind.token, 1, tokenFields, 256);

const cancelFields = {
  net: netName,
  from: nodeId,
  seq: uint(),
  /** All bodies of this author with this number and an earlier tick. */
  beforeTick: uint(),
};

/** The author takes back what did not become a transaction; stands in the body that replaces it. */
export type Cancel = Infer<typeof cancelFields>;
export const cancelRecord = recordType("cancel", RecordKind.cancel, 1, cancelFields, 128);
/** A signed cancel record. */
export const cancelBytes: Field<Uint8Array> = bytes(1, CANCEL_BYTES_MAX);
