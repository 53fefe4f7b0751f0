// SPDX-License-Identifier: Apache-2.0
/** Votes for transactions (ledger 4.5), and proofs that somebody broke a rule that binds identities. */
import { recordType } from "../codec/record.ts";
import { bytes, hash, type Infer, list, uint } from "../codec/schema.ts";
import { EVIDENCE_ITEM_BYTES_MAX, VOTE_TXIDS_MAX } from "../limits.ts";
import { ms, netName, nodeId, publicKey, RecordKind } from "./common.ts";

const voteFields = {
  net: netName,
  voter: nodeId,
  epoch: uint(0xffffffff),
  /** The transactions that it holds valid: of each conflict set at most one, ever. */
  txids: list(hash, VOTE_TXIDS_MAX, 1),
  atMs: ms,
};

/** An ACK for several transactions at once, signed by the voter. */
export type Vote = Infer<typeof voteFields>;
export const voteRecord = recordType("vote", RecordKind.vote, 1, voteFields, 4096);

/**
 * `bodies`: two asks or transactions for one number of a chain, neither of which cancels the other.
 * `tokens`: two transactions with one body. `cancelled`: a transaction, and an ask or transaction that cancels
 * it. `votes`: two votes for two transactions with one number, and the bodies of these.
 */
export const Fraud = Object.freeze({ bodies: 1, tokens: 2, cancelled: 3, votes: 4 });

const evidenceFields = {
  net: netName,
  fraud: uint(15),
  /** Who did it. */
  publicKey,
  /** What proves it by itself: signed asks, transactions, votes as they came. */
  items: list(bytes(1, EVIDENCE_ITEM_BYTES_MAX), 4, 2),
};

/** Not signed: its items are, and whoever carries it adds nothing. */
export type Evidence = Infer<typeof evidenceFields>;
export const evidenceRecord = recordType("evidence", RecordKind.evidence, 1, evidenceFields);
