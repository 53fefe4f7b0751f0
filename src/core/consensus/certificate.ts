// SPDX-License-Identifier: Apache-2.0
/** Certificates: a quorum's precommits for one block, checked by gateways and by nodes. */
import { bytesEqual } from "../codec/bytes.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";
import { ACCEPT, refuse, type Verdict } from "../errors/codes.ts";
import { gatewayVoteRecord, Phase, type Quorum } from "../records/consensus.ts";
import { blockIdOfHashes } from "./block-id.ts";
import type { ValidatorSet } from "./validators.ts";

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
 * The signatures that make `quorum` a certificate for the expected header: of at least a quorum of different
 * gateways of the set, each over its precommit for the block, made again here.
 */
export function certificateItems(
  crypto: Crypto,
  set: ValidatorSet,
  quorum: Quorum,
  expected: Expected,
): { ok: true; items: SignatureItem[] } | { ok: false; detail: string } {
  const { net, height, round, voices } = quorum;
  if (net !== expected.net || height !== expected.height) return no("of another height or network");
  if (!bytesEqual(quorum.header, expected.headerHash)) return no("of another header");
  if (voices.length < set.quorum) return no(`${voices.length} voices, not ${set.quorum}`);
  const block = blockIdOfHashes(crypto, quorum.header, quorum.plan);
  const items: SignatureItem[] = [];
  let last = -1;
  for (const { voter, heard, agreed, signature } of voices) {
    // Ascending places: nobody counts twice.
    if (voter <= last || voter >= set.size) return no(`voter ${voter} after ${last}`);
    last = voter;
    const { id, publicKey } = set.list[voter];
    const { precommit: phase } = Phase;
    const vote = { net, height, round, phase, voter: id, block, code: 0, heard, agreed };
    const record = gatewayVoteRecord.encode(vote);
    const message = domainHash(crypto, gatewayVoteRecord.domain, record);
    items.push({ publicKey, message, signature });
  }
  return { ok: true, items };
}

/** The same with the signatures checked one after the other; QUORUM_INVALID. */
export function checkCertificate(
  crypto: Crypto,
  set: ValidatorSet,
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

function no(detail: string): { ok: false; detail: string } {
  return { ok: false, detail };
}
