// SPDX-License-Identifier: Apache-2.0
/** Certificates: a quorum's precommits for one block, checked by gateways and by nodes. */
import { bytesEqual } from "../codec/bytes.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";
import { ACCEPT, refuse, type Verdict } from "../errors/codes.ts";
import { gatewayVoteRecord, Phase, type Quorum, type QuorumVoice } from "../records/consensus.ts";
import { blockIdOfHashes } from "./block-id.ts";
import type { Voters } from "./validators.ts";

/** One signature to check: all of a certificate may be given to workers at once. */
export interface SignatureItem {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** What a certificate has to be for. */
export interface Expected {
  readonly net: string;
  readonly height: number;
  /** SHA-256 of the header's record. */
  readonly headerHash: Uint8Array;
}

/**
 * The id of the block that `quorum` is a certificate for in its form: of the expected header, with voices of
 * at least a quorum of different gateways of the set. Signatures are left to check; a string says what is
 * wrong.
 */
export function certifiedBlock(
  crypto: Crypto,
  set: Voters,
  quorum: Omit<Quorum, "voices">,
  voters: readonly number[],
  expected: Expected,
): Uint8Array | string {
  const { net, height } = quorum;
  if (net !== expected.net || height !== expected.height) return "of another height or network";
  if (!bytesEqual(quorum.header, expected.headerHash)) return "of another header";
  if (voters.length < set.quorum) return `${voters.length} voices, not ${set.quorum}`;
  let last = -1;
  for (const voter of voters) {
    // Ascending places: nobody counts twice.
    if (voter <= last || voter >= set.size) return `voter ${voter} after ${last}`;
    last = voter;
  }
  return blockIdOfHashes(crypto, quorum.header, quorum.plan);
}

/** The signature of one voice, over its precommit for `block`, made again here. */
export function voiceItem(
  crypto: Crypto,
  set: Voters,
  { net, height, round }: Omit<Quorum, "voices">,
  block: Uint8Array,
  { voter, heard, agreed, signature }: QuorumVoice,
): SignatureItem {
  const { id, publicKey } = set.list[voter];
  const { precommit: phase } = Phase;
  const vote = { net, height, round, phase, voter: id, block, code: 0, heard, agreed };
  const message = domainHash(crypto, gatewayVoteRecord.domain, gatewayVoteRecord.encode(vote));
  return { publicKey, message, signature };
}

/** All signatures that make `quorum` a certificate for the expected header. */
export function certificateItems(
  crypto: Crypto,
  set: Voters,
  quorum: Quorum,
  expected: Expected,
): { ok: true; items: SignatureItem[] } | { ok: false; detail: string } {
  const voters = quorum.voices.map(({ voter }) => voter);
  const block = certifiedBlock(crypto, set, quorum, voters, expected);
  if (typeof block === "string") return { ok: false, detail: block };
  const items = quorum.voices.map((voice) => voiceItem(crypto, set, quorum, block, voice));
  return { ok: true, items };
}

/** The same with the signatures checked one after the other; QUORUM_INVALID. */
export function checkCertificate(
  crypto: Crypto,
  set: Voters,
  quorum: Quorum,
  expected: Expected,
): Verdict {
  const found = certificateItems(crypto, set, quorum, expected);
  if (!found.ok) return refuse("QUORUM_INVALID", found.detail);
  for (const { publicKey, message, signature } of found.items)
    if (!crypto.verify(publicKey, message, signature))
      return refuse("QUORUM_INVALID", "a signature is not its voter's");
  return ACCEPT;
}
