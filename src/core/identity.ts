// SPDX-License-Identifier: Apache-2.0
/** Ids that follow from keys: nobody can take another's, and a reader can check them. */
import { ascii } from "./codec/bytes.ts";
import { domainHash } from "./crypto/domain.ts";
import type { Crypto } from "./crypto/port.ts";
import { NODE_ID_BYTES, WALLET_BYTES } from "./records/common.ts";

/** A node's or gateway's id: the first 16 bytes of the hash of its first public key. */
export function nodeIdOf(crypto: Crypto, publicKey: Uint8Array): Uint8Array {
  return domainHash(crypto, "wattle/node-id/1", publicKey).slice(0, NODE_ID_BYTES);
}

/** The `index`-th wallet address of a key. */
export function walletOf(crypto: Crypto, publicKey: Uint8Array, index: number): Uint8Array {
  return domainHash(crypto, "wattle/wallet/1", publicKey, ascii(String(index))).slice(
    0,
    WALLET_BYTES,
  );
}
