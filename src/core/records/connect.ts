// SPDX-License-Identifier: Apache-2.0
/** What a client shows its broker in the password of CONNECT: that it holds the key of its client id, now. */
import { recordType } from "../codec/record.ts";
import { type Infer, text } from "../codec/schema.ts";
import { CLIENT_CHARS_MAX } from "../limits.ts";
import { ms, netName, nodeId, publicKey, RecordKind } from "./common.ts";

const connectFields = {
  net: netName,
  /** The gateway whose broker it is for. */
  gateway: nodeId,
  /** The client id: of a node its id in hex, which has to follow from the key. */
  client: text(CLIENT_CHARS_MAX),
  publicKey,
  /** UTC, not protocol time: the token counts for a short while only. */
  atMs: ms,
};

/** Signed by the key in it. */
export type Connect = Infer<typeof connectFields>;
export const connectRecord = recordType("connect", RecordKind.connect, 1, connectFields, 256);
