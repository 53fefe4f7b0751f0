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
  type GatewayVote,
  gatewayVoteRecord,
  Phase,
  polkaRecord,
  proposalRecord,
  proposedRecord,
  quorumRecord,
  statusRecord,
} from "#core/records/consensus";
import type { Sieve } from "./sieve.ts";
import type {
  Block,
  Message,
  MessageKind,
  ProposedMessage,
  VoteHead,
  VoteMessage,
} from "./types.ts";

export interface OpenPorts {
  readonly net: string;
  readonly crypto: Crypto;
  /** Keys that the gateway with this id in hex has or had: one that is behind signs with an earlier one. */
  keysOf(idHex: string): readonly Uint8Array[];
  /** Of the machine that the messages are for: what would come to nothing costs no signatures. */
  readonly sieve?: Sieve;
}

/** A message that came from `sender` (id in hex), or why it is none. */
export function openMessage(
  ports: OpenPorts,
  kind: MessageKind,
  bytes: Uint8Array,
  sender: string,
): Message | Refusal {
  if (kind === "vote") return openVote(ports, bytes);
  if (kind === "proposed") return openProposed(ports, bytes, sender);
  if (kind === "quorum") return openQuorum(ports, bytes, sender);
  if (kind === "decision") return openDecision(ports, bytes, sender);
  if (kind === "polka") return openPolka(ports, bytes, sender);
  return openStatus(ports, bytes);
}

function openStatus(ports: OpenPorts, bytes: Uint8Array): Message | Refusal {
  const { net, crypto } = ports;
  const read = readWord(net, crypto, statusRecord, bytes, (one) => one.gateway);
  if ("code" in read) return read;
  const publicKey = keyOf(ports, read);
  if (!(publicKey instanceof Uint8Array)) return publicKey;
  const { value: status, from, record } = read;
  return { type: "status", status, from, publicKey, bytes, record };
}

/** Header and plan with their id. */
export function blockOf(crypto: Crypto, { header, plan }: ProposedBlock): Block {
  const id = blockIdOf(crypto, { header, plan });
  return { header, plan, id, key: toHex(id) };
}

/** A signed vote. */
export function openVote(ports: OpenPorts, bytes: Uint8Array): VoteMessage | Refusal {
  const read = readVote(ports, bytes);
  if ("code" in read) return read;
  return ports.sieve?.voteFault(read) ?? provenVote(ports, read);
}

/** A vote whose signature is not checked yet. */
type ReadVote = VoteHead & Read<GatewayVote>;

function readVote({ net, crypto }: OpenPorts, bytes: Uint8Array): ReadVote | Refusal {
  const read = readWord(net, crypto, gatewayVoteRecord, bytes, (vote) => vote.voter);
  if ("code" in read) return read;
  const { value: vote } = read;
  const known = vote.phase === Phase.prevote || vote.phase === Phase.precommit;
  if (!known) return refuse("FIELD_RANGE", "phase");
  // A vote for a block has no reason for nil: a certificate makes the record again without it.
  if (vote.block && vote.code !== 0) return refuse("FIELD_RANGE", "code");
  return { ...read, vote, block: vote.block ? toHex(vote.block) : "" };
}

function provenVote(ports: OpenPorts, read: ReadVote): VoteMessage | Refusal {
  const publicKey = keyOf(ports, read);
  if (!(publicKey instanceof Uint8Array)) return publicKey;
  const { vote, block, from, bytes, record } = read;
  return { type: "vote", vote, block, from, publicKey, bytes, record };
}

function openProposed(
  ports: OpenPorts,
  bytes: Uint8Array,
  sender: string,
): ProposedMessage | Refusal {
  const { net, crypto, sieve } = ports;
  const decoded = proposedRecord.decode(bytes);
  if (!decoded.ok) return decoded;
  const word = decoded.value.proposal;
  const read = readWord(net, crypto, proposalRecord, word, (one) => one.proposer);
  if ("code" in read) return read;
  const { value: proposal, from, record } = read;
  const head = { proposal, from, record };
  const idle = sieve?.proposalFault(head);
  if (idle) return idle;
  const votes = readVotes(ports, sieve?.isSecond(head) ? [] : decoded.value.polka);
  if ("code" in votes) return votes;
  const fault = sieve?.polkaOfFault(head, votes, sender);
  if (fault) return fault;
  const publicKey = keyOf(ports, read);
  if (!(publicKey instanceof Uint8Array)) return publicKey;
  const block = blockOf(crypto, decoded.value);
  if (!bytesEqual(block.id, proposal.block)) return refuse("PROPOSAL_BLOCK", block.key);
  const polka = provenVotes(ports, votes, sender);
  if ("code" in polka) return polka;
  return { type: "proposed", ...head, publicKey, bytes: word, block, polka, message: bytes };
}

function readVotes(ports: OpenPorts, items: readonly Uint8Array[]): ReadVote[] | Refusal {
  const votes: ReadVote[] = [];
  for (const item of items) {
    const vote = readVote(ports, item);
    if ("code" in vote) return vote;
    votes.push(vote);
  }
  return votes;
}

/** The same with their signatures checked, but for votes that are kept already. */
function provenVotes(
  ports: OpenPorts,
  read: readonly ReadVote[],
  sender: string,
): VoteMessage[] | Refusal {
  const votes: VoteMessage[] = [];
  for (const one of read) {
    const vote = ports.sieve?.known(one, one.bytes) ?? provenVote(ports, one);
    if ("code" in vote) {
      if (vote.code === "BAD_SIGNATURE") ports.sieve?.lied(sender);
      return vote;
    }
    votes.push(vote);
  }
  return votes;
}

function openPolka(ports: OpenPorts, bytes: Uint8Array, from: string): Message | Refusal {
  const decoded = polkaRecord.decode(bytes);
  if (!decoded.ok) return decoded;
  const read = readVotes(ports, decoded.value.votes);
  if ("code" in read) return read;
  const block = blockOf(ports.crypto, decoded.value);
  const fault = ports.sieve?.polkaFault(block.key, read, from);
  if (fault) return fault;
  const votes = provenVotes(ports, read, from);
  if ("code" in votes) return votes;
  return { type: "polka", block, votes, from };
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

/** A signed record of this network, and who is said to have signed it (id in hex). */
interface Read<T> {
  value: T;
  from: string;
  bytes: Uint8Array;
  record: Uint8Array;
  signature: Uint8Array;
}

function readWord<T extends { net: string }>(
  net: string,
  crypto: Crypto,
  type: RecordType<T>,
  bytes: Uint8Array,
  authorOf: (value: T) => Uint8Array,
): Read<T> | Refusal {
  const opened = openSigned(type, crypto, bytes);
  if (!opened.ok) return opened;
  const { value, id: record, signature } = opened;
  if (value.net !== net) return refuse("WRONG_NET", value.net);
  return { value, from: toHex(authorOf(value)), bytes, record, signature };
}

/** The key of its author that the signature was checked with. */
function keyOf(
  { crypto, keysOf }: OpenPorts,
  { from, record: id, signature }: Omit<Read<unknown>, "value">,
): Uint8Array | Refusal {
  const keys = keysOf(from);
  if (keys.length === 0) return refuse("GATEWAY_UNKNOWN", from);
  const publicKey = keys.find((key) => verifySigned(crypto, key, { id, signature }));
  return publicKey ?? refuse("BAD_SIGNATURE", from);
}
