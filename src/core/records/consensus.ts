// SPDX-License-Identifier: Apache-2.0
/**
 * What gateways say to each other to agree on a block (paper 1, II-B-6; docs/consensus.md). The leader's
 * block is a proposal, an audit a prevote, an audit reply a precommit, and the commit a certificate.
 */
import { recordType } from "../codec/record.ts";
import {
  bytes,
  type Field,
  hash,
  type Infer,
  list,
  optional,
  struct,
  uint,
} from "../codec/schema.ts";
import {
  CONSENSUS_SIGNED_BYTES_MAX,
  GATEWAYS_MAX,
  HEADER_BYTES_MAX,
  PLAN_BYTES_MAX,
  PROPOSED_BYTES_MAX,
} from "../consensus/limits.ts";
import { netName, nodeId, publicKey, RecordKind, signature } from "./common.ts";

const U32 = 0xffffffff;
const height = uint(U32);
const round = uint(U32);
/**
 * One bit for each gateway of the height's set, lowest bit of the first byte first; no zero byte at the
 * end.
 */
const voters = bytes(0, GATEWAYS_MAX / 8);

const proposalFields = {
  net: netName,
  height,
  round,
  /** The round in which a quorum prevoted this block already; absent for a new one. */
  validRound: optional(round, "*"),
  proposer: nodeId,
  /** Id of header and plan (core/consensus/block-id.ts). */
  block: hash,
  /** With proof-of-work: what makes the work's hash small. */
  nonce: optional(uint(), "*"),
};

/** The leader's word for a block. It is small, so that two of them prove that it said two things. */
export type Proposal = Infer<typeof proposalFields>;
export const proposalRecord = recordType(
  "proposal",
  RecordKind.proposal,
  1,
  proposalFields,
  CONSENSUS_SIGNED_BYTES_MAX,
);

/** A signed proposal, vote or status. */
const signedBytes: Field<Uint8Array> = bytes(1, CONSENSUS_SIGNED_BYTES_MAX + 128);
/** A header's record, not signed: the proposal is, and in the end a quorum's votes are. */
const header: Field<Uint8Array> = bytes(1, HEADER_BYTES_MAX);
const plan: Field<Uint8Array> = bytes(0, PLAN_BYTES_MAX);

const proposedFields = {
  /** The signed proposal. */
  proposal: signedBytes,
  header,
  plan,
  /** The signed prevotes of its validRound: a quorum, or none where it is a new block. */
  polka: list(signedBytes, GATEWAYS_MAX),
};

/** A proposal with its block. Not signed: its parts are. */
export type Proposed = Infer<typeof proposedFields>;
export const proposedRecord = recordType(
  "proposed",
  RecordKind.proposed,
  1,
  proposedFields,
  PROPOSED_BYTES_MAX,
);

/** The two votes of a round. */
export const Phase = Object.freeze({ prevote: 1, precommit: 2 });

const gatewayVoteFields = {
  net: netName,
  height,
  round,
  phase: uint(2),
  voter: nodeId,
  /** Id of the block; absent is nil: none in this round. */
  block: optional(hash),
  /** Why it is nil: what the audit found (errors/codes.ts); 0 with a block. */
  code: uint(0xffff),
  /** In a precommit: the gateways whose prevotes of this round the voter has … */
  heard: voters,
  /** … and those among them that said what this precommit says. */
  agreed: voters,
};

/** A gateway's audit (prevote) or its reply with the audits that it heard (precommit). */
export type GatewayVote = Infer<typeof gatewayVoteFields>;
export const gatewayVoteRecord = recordType(
  "gateway-vote",
  RecordKind.gatewayVote,
  1,
  gatewayVoteFields,
  CONSENSUS_SIGNED_BYTES_MAX,
);

/**
 * One precommit of a certificate: with these fields the voter's record is made again, and its signature
 * checked.
 */
export const quorumVoice = struct({
  /** Place in the height's set of gateways, which ascends by id. */
  voter: uint(GATEWAYS_MAX - 1),
  heard: voters,
  agreed: voters,
  signature,
});
export type QuorumVoice = Infer<typeof quorumVoice>;

const quorumFields = {
  net: netName,
  height,
  round,
  /** SHA-256 of the header's record and of the plan: the block's id follows from both. */
  header: hash,
  plan: hash,
  /** Precommits for the block, ascending by voter. */
  voices: list(quorumVoice, GATEWAYS_MAX, 1),
};

/** A quorum's certificate for a block. Not signed: its voices are. */
export type Quorum = Infer<typeof quorumFields>;
export const quorumRecord = recordType("quorum", RecordKind.quorum, 1, quorumFields);

const decisionFields = {
  header,
  plan,
  /** The quorum's record. */
  quorum: bytes(1, quorumRecord.bytesMax),
};

/** A decided block for who does not have it: the paper's block that is sent once again. */
export type Decision = Infer<typeof decisionFields>;
export const decisionRecord = recordType(
  "decision",
  RecordKind.decision,
  1,
  decisionFields,
  PROPOSED_BYTES_MAX,
);

const equivocationFields = {
  net: netName,
  /** Whose. */
  publicKey,
  /** Two signed proposals of one round, or two signed votes of one round and phase. */
  items: list(signedBytes, 2, 2),
};

/** Proof that a gateway said two things where the rules allow one. Not signed: its items are. */
export type Equivocation = Infer<typeof equivocationFields>;
export const equivocationRecord = recordType(
  "equivocation",
  RecordKind.equivocation,
  1,
  equivocationFields,
  2048,
);

/** What makes an answer the answer to this question. */
const nonce: Field<Uint8Array> = bytes(16);

const statusFields = {
  net: netName,
  gateway: nodeId,
  /** The height that it works on: it has decided all below. */
  height,
  round,
  /** 1: it has something for a block. */
  wants: uint(1),
  /** Asks for a status that names this. */
  ask: optional(nonce),
  answer: optional(nonce),
};

/** Where a gateway stands. Who is further sends the decisions that it lacks. */
export type Status = Infer<typeof statusFields>;
export const statusRecord = recordType(
  "status",
  RecordKind.status,
  1,
  statusFields,
  CONSENSUS_SIGNED_BYTES_MAX,
);

const polkaFields = {
  header,
  plan,
  /** The signed prevotes of a quorum for this block in one round. */
  votes: list(signedBytes, GATEWAYS_MAX, 1),
};

/**
 * A quorum's prevotes for a block, for who did not see them: somebody is bound by them. Not signed: its
 * votes are.
 */
export type Polka = Infer<typeof polkaFields>;
export const polkaRecord = recordType(
  "polka",
  RecordKind.polka,
  1,
  polkaFields,
  PROPOSED_BYTES_MAX,
);
