// SPDX-License-Identifier: Apache-2.0
/** What a gateway gives for what a node said, once it is durable; and the numbered message it is for. */
import { recordType } from "../codec/record.ts";
import { bytes, type Field, type Infer, list, struct, uint } from "../codec/schema.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";
import { MESSAGE_BYTES_MAX, REFUSALS_MAX } from "../limits.ts";
import { ms, netName, nodeId, RecordKind } from "./common.ts";

/** A signed record or transaction. */
export const contentBytes: Field<Uint8Array> = bytes(1, MESSAGE_BYTES_MAX - 16);

const upFields = {
  /** 1, 2, 3 … over everything that this node says, without gaps. */
  seq: uint(),
  content: contentBytes,
};

/** The envelope on `up/…` topics. Not signed: the receipt's digest covers numbers and contents. */
export type Up = Infer<typeof upFields>;
export const upRecord = recordType("up", RecordKind.up, 1, upFields);

const receiptFields = {
  net: netName,
  gateway: nodeId,
  node: nodeId,
  /** Everything up to this number is durable. */
  upTo: uint(),
  digest: bytes(32),
  /** Numbers among them whose content was refused, with the code. */
  refused: list(struct({ seq: uint(), code: uint(0xffff) }), REFUSALS_MAX),
  atMs: ms,
};

export type Receipt = Infer<typeof receiptFields>;
export const receiptRecord = recordType("receipt", RecordKind.receipt, 1, receiptFields, 2048);

/** The digest of a node that has said nothing. */
export const FIRST_DIGEST: Uint8Array = new Uint8Array(32);

/** Running digest over what a node said: D(n) = SHA-256("wattle/said/1" ‖ 0 ‖ D(n−1) ‖ SHA-256(content)). */
export function nextDigest(crypto: Crypto, digest: Uint8Array, content: Uint8Array): Uint8Array {
  return nextDigestOf(crypto, digest, crypto.sha256(content));
}

/** The same where only SHA-256(content) is kept. */
export function nextDigestOf(
  crypto: Crypto,
  digest: Uint8Array,
  contentHash: Uint8Array,
): Uint8Array {
  return domainHash(crypto, "wattle/said/1", digest, contentHash);
}
