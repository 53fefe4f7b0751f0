// SPDX-License-Identifier: Apache-2.0
/**
 * One node's own MQTT connection. Each connection is a new client of the `mqtt` package with
 * reconnection off:
 * a client that reconnects sends its un-acknowledged publishes again by itself, and on a device nothing but
 * the node's outbox may repeat anything.
 */
import { randomInt } from "node:crypto";
import { connect, type IPublishPacket, type MqttClient } from "mqtt";
import type { Log } from "#meter/ports";

/** Backoff before the n-th attempt: full jitter over 0.2 s × 2^n, at most 5 s; the network is loopback. */
const BACKOFF_FIRST_MS = 200;
const BACKOFF_MAX_MS = 5_000;
/** An attempt that has not come to CONNACK and SUBACK by then has failed. */
const ATTEMPT_MS = 10_000;
/** Publishes without PUBACK: four times the outbox window. What is beyond is dropped, and repeated later. */
const UNACKED_MAX = 256;
/** How long a clean end waits for its acknowledgements. */
const END_MS = 2_000;

export interface LinkOptions {
  url: string;
  /** Client id and username. */
  id: string;
  /** Of one CONNECT. */
  password?(): Buffer;
  /** PEM of the authority of an mqtts broker. */
  ca?: string;
  subscriptions: readonly string[];
  will: { readonly topic: string; readonly payload: string };
  /** Subscribed; before it no publish leaves. Handlers are called in order, one at a time. */
  connected(): Promise<void>;
  disconnected(): Promise<void>;
  /** The next message is read from the socket when this resolves: the broker holds what waits. */
  message(topic: string, payload: Uint8Array): Promise<void>;
  /** So many attempts in a row came to nothing. */
  failed?(attempts: number): void;
  log: Log;
}

export class Link {
  /** Publishes that were dropped: without a connection, or with too many un-acknowledged ones. */
  dropped = 0;
  private readonly options: LinkOptions;
  private client: MqttClient | undefined;
  private up = false;
  private over = false;
  private failures = 0;
  private unacked = 0;
  private retry: NodeJS.Timeout | undefined;

  constructor(options: LinkOptions) {
    this.options = options;
  }

  get connected(): boolean {
    return this.up;
  }

  /** Resolves after the first attempt, whether it succeeded or not; later ones are made by themselves. */
  open(): Promise<void> {
    return new Promise((resolve) => this.attempt(resolve));
  }

  publish(topic: string, payload: Uint8Array, retain: boolean): void {
    const { client } = this;
    if (!this.up || !client?.connected || this.unacked >= UNACKED_MAX) {
      this.dropped++;
      return;
    }
    this.unacked++;
    client.publish(topic, Buffer.from(payload), { qos: 1, retain }, () => {
      if (client === this.client) this.unacked--;
    });
  }

  /** Power cut: the socket goes without DISCONNECT, so that the broker publishes the last will. */
  cut(): void {
    this.over = true;
    this.up = false;
    clearTimeout(this.retry);
    this.client?.end(true);
    this.client = undefined;
  }

  /** Switched off: says what the last will says, and goes. */
  async end(): Promise<void> {
    const { client } = this;
    const { will } = this.options;
    if (client && this.up) {
      this.over = true;
      this.up = false;
      const said = client
        .publishAsync(will.topic, Buffer.from(will.payload), { qos: 1, retain: true })
        .then(() => client.endAsync());
      await Promise.race([said.catch(() => {}), sleep(END_MS)]);
    }
    this.cut();
  }

  private attempt(tried: () => void): void {
    const { url, id, will, ca } = this.options;
    const password = this.options.password?.();
    const client = connect(url, {
      clientId: id,
      username: id,
      ...(password && { password }),
      ...(ca !== undefined && { ca }),
      protocolVersion: 4,
      clean: true,
      keepalive: 60,
      reconnectPeriod: 0,
      connectTimeout: ATTEMPT_MS,
      queueQoSZero: false,
      resubscribe: false,
      will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true },
    });
    this.client = client;
    this.unacked = 0;
    const late = setTimeout(() => client.end(true), ATTEMPT_MS);
    // Replaces the method that mqtt offers for back-pressure: PUBACK leaves when the node is done.
    client.handleMessage = (packet: IPublishPacket, done) => {
      if (client !== this.client) return;
      this.options.message(packet.topic, bytesOf(packet.payload)).then(() => done(), done);
    };
    client.on("error", (error) => {
      if (this.over) return; // an acknowledgement after the end: nobody waits for it
      const code = String((error as NodeJS.ErrnoException).code ?? error.message);
      if (this.failures === 0) this.options.log("warn", "mqtt-error", { code });
    });
    client.on("connect", () => {
      void this.subscribe(client).then(() => {
        clearTimeout(late);
        tried();
      });
    });
    client.on("close", () => {
      clearTimeout(late);
      this.closed(client);
      tried();
    });
  }

  private async subscribe(client: MqttClient): Promise<void> {
    const granted = await client
      .subscribeAsync([...this.options.subscriptions], { qos: 1 })
      .catch(() => []);
    if (client !== this.client) return;
    const refused = granted.length === 0 || granted.some(({ qos }) => qos > 2);
    if (refused) {
      this.options.log("error", "mqtt-subscribe-refused", {});
      client.end(true);
      return;
    }
    this.failures = 0;
    this.up = true;
    await this.options.connected();
  }

  private closed(client: MqttClient): void {
    if (client !== this.client || this.over) return;
    this.client = undefined;
    if (this.up) {
      this.up = false;
      void this.options.disconnected();
    }
    const ceilingMs = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** this.failures);
    this.failures = Math.min(this.failures + 1, 10);
    this.retry = setTimeout(() => this.attempt(() => {}), randomInt(1, ceilingMs + 1));
    this.options.failed?.(this.failures);
  }
}

function bytesOf(payload: string | Buffer): Uint8Array {
  return typeof payload === "string" ? Buffer.from(payload) : payload;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
