// SPDX-License-Identifier: Apache-2.0
/** The id that gateways vote for: it binds the header and the plan that led to it. */
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";

/** A block as the consensus sees it: two byte strings that only the ledger reads. */
export interface ProposedBlock {
  /** The header's record, not signed. */
  readonly header: Uint8Array;
  readonly plan: Uint8Array;
}

const DOMAIN = "wattle/agreed/1";

/** The id of a block. */
export function blockIdOf(crypto: Crypto, { header, plan }: ProposedBlock): Uint8Array {
  return blockIdOfHashes(crypto, crypto.sha256(header), crypto.sha256(plan));
}

/**
 * The same of the SHA-256 of header and plan: who has a header alone takes the plan's from the certificate.
 */
export function blockIdOfHashes(
  crypto: Crypto,
  headerHash: Uint8Array,
  planHash: Uint8Array,
): Uint8Array {
  return domainHash(crypto, DOMAIN, headerHash, planHash);
}
