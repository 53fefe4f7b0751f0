// SPDX-License-Identifier: Apache-2.0
/**
 * The connection to another gateway's broker, where this gateway leaves what it has to say. It comes back by
 * itself, with a new client and a new password each time. Nothing is kept for a gateway that is away: the
 * consensus says its words again, and segments are fetched. For one that is slow some is, and what is said
 * again anyway goes first.
 */
import { randomInt } from "node:crypto";
import { connect, type MqttClient } from "mqtt";
import type { GatewayLog } from "#gateway/ports";
import { FrameScanner } from "../broker/conn-guard.ts";
import { Bucket } from "../broker/rate.ts";

/** Backoff before the n-th attempt: full jitter over 0.2 s × 2^n, at most 5 s, as long as a round or two. */
const BACKOFF_FIRST_MS = 200;
const BACKOFF_MAX_MS = 5_000;
/** An attempt that has not come to CONNACK by then has failed. */
const ATTEMPT_MS = 10_000;
/** A gateway that is gone without a word is given up after one and a half of these. */
const KEEPALIVE_S = 10;
/** What waits in the socket's own buffer before anything waits here: some turns of a busy area. */
const SOCKET_BYTES_MAX = 512 * 1024;
/** What waits here: a gateway that is stopped for some seconds; then the oldest words are dropped. */
const QUEUE_BYTES_MAX = 4 * 1024 * 1024;
/** What a broker may say to a client that subscribes nothing: CONNACK and PINGRESP, of 4 and 2 bytes. */
const ANSWERS: ReadonlySet<number> = new Set([2, 13]);
const ANSWER_BYTES_MAX = 64;
/** Bytes of those: one PINGRESP for each ping, and slack. More is a broker that keeps this gateway busy. */
const ANSWERED = Object.freeze({ perSecond: 16, burst: 1024 });
/** A connection that lasted so long was a good one, ms: after it the next attempt comes soon. */
const STABLE_MS = 5_000;
/** Between two looks whether the socket takes more. */
const DRAIN_MS = 5;

export interface WireOptions {
  url: string;
  /** This gateway's id, hex: the client id. */
  id: string;
  /** Of one CONNECT; not asked where the URL has a password. */
  password(): Buffer;
  /** PEM of the authority of an mqtts broker. */
  ca?: string | Buffer;
  /** It is there, or there again. */
  connected(): void;
  log: GatewayLog;
}

interface Waiting {
  topic: string;
  bytes: Uint8Array;
  /** It is said again by itself: the first to be dropped. */
  again: boolean;
}

export class PeerWire {
  /** Messages that went nowhere. */
  dropped = 0;
  sent = 0;
  private readonly options: WireOptions;
  private client: MqttClient | undefined;
  private up = false;
  private over = false;
  private upMs = 0;
  private failures = 0;
  private retry: NodeJS.Timeout | undefined;
  private draining: NodeJS.Timeout | undefined;
  private queue: Waiting[] = [];
  private queuedBytes = 0;

  constructor(options: WireOptions) {
    this.options = options;
    this.attempt();
  }

  get connected(): boolean {
    return this.up;
  }

  send(topic: string, bytes: Uint8Array, { again = false, retain = false } = {}): void {
    if (!this.up) {
      this.dropped++;
      return;
    }
    if (retain || (this.queue.length === 0 && this.hasRoom)) return this.put(topic, bytes, retain);
    this.queue.push({ topic, bytes, again });
    this.queuedBytes += bytes.length;
    while (this.queuedBytes > QUEUE_BYTES_MAX) this.dropOne();
    this.drainSoon();
  }

  async close(): Promise<void> {
    this.over = true;
    this.up = false;
    clearTimeout(this.retry);
    clearTimeout(this.draining);
    const { client } = this;
    this.client = undefined;
    await client?.endAsync(true);
  }

