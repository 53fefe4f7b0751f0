// SPDX-License-Identifier: Apache-2.0
/** Ids that follow from keys: nobody can take another's, and a reader can check them. */
import { domainHash } from "./crypto/domain.ts";
import type { Crypto } from "./crypto/port.ts";
import { NODE_ID_BYTES } from "./records/common.ts";

/** A node's or gateway's id: the first 16 bytes of the hash of its first public key. */
export function nodeIdOf(crypto: Crypto, publicKey: Uint8Array): Uint8Array {
  return domainHash(crypto, "wattle/node-id/1", publicKey).slice(0, NODE_ID_BYTES);
}
