// SPDX-License-Identifier: Apache-2.0
/** Proofs that a gateway said two things in one round (docs/consensus.md, "Evidence"). */
import { bytesEqual, toHex } from "../codec/bytes.ts";
import { openSigned, type Signed, verifySigned } from "../codec/record.ts";
import type { Crypto } from "../crypto/port.ts";
import type { Refusal } from "../errors/codes.ts";
import { refuse } from "../errors/codes.ts";
import {
  type Equivocation,
  equivocationRecord,
  type GatewayVote,
  gatewayVoteRecord,
  type Proposal,
  proposalRecord,
} from "../records/consensus.ts";

/** The record of two signed proposals, or of two signed votes, by the gateway with this key. */
export function equivocationOf(
  net: string,
  publicKey: Uint8Array,
  first: Uint8Array,
  second: Uint8Array,
): Uint8Array {
  return equivocationRecord.encode({ net, publicKey, items: [first, second] });
}

/** What a proof shows: who said two things, and where. */
export interface Shown {
  readonly ok: true;
  /** Id of the gateway. */
  readonly gateway: Uint8Array;
  readonly height: number;
  readonly round: number;
  readonly what: "proposal" | "vote";
}

/**
 * Checks a proof by itself: both items are signed by the key in it, and are two different records of one
 * gateway for one height and round (and phase). Who has that key at that height the caller knows.
 * EVIDENCE_INVALID.
 */
export function checkEquivocation(crypto: Crypto, evidence: Equivocation): Shown | Refusal {
  const { net, publicKey, items } = evidence;
  const votes = items.map((item) => openSigned(gatewayVoteRecord, crypto, item));
  const [first, second] = votes;
  if (first.ok && second.ok) {
    if (first.value.phase !== second.value.phase) return invalid("two phases");
    return shown(crypto, net, publicKey, first, second, "vote");
  }
  const proposals = items.map((item) => openSigned(proposalRecord, crypto, item));
  const [one, other] = proposals;
  if (one.ok && other.ok) return shown(crypto, net, publicKey, one, other, "proposal");
  return invalid("neither two votes nor two proposals");
}

function shown<T extends GatewayVote | Proposal>(
  crypto: Crypto,
  net: string,
  publicKey: Uint8Array,
  first: Signed<T>,
  second: Signed<T>,
  what: Shown["what"],
): Shown | Refusal {
  const { height, round } = first.value;
  const gateway = authorOf(first.value);
  if (second.value.height !== height || second.value.round !== round) return invalid("two rounds");
  if (first.value.net !== net || second.value.net !== net) return invalid("another network");
  if (!bytesEqual(gateway, authorOf(second.value))) return invalid("two gateways");
  if (bytesEqual(first.id, second.id)) return invalid("the same record twice");
  for (const signed of [first, second])
    if (!verifySigned(crypto, publicKey, signed)) return invalid(`not signed by ${toHex(gateway)}`);
  return { ok: true, gateway, height, round, what };
}

function authorOf(value: GatewayVote | Proposal): Uint8Array {
  return "voter" in value ? value.voter : value.proposer;
}

function invalid(detail: string): Refusal {
  return refuse("EVIDENCE_INVALID", detail);
}
