// SPDX-License-Identifier: Apache-2.0
/**
 * A node's MQTT session: one connection after the other, with pauses between them that grow, until it is
 * closed. Nothing is kept from one connection to the next: what a node says stays in its outbox until the
 * gateway's receipt, and is published anew (an MQTT session that repeats by itself would send it twice).
 */
import type { Entropy } from "#core/crypto/port";
import { TOPIC_BYTES_MAX } from "#core/limits";
import {
  LINK_BACKOFF_FIRST_MS,
  LINK_BACKOFF_MAX_MS,
  LINK_KEEP_ALIVE_MS,
  LINK_REBIRTH_MS,
} from "#core/limits-device";
import type { Log, Transport } from "../ports.ts";
import { Alarm, type Timer } from "../time/alarm.ts";
import { ceilingMs, fullJitter } from "../time/backoff.ts";
import type { DnsConstruction, MqttClientClass } from "./client.ts";
import { Connection, type ConnectionEvents, type EndReason } from "./connection.ts";
import type { Incoming } from "./reader.ts";
import { topicFault } from "./writer.ts";

export interface SessionOptions {
  client: MqttClientClass;
  host: string;
  port: number;
  /** Default: the node's id, which the gateway's broker asks for. */
  user?: string;
  /** Default LINK_KEEP_ALIVE_MS. */
  keepAliveMs?: number;
  /**
   * Default true. With false the broker keeps what it has for this node meanwhile: it comes late, and old
   * notices would pass for live ones.
   */
  clean?: boolean;
  dns: DnsConstruction;
  socket: Record<string, unknown>;
  /** Longest payload that is taken on `topic`, bytes. */
  bytesMax(topic: string): number;
}

export interface SessionPorts {
  timer: Timer;
  entropy: Entropy;
  log: Log;
  /** Of the CONNECT that is about to be sent: each attempt asks anew. Without it there is none. */
  password?(): ArrayBuffer;
  /** Whether there is a connection has changed. */
  onChange?(): void;
}

/** Whose session it is: a MeterNode. */
export interface SessionNode {
  /** The client id. */
  readonly id: string;
  subscriptions(): readonly string[];
  /** Retained; with the number of this start, so that a reader knows the will of an earlier one. */
  will(): { topic: string; payload: string };
  onConnect(): void;
  onDisconnect(): void;
  onMessage(topic: string, payload: Uint8Array): void;
}

/** Counts since the start, for people and for the watchdog. */
export interface SessionFacts {
  attempts: number;
  connections: number;
  /** Publishes that were not taken: no connection, no room, or no topic to publish to. */
  dropped: number;
  oversize: number;
  broken: number;
}

export class MqttSession implements Transport, ConnectionEvents {
  readonly facts: SessionFacts = {
    attempts: 0,
    connections: 0,
    dropped: 0,
    oversize: 0,
    broken: 0,
  };
  private readonly options: SessionOptions;
  private readonly ports: SessionPorts;
  private readonly alarm: Alarm;
  private node: SessionNode | undefined;
  private connection: Connection | undefined;
  /** The connection is over, and its client is closed at the next turn. */
  private over = false;
  private up = false;
  /** Attempts that came to nothing since the last stable connection. */
  private failures = 0;
  /** What the connections before heard. */
  private heardBefore = 0;
  private retryAtMs: number | undefined;
  /** When the node's state is said again on this connection, and what it was last. */
  private rebirth: { atMs: number; payload: Uint8Array | undefined } | undefined;
  private stopped: (() => void) | undefined;

  constructor(options: SessionOptions, ports: SessionPorts) {
    this.options = options;
    this.ports = ports;
    this.alarm = new Alarm(ports.timer, () => this.onAlarm());
  }

  get online(): boolean {
    return this.up;
  }

  /**
   * Rises with every attempt and with everything that comes: for the watchdog. While it does not for longer
   * than the longest pause and an attempt, the link's timers or the network below it hang.
   */
  get progress(): number {
    return this.facts.attempts + this.heardBefore + (this.connection?.heard ?? 0);
  }

  /** Connects, and again and again, until `close` or `stop`. Idempotent. */
  start(node: SessionNode): void {
    if (this.node) return;
    this.node = node;
    if (!this.connection) this.retry();
    this.arm();
  }

  publish(topic: string, payload: Uint8Array, retain: boolean): void {
    const fault = topicFault(topic, TOPIC_BYTES_MAX);
    if (fault) this.ports.log("error", "publish-topic", { topic, fault });
    if (fault || !this.up || !this.connection?.publish(topic, payload, retain)) {
      this.facts.dropped++;
      return;
    }
    if (retain && this.rebirth && topic === this.node?.will().topic) this.rebirth.payload = payload;
    this.arm();
  }

  /** Goes without a word, so that the broker publishes the will: the network is gone. Idempotent. */
  close(): void {
    this.leave();
    this.settle();
  }

