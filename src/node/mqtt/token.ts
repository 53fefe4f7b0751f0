// SPDX-License-Identifier: Apache-2.0
/** Passwords for CONNECT that prove a key, for clients on Node. */
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import { connectToken } from "#core/trust/connect";

export interface TokenSource {
  crypto: Crypto;
  secretKey: Uint8Array;
  net: string;
  /** Public key of the gateway whose broker it is for. */
  gatewayKey: Uint8Array;
  /** The client id. */
  client: string;
  /** UTC. */
  nowMs(): number;
}

/** Makes a password for each attempt, each later than the one before: none counts twice. */
export function tokenPasswords(source: TokenSource): () => Buffer {
  const { crypto, secretKey, net, client, nowMs } = source;
  const gateway = nodeIdOf(crypto, source.gatewayKey);
  const publicKey = crypto.publicKey(secretKey);
  let lastMs = 0;
  return () => {
    lastMs = Math.max(nowMs(), lastMs + 1);
    const token = { net, gateway, client, publicKey, atMs: lastMs };
    return Buffer.from(connectToken(crypto, secretKey, token));
  };
}
