// SPDX-License-Identifier: Apache-2.0
/** What the embedded broker is given, and its limits with a reason for each. */
import { PEER_BYTE_RATE, PEER_RATE } from "../consortium/peer-rates.ts";
import type { Acl } from "./acl.ts";
import type { Authenticate } from "./authenticate.ts";
import type { ConnLimits } from "./conn-guard.ts";
import type { MemoryLimits } from "./memory-guard.ts";
import type { Rate } from "./rate.ts";
import type { TlsFiles } from "./tls-files.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";
/** The same shape as the nodes' log port. */
export type Log = (level: LogLevel, event: string, facts?: Record<string, string | number>) => void;

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
  /** Publishes, and their bytes, of one client; those above it are dropped. */
  publishes: Rate;
  publishBytes: Rate;
  /** The same of another gateway; its connection ends with the first above it. */
  gatewayPublishes: Rate;
  gatewayPublishBytes: Rate;
  /** Publishes above it on one connection before it is closed. */
  limitedMax: number;
  /** Connections that begin, and with them checks of tokens: of all, and of one address. */
  connects: Rate;
  connectsPerAddress: Rate;
  /** Connections that got as far as CONNACK, of one client id. */
  connectsPerClient: Rate;
  /** Addresses, and clients, of which a rate is kept. */
  ratesMax: number;
  /** Clients whose last token is remembered. */
  tokensMax: number;
  /** TLS handshakes under way at once: of all, and of one address. One more ends an earlier one. */
  handshakesMax: number;
  handshakesPerAddressMax: number;
  /** Who has said nothing for so long is ended before others, ms. */
  handshakeSilentMs: number;
  /** Time for one, ms. */
  handshakeTimeoutMs: number;
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
  // A node of a run on the barrier clock says at most some hundred messages a second, and after
  // an interruption twice its outbox of 512. The gateway process gives a narrower one where slots
  // take their time (process/rates.ts).
  publishes: { perSecond: 1000, burst: 4000 },
  // Most are of 400 bytes; some are transactions of 4 KiB.
  publishBytes: { perSecond: 1024 * 1024, burst: 8 * 1024 * 1024 },
  // Twice what is heard of one: an honest one comes to neither.
  gatewayPublishes: { perSecond: 2 * PEER_RATE.perSecond, burst: 2 * PEER_RATE.burst },
  gatewayPublishBytes: { perSecond: 2 * PEER_BYTE_RATE.perSecond, burst: 2 * PEER_BYTE_RATE.burst },
  limitedMax: 5000,
  // A CONNECT with a token costs 0.2 ms, of which 0.07 are the signature: 4 % of a processor. At first as
  // many as there may be at once, after a restart of the gateway.
  connects: { perSecond: 200, burst: 2000 },
  // All members of the largest area behind one address, and their tools.
  connectsPerAddress: { perSecond: 50, burst: 1200 },
  // A node waits up to a minute between two attempts; some in a row are a network that flaps.
  connectsPerClient: { perSecond: 0.5, burst: 30 },
  ratesMax: 4096,
  // What `connects` lets in while a token counts, which is at most twice 90 s.
  tokensMax: 40_000,
  // Half a millisecond of a processor and 12 KB each; most of their time they wait for the client.
  handshakesMax: 256,
  handshakesPerAddressMax: 64,
  // A client speaks first, as soon as it is connected: some round trips of a slow network.
  handshakeSilentMs: 1000,
  // A microcontroller computes for some seconds, behind a slow network.
  handshakeTimeoutMs: 30_000,
});

export interface BrokerOptions {
  /** Address to listen on, for example "127.0.0.1", or "0.0.0.0" for every interface. */
  host: string;
  /** TCP port; 0 takes a free one (see `Broker.port`). */
  port: number;
  acl: Acl;
  /** Default: claims, `byClaims(credentials)`. */
  authenticate?: Authenticate;
  /** Client id to secret. A client that is not in here is refused. */
  credentials?: ReadonlyMap<string, string>;
  /** TLS only, with this certificate. */
  tls?: TlsFiles;
  limits?: Partial<BrokerLimits>;
  log?: Log;
  /** For rates; rises. Default: the machine's. */
  uptimeMs?(): number;
  /** UTC; by it certificates are judged. Default: the machine's. */
  nowMs?(): number;
}
