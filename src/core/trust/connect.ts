// SPDX-License-Identifier: Apache-2.0
/**
 * The token in the password of CONNECT. A client id of a node follows from its key, so that a signature by
 * that key proves the id without a registry: what its holder may do is another matter. A token is for one
 * gateway and for a short while, and each one that is taken is later than the one before, so that none counts
 * twice.
 */
import { bytesEqual, fromHex, toHex } from "../codec/bytes.ts";
import { openSigned, signRecord, verifySigned } from "../codec/record.ts";
import type { Crypto } from "../crypto/port.ts";
import { nodeIdOf } from "../identity.ts";
import { CONNECT_AGE_MS } from "../limits.ts";
import { NODE_ID_BYTES } from "../records/common.ts";
import { type Connect, connectRecord } from "../records/connect.ts";

/** Why a token is not taken: counted and logged under this name. */
export type TokenFault =
  | "TOKEN_MALFORMED"
  | "TOKEN_NET"
  | "TOKEN_GATEWAY"
  | "TOKEN_CLIENT"
  | "TOKEN_TIME"
  | "TOKEN_REPLAYED"
  | "TOKEN_SIGNATURE";

export interface TokenRule {
  readonly net: string;
  readonly gateway: Uint8Array;
  /** The client id of the CONNECT. */
  readonly client: string;
  /** UTC, ms. */
  readonly nowMs: number;
  /** A token has to be later than this, ms: the last one of this client, or the start of the broker. */
  readonly afterMs: number;
}

/** The password's bytes. */
export function connectToken(crypto: Crypto, secretKey: Uint8Array, token: Connect): Uint8Array {
  return signRecord(connectRecord, crypto, secretKey, token).bytes;
}

/** The token, or why it does not count; cheap checks come first, the signature last. */
export function openConnectToken(
  crypto: Crypto,
  password: Uint8Array,
  rule: TokenRule,
): { ok: true; token: Connect } | { ok: false; fault: TokenFault } {
  const opened = openSigned(connectRecord, crypto, password);
  if (!opened.ok) return { ok: false, fault: "TOKEN_MALFORMED" };
  const token = opened.value;
  const fault = faultOf(crypto, token, rule);
  if (fault) return { ok: false, fault };
  if (!verifySigned(crypto, token.publicKey, opened))
    return { ok: false, fault: "TOKEN_SIGNATURE" };
  return { ok: true, token };
}

function faultOf(crypto: Crypto, token: Connect, rule: TokenRule): TokenFault | undefined {
  if (token.net !== rule.net) return "TOKEN_NET";
  if (!bytesEqual(token.gateway, rule.gateway)) return "TOKEN_GATEWAY";
  if (token.client !== rule.client) return "TOKEN_CLIENT";
  // Where the client id is a node's id, the key has to be that node's.
  if (isNodeId(rule.client) && toHex(nodeIdOf(crypto, token.publicKey)) !== rule.client)
    return "TOKEN_CLIENT";
  if (Math.abs(rule.nowMs - token.atMs) > CONNECT_AGE_MS) return "TOKEN_TIME";
  return token.atMs > rule.afterMs ? undefined : "TOKEN_REPLAYED";
}

function isNodeId(client: string): boolean {
  return fromHex(client)?.length === NODE_ID_BYTES;
}
