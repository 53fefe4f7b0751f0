// SPDX-License-Identifier: Apache-2.0
/**
 * From bytes to verified messages. The machine compares the key of a signature with that of the height's
 * own set.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { openSigned, type RecordType, verifySigned } from "#core/codec/record";
import { blockIdOf, blockIdOfHashes, type ProposedBlock } from "#core/consensus/block-id";
import type { Crypto } from "#core/crypto/port";
import { type Refusal, refuse } from "#core/errors/codes";
import {
  decisionRecord,
  gatewayVoteRecord,
  Phase,
  polkaRecord,
  proposalRecord,
  proposedRecord,
  quorumRecord,
  statusRecord,
} from "#core/records/consensus";
import type { Block, Message, MessageKind, ProposedMessage, VoteMessage } from "./types.ts";

export interface OpenPorts {
  readonly net: string;
  readonly crypto: Crypto;
  /** Keys that the gateway with this id in hex has or had: one that is behind signs with an earlier one. */
  keysOf(idHex: string): readonly Uint8Array[];
}

/** A message that came from `sender` (id in hex), or why it is none. */
export function openMessage(
  ports: OpenPorts,
  kind: MessageKind,
  bytes: Uint8Array,
  sender: string,
): Message | Refusal {
  if (kind === "vote") return openVote(ports, bytes);
  if (kind === "proposed") return openProposed(ports, bytes);
  if (kind === "quorum") return openQuorum(ports, bytes, sender);
  if (kind === "decision") return openDecision(ports, bytes, sender);
  if (kind === "polka") return openPolka(ports, bytes, sender);
  const opened = openWord(ports, statusRecord, bytes, (status) => status.gateway);
  if ("code" in opened) return opened;
  const { value, ...signed } = opened;
  return { type: "status", status: value, ...signed };
}

/** Header and plan with their id. */
export function blockOf(crypto: Crypto, { header, plan }: ProposedBlock): Block {
  const id = blockIdOf(crypto, { header, plan });
  return { header, plan, id, key: toHex(id) };
}

/** A signed vote. */
export function openVote(ports: OpenPorts, bytes: Uint8Array): VoteMessage | Refusal {
  const opened = openWord(ports, gatewayVoteRecord, bytes, (vote) => vote.voter);
  if ("code" in opened) return opened;
  const { value: vote, ...signed } = opened;
  const known = vote.phase === Phase.prevote || vote.phase === Phase.precommit;
  if (!known) return refuse("FIELD_RANGE", "phase");
  // A vote for a block has no reason for nil: a certificate makes the record again without it.
  if (vote.block && vote.code !== 0) return refuse("FIELD_RANGE", "code");
  return { type: "vote", vote, block: vote.block ? toHex(vote.block) : "", ...signed };
}

function openProposed(ports: OpenPorts, bytes: Uint8Array): ProposedMessage | Refusal {
  const decoded = proposedRecord.decode(bytes);
  if (!decoded.ok) return decoded;
  const opened = openWord(ports, proposalRecord, decoded.value.proposal, (one) => one.proposer);
  if ("code" in opened) return opened;
  const { value: proposal, ...signed } = opened;
  const block = blockOf(ports.crypto, decoded.value);
  if (!bytesEqual(block.id, proposal.block)) return refuse("PROPOSAL_BLOCK", block.key);
  const polka = openVotes(ports, decoded.value.polka);
  if ("code" in polka) return polka;
  return { type: "proposed", proposal, block, polka, message: bytes, ...signed };
}

function openVotes(ports: OpenPorts, items: readonly Uint8Array[]): VoteMessage[] | Refusal {
  const votes: VoteMessage[] = [];
  for (const item of items) {
    const vote = openVote(ports, item);
    if ("code" in vote) return vote;
    votes.push(vote);
  }
  return votes;
}

function openPolka(ports: OpenPorts, bytes: Uint8Array, from: string): Message | Refusal {
  const decoded = polkaRecord.decode(bytes);
  if (!decoded.ok) return decoded;
  const votes = openVotes(ports, decoded.value.votes);
  if ("code" in votes) return votes;
  return { type: "polka", block: blockOf(ports.crypto, decoded.value), votes, from };
}

function openQuorum(ports: OpenPorts, bytes: Uint8Array, from: string): Message | Refusal {
  const decoded = quorumRecord.decode(bytes);
  if (!decoded.ok) return decoded;
  const quorum = decoded.value;
  if (quorum.net !== ports.net) return refuse("WRONG_NET", quorum.net);
  const block = toHex(blockIdOfHashes(ports.crypto, quorum.header, quorum.plan));
  return { type: "quorum", quorum, block, from };
}

function openDecision(ports: OpenPorts, bytes: Uint8Array, from: string): Message | Refusal {
  const decoded = decisionRecord.decode(bytes);
  if (!decoded.ok) return decoded;
  const quorum = openQuorum(ports, decoded.value.quorum, from);
  if ("code" in quorum || quorum.type !== "quorum") return quorum;
  const block = blockOf(ports.crypto, decoded.value);
  if (block.key !== quorum.block) return refuse("QUORUM_INVALID", "for another block");
  return { type: "decision", block, quorum: quorum.quorum, from };
}

interface Word<T> {
  value: T;
  from: string;
  publicKey: Uint8Array;
  bytes: Uint8Array;
  record: Uint8Array;
}

/** A signed record of a gateway of this network. */
function openWord<T extends { net: string }>(
  { net, crypto, keysOf }: OpenPorts,
  type: RecordType<T>,
  bytes: Uint8Array,
  authorOf: (value: T) => Uint8Array,
): Word<T> | Refusal {
  const opened = openSigned(type, crypto, bytes);
  if (!opened.ok) return opened;
  const { value, id } = opened;
  if (value.net !== net) return refuse("WRONG_NET", value.net);
  const from = toHex(authorOf(value));
  const keys = keysOf(from);
  if (keys.length === 0) return refuse("GATEWAY_UNKNOWN", from);
  const publicKey = keys.find((key) => verifySigned(crypto, key, opened));
  if (!publicKey) return refuse("BAD_SIGNATURE", from);
  return { value, from, publicKey, bytes, record: id };
}