  /** Goes in good order: says `offline`, waits for the acknowledgement, and calls `done`. Idempotent. */
  stop(done: () => void): void {
    const { node, connection } = this;
    const before = this.stopped;
    this.stopped = before
      ? () => {
          before();
          done();
        }
      : done;
    if (before) return;
    const will = node?.will();
    const finishes = this.up && connection && will;
    this.leave(finishes ? connection : undefined);
    if (finishes) connection.finish(will.topic, asciiBytes(will.payload));
    this.settle();
  }

  /** No more attempts; the connection is over unless it is the one that `ends` by itself. */
  private leave(ends?: Connection): void {
    const { node } = this;
    this.node = undefined;
    this.retryAtMs = undefined;
    this.rebirth = undefined;
    if (this.connection && this.connection !== ends) this.over = true;
    this.down(node);
  }

  private down(node: SessionNode | undefined): void {
    if (!this.up) return;
    this.up = false;
    this.ports.onChange?.();
    node?.onDisconnect();
  }

  private onAlarm(): void {
    const nowMs = this.ports.timer.uptimeMs();
    if (!this.over) this.connection?.check();
    if (this.rebirth && nowMs >= this.rebirth.atMs) this.sayAgain();
    if (this.retryAtMs !== undefined && nowMs >= this.retryAtMs) this.connect();
    this.settle();
  }

  /** The will of this node's connection before may have come after its birth. */
  private sayAgain(): void {
    const payload = this.rebirth?.payload;
    this.rebirth = undefined;
    if (this.node && payload) this.connection?.publish(this.node.will().topic, payload, true);
  }

  /** Closes what is over, if its client is not at work just now, and sees to the next wake-up. */
  private settle(): void {
    const { connection } = this;
    if (this.over && connection && !connection.busy) {
      if (connection.wasStable) this.failures = 0;
      this.facts.oversize += connection.reader.oversize;
      this.facts.broken += connection.reader.broken;
      this.heardBefore += connection.heard;
      connection.release();
      this.connection = undefined;
      this.over = false;
      if (this.node) this.retry();
    }
    if (!this.connection && this.stopped) {
      const { stopped } = this;
      this.stopped = undefined;
      stopped();
    }
    this.arm();
  }

  private arm(): void {
    if (this.over) return this.alarm.at(this.ports.timer.uptimeMs());
    const times = [this.retryAtMs, this.connection?.checkAtMs, this.rebirth?.atMs];
    let next: number | undefined;
    for (const atMs of times)
      if (atMs !== undefined && (next === undefined || atMs < next)) next = atMs;
    if (next === undefined) this.alarm.clear();
    else this.alarm.at(next);
  }

  private retry(): void {
    const { entropy, timer } = this.ports;
    const mostMs = ceilingMs(LINK_BACKOFF_FIRST_MS, LINK_BACKOFF_MAX_MS, this.failures);
    this.retryAtMs = timer.uptimeMs() + fullJitter(entropy, mostMs);
  }

  private connect(): void {
    const { node, options } = this;
    this.retryAtMs = undefined;
    if (!node) return;
    this.facts.attempts++;
    const { topic, payload } = node.will();
    const { host, port, user = node.id, dns, socket, bytesMax } = options;
    const { keepAliveMs: keepAlive = LINK_KEEP_ALIVE_MS } = options;
    const { timer } = this.ports;
    const password = this.ports.password?.();
    const subscriptions = node.subscriptions();
    this.connection = new Connection({ timer, keepAlive, subscriptions, bytesMax }, this);
    this.connection.open(options.client, {
      host,
      port,
      id: node.id,
      clean: options.clean ?? true,
      keepAlive,
      user,
      ...(password !== undefined && { password }),
      will: { topic, message: payload, QoS: 1, retain: true },
      dns,
      socket,
    });
  }

  /** Of the connection, as the two below. */
  onReady(connection: Connection): void {
    if (connection !== this.connection || this.over || !this.node) return;
    this.up = true;
    this.facts.connections++;
    this.ports.log("info", "mqtt-connected", { attempts: this.facts.attempts });
    this.rebirth = { atMs: this.ports.timer.uptimeMs() + LINK_REBIRTH_MS, payload: undefined };
    this.ports.onChange?.();
    this.node.onConnect();
    this.arm();
  }

  onMessage(connection: Connection, { topic, payload }: Incoming): void {
    if (connection === this.connection && !this.over) this.node?.onMessage(topic, payload);
  }

  onEnded(connection: Connection, reason: EndReason): void {
    if (connection !== this.connection || this.over) return;
    this.over = true;
    this.rebirth = undefined;
    this.failures++; // but for a stable one, which begins anew when it is closed
    if (reason !== "closed")
      this.ports.log("warn", "mqtt-lost", { reason, failures: this.failures });
    this.down(this.node);
    this.arm();
  }
}

function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i) & 0x7f;
  return bytes;
}
