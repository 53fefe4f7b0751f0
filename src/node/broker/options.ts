// SPDX-License-Identifier: Apache-2.0
/** What the embedded broker is given, and its limits with a reason for each. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Acl } from "./acl.ts";
import type { ConnLimits } from "./conn-guard.ts";
import type { MemoryLimits } from "./memory-guard.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";
/** The same shape as the nodes' log port. */
export type Log = (level: LogLevel, event: string, facts?: Record<string, string | number>) => void;

/** Whether this client is who it says; a later certificate or token check goes here. */
export type Authenticate = (
  clientId: string,
  username: string | undefined,
  password: Uint8Array | undefined,
) => boolean | Promise<boolean>;

export interface BrokerLimits extends ConnLimits, MemoryLimits {
  /** Connections at once; further ones are closed at once. */
  connectionsMax: number;
  /** Time for a new connection to send CONNECT, ms. */
  connectTimeoutMs: number;
  /** Longest keepalive, s. A client must have one, or nobody would notice that it is gone. */
  keepaliveMaxS: number;
  /** Subscriptions of one client. */
  subscriptionsMax: number;
  /** Denied publishes on one connection before it is closed. */
  deniedMax: number;
}

export const BROKER_LIMITS: Readonly<BrokerLimits> = Object.freeze({
  // Four times the largest message that a gateway looks at.
  packetBytesMax: 64 * 1024,
  // Two seconds of everything that a busy area broadcasts (1500 a second of 350 bytes).
  backlogBytesMax: 1024 * 1024,
  // A few contracts, receipts and a day of chain heads; the rest is caught up by the protocol. It
  // bounds the unacknowledged messages of a present client with a persistent session too.
  queueMax: 512,
  queueBytesMax: 256 * 1024,
  sessionsMax: 4000,
  // A state per node, and the monitor's topics of each.
  retainedMax: 20_000,
  // Twice the nodes of a large area, for reconnects, monitors and tools.
  connectionsMax: 2000,
  connectTimeoutMs: 10_000,
  keepaliveMaxS: 1200,
  // A node needs five and a monitor two.
  subscriptionsMax: 64,
  deniedMax: 100,
});

export interface BrokerOptions {
  /** Address to listen on, for example "127.0.0.1", or "0.0.0.0" for every interface. */
  host: string;
  /** TCP port; 0 takes a free one (see `Broker.port`). */
  port: number;
  acl: Acl;
  /** Default: the username is the client id, with the password in `credentials` where given. */
  authenticate?: Authenticate;
  /** Client id to secret. A client that is not in here is refused. */
  credentials?: ReadonlyMap<string, string>;
  limits?: Partial<BrokerLimits>;
  log?: Log;
}

/** Username = client id; and where there are credentials, the right password. */
export function usernameIsClientId(credentials?: ReadonlyMap<string, string>): Authenticate {
  // Hashed, so that the comparison takes the same time for every length.
  const digest = (data: Uint8Array | string) => createHash("sha256").update(data).digest();
  return (clientId, username, password) => {
    if (username !== clientId) return false;
    if (credentials === undefined) return true;
    const secret = credentials.get(clientId);
    if (secret === undefined || password === undefined) return false;
    return timingSafeEqual(digest(password), digest(secret));
  };
}