  private get hasRoom(): boolean {
    return (this.client?.stream.writableLength ?? 0) < SOCKET_BYTES_MAX;
  }

  private put(topic: string, bytes: Uint8Array, retain: boolean): void {
    this.sent++;
    this.client?.publish(topic, Buffer.from(bytes), { qos: 0, retain }, () => {});
  }

  private dropOne(): void {
    const word = this.queue.findIndex(({ again }) => again);
    const [gone] = this.queue.splice(Math.max(0, word), 1);
    this.queuedBytes -= gone.bytes.length;
    this.dropped++;
  }

  private drainSoon(): void {
    this.draining ??= setTimeout(() => {
      this.draining = undefined;
      while (this.queue.length > 0 && this.hasRoom) {
        const { topic, bytes } = this.queue.shift()!;
        this.queuedBytes -= bytes.length;
        this.put(topic, bytes, false);
      }
      if (this.queue.length > 0) this.drainSoon();
    }, DRAIN_MS);
  }

  /** A URL that the machine can make nothing of is named, and this gateway stays unreachable. */
  private attempt(): void {
    try {
      this.connect();
    } catch (error) {
      this.options.log("error", "peer-url", {
        url: shown(this.options.url),
        cause: (error as Error).message,
        cure: "name its broker's URL in consortium.addresses, and start again",
      });
    }
  }

  private connect(): void {
    const { url, id, password, ca, log } = this.options;
    const named = (URL.parse(url)?.username ?? "") !== "";
    const client = connect(url, {
      clientId: id,
      ...(!named && { username: id, password: password() }),
      ...(ca !== undefined && { ca }),
      protocolVersion: 4,
      clean: true,
      keepalive: KEEPALIVE_S,
      reconnectPeriod: 0,
      connectTimeout: ATTEMPT_MS,
      queueQoSZero: false,
      resubscribe: false,
      wsOptions: { maxPayload: ANSWERED.burst },
    });
    this.client = client;
    guard(client);
    client.on("connect", () => {
      if (client !== this.client) return;
      this.up = true;
      this.upMs = performance.now();
      this.options.connected();
    });
    client.on("error", (error) => {
      const code = String((error as NodeJS.ErrnoException).code ?? error.message);
      if (!this.over && this.failures === 0) log("warn", "peer-error", { url: shown(url), code });
    });
    client.on("close", () => this.closed(client));
  }

  private closed(client: MqttClient): void {
    if (client !== this.client || this.over) return;
    this.client = undefined;
    client.end(true);
    if (this.up) {
      this.options.log("warn", "peer-disconnected", { url: shown(this.options.url) });
      if (performance.now() - this.upMs >= STABLE_MS) this.failures = 0;
    }
    this.up = false;
    this.dropped += this.queue.length;
    this.queue = [];
    this.queuedBytes = 0;
    const ceilingMs = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** this.failures);
    this.failures = Math.min(this.failures + 1, 10);
    this.retry = setTimeout(() => this.attempt(), randomInt(1, ceilingMs + 1));
  }
}

/**
 * Ends the connection at the first bytes of anything else than an answer: mqtt's parser collects a packet of
 * 256 MB, and its store keeps each message of QoS 2 until the broker releases it.
 */
function guard({ stream }: MqttClient): void {
  const scanner = new FrameScanner(ANSWER_BYTES_MAX, ANSWERS);
  const answered = new Bucket(ANSWERED, performance.now());
  const push = stream.push.bind(stream);
  stream.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
    if (chunk === null) return push(null);
    if (answered.take(chunk.length, performance.now()) && scanner.accept(chunk))
      return push(chunk, encoding);
    const message = "its broker says what nobody asked it for";
    stream.destroy(Object.assign(new Error(message), { code: "PEER_UNASKED" }));
    return false;
  };
}

/** For logs: a URL may carry a user's secret. */
function shown(url: string): string {
  return url.replace(/\/\/[^/@]*@/, "//");
}
