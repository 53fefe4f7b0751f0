// SPDX-License-Identifier: Apache-2.0
/** Who belongs to an area: a node's request to be admitted, and the gateway's answer. */
import { recordType } from "../codec/record.ts";
import { bytes, hash, type Infer, text, u64, uint } from "../codec/schema.ts";
import { NAME_CHARS_MAX, QTY_WH_MAX } from "../limits.ts";
import { ms, netName, nodeId, publicKey, RecordKind } from "./common.ts";
import { walletFields } from "./wallets.ts";

const memberFields = {
  net: netName,
  publicKey,
  name: text(NAME_CHARS_MAX),
  /** Largest energy that the connection carries in one slot, either way, Wh. */
  capacityWh: uint(QTY_WH_MAX),
  ...walletFields,
};

/** Signed by the node's own key: it asks to be a member, and says hello after every connect. */
export type Member = Infer<typeof memberFields>;
export const memberRecord = recordType("member", RecordKind.member, 2, memberFields, 512);

const configFields = {
  net: netName,
  gateway: nodeId,
  node: nodeId,
  /** 0, or the code of the refusal. */
  code: uint(0xffff),
  /** Highest contiguous message number that the gateway has made durable. */
  upTo: uint(),
  /** Running digest over those messages. */
  digest: bytes(32),
  /** Number of the last transaction in the node's chain at the gateway, its id and effective time. */
  txSeq: uint(),
  txid: hash,
  txMs: ms,
  /**
   * One more than the boundary of the last reading, 0 for none, and the registers there: what a node
   * that lost its store goes on from.
   */
  boundary: uint(),
  importMwh: u64,
  exportMwh: u64,
  atMs: ms,
};

/** Signed by the gateway: the answer to a member's hello. */
export type Config = Infer<typeof configFields>;
export const configRecord = recordType("config", RecordKind.config, 1, configFields, 512);
