// SPDX-License-Identifier: Apache-2.0
/**
 * Who a client is. By tokens: the password is a record signed by the key that the client id follows
 * from, or by an operator's (src/core/trust/connect.ts). By claims: whoever says so, for closed
 * networks and foreign clients.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { toHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import { CONNECT_AGE_MS } from "#core/limits";
import { openConnectToken, type TokenFault } from "#core/trust/connect";
import { type Identity, isNodeClient } from "./acl.ts";

/** Why a client is not who it says; counted and logged under this name. */
export type AuthFault =
  | TokenFault
  | "TOKEN_MISSING"
  | "TOKEN_STORE_FULL"
  | "NOT_OPERATOR"
  | "BAD_CREDENTIALS"
  | "GATEWAY_APART";

/** `key` is what was proven, hex; "" where nothing was. */
export type Authenticated = (Identity & { readonly key: string }) | { readonly fault: AuthFault };

/** Ids (hex) of other gateways of the consortium, as they are just now. */
export interface Gateways {
  has(id: string): boolean;
}

/** The client id is one that the rules know. */
export type Authenticate = (
  clientId: string,
  username: string | undefined,
  password: Uint8Array | undefined,
) => Authenticated | Promise<Authenticated>;

export interface TokenOptions {
  crypto: Crypto;
  net: string;
  /** The gateway's public key. */
  gatewayKey: Uint8Array;
  /** Public keys of operators, 64 lower-case hex digits. */
  operators: ReadonlySet<string>;
  /** Ids (hex) of the other gateways of its consortium. */
  gateways?: Gateways;
  /** UTC. */
  nowMs(): number;
  /** Clients whose last token is remembered. */
  seenMax: number;
}

/** Tokens, each at most once: those of before this call do not count either. */
export function byTokens(options: TokenOptions): Authenticate {
  const { crypto, net, operators, gateways, nowMs } = options;
  const gateway = nodeIdOf(crypto, options.gatewayKey);
  // A token of this very millisecond was made for this start.
  const startMs = nowMs() - 1;
  const seen = new LastTokens(options.seenMax);
  return (client, _username, password) => {
    const node = isNodeClient(client);
    if (!password?.length) {
      if (node || !client.startsWith("monitor-")) return { fault: "TOKEN_MISSING" };
      return { client, class: "outsider", key: "" };
    }
    const now = nowMs();
    const afterMs = Math.max(startMs, seen.of(client));
    const opened = openConnectToken(crypto, password, {
      net,
      gateway,
      client,
      nowMs: now,
      afterMs,
    });
    if (!opened.ok) return { fault: opened.fault };
    const key = toHex(opened.token.publicKey);
    if (!node && !operators.has(key)) return { fault: "NOT_OPERATOR" };
    if (!seen.note(client, opened.token.atMs, now)) return { fault: "TOKEN_STORE_FULL" };
    // A gateway's id follows from its key as a node's does.
    if (gateways?.has(client)) return { client, class: "gateway", key };
    return { client, class: node ? "node" : "operator", key };
  };
}

/** Time of the last token that was taken of each client, as long as an earlier one could count. */
class LastTokens {
  readonly #max: number;
  readonly #atMs = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  of(client: string): number {
    return this.#atMs.get(client) ?? 0;
  }

  /** False where there is no room: to forget one that still counts would let it in again. */
  note(client: string, atMs: number, nowMs: number): boolean {
    this.#atMs.delete(client); // so that the order is that of acceptance
    for (const [other, otherMs] of this.#atMs) {
      if (otherMs >= nowMs - CONNECT_AGE_MS) break;
      this.#atMs.delete(other);
    }
    if (this.#atMs.size >= this.#max) return false;
    this.#atMs.set(client, atMs);
    return true;
  }
}

/**
 * Claims: username = client id; and where there are credentials, the right password. Who is called
 * a monitor sees what an operator does.
 */
export function byClaims(
  credentials?: ReadonlyMap<string, string>,
  gateways?: Gateways,
): Authenticate {
  // Hashed, so that the comparison takes the same time for every length.
  const digest = (data: Uint8Array | string) => createHash("sha256").update(data).digest();
  const right = (client: string, password: Uint8Array | undefined): boolean => {
    if (credentials === undefined) return true;
    const secret = credentials.get(client);
    if (secret === undefined || password === undefined) return false;
    return timingSafeEqual(digest(password), digest(secret));
  };
  return (client, username, password) => {
    if (username !== client || !right(client, password)) return { fault: "BAD_CREDENTIALS" };
    if (gateways?.has(client)) return { client, class: "gateway", key: "" };
    return { client, class: isNodeClient(client) ? "node" : "operator", key: "" };
  };
}
