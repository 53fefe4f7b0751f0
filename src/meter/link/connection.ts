// SPDX-License-Identifier: Apache-2.0
/**
 * One connection to the broker, from the look-up of its name to its end: CONNECT, subscriptions, publishes,
 * pieces. It ends once, and is never opened again.
 */
import {
  LINK_CONNECT_MS,
  LINK_END_MS,
  LINK_SILENCE_SLACK_MS,
  LINK_STABLE_MS,
} from "#core/limits-device";
import type { Timer } from "../time/alarm.ts";
import {
  type MqttClientClass,
  type MqttClientIo,
  type MqttClientOptions,
  type MqttControl,
  type MqttPiece,
  Packet,
} from "./client.ts";
import { DnsGuard } from "./dns-guard.ts";
import { type Incoming, Reader } from "./reader.ts";
import { FIXED_BYTES, topicBytes, Writer } from "./writer.ts";

/** Why a connection ended. */
export type EndReason =
  /** The client said so: refused, reset, thrown out, its own keep-alive. */
  | "client"
  | "connect-timeout"
  | "subscribe-refused"
  /** Nothing came for 1.5 keep-alives, pings notwithstanding. */
  | "silent"
  /** Nothing was taken or acknowledged. */
  | "stuck"
  | "closed";

/** Everything that the client is constructed with but its callbacks. */
export type ClientSetup = Omit<
  MqttClientOptions,
  "onReadable" | "onWritable" | "onControl" | "onError"
>;

export interface ConnectionOptions {
  timer: Timer;
  /** Of the client, ms; 0 for none. */
  keepAlive: number;
  subscriptions: readonly string[];
  bytesMax(topic: string): number;
}

/**
 * Whom it tells. One object for all connections, and none of closures: each would take 150 bytes of a chip.
 */
export interface ConnectionEvents {
  /** Subscribed: publishes are taken from now on. */
  onReady(connection: Connection): void;
  onMessage(connection: Connection, message: Incoming): void;
  /** It is over; `release` is due, outside of this call. */
  onEnded(connection: Connection, reason: EndReason): void;
}

/** `opening` until CONNACK, `subscribing` until the last SUBACK; `ending` says its last word. */
type Phase = "opening" | "subscribing" | "ready" | "ending" | "over";

export class Connection {
  readonly reader: Reader;
  /** Packets and pieces that came: a sign that the link is alive. */
  heard = 0;
  private readonly timer: Timer;
  private readonly keepAlive: number;
  private readonly events: ConnectionEvents;
  private readonly writer = new Writer();
  private guard: DnsGuard | undefined;
  private client: MqttClientIo | undefined;
  private phase: Phase = "opening";
  /** Filters that are not asked for yet, and packet ids of SUBSCRIBEs with how many filters they ask for. */
  private readonly unasked: string[];
  private readonly asked = new Map<number, number>();
  private readonly openedMs: number;
  private readyMs: number | undefined;
  private heardMs: number;
  /** Uptime at which a clean end is over, acknowledged or not. */
  private endByMs: number | undefined;
  private saidGoodbye = false;
  /** Calls of the client that we are in: it must not be closed there. */
  private inside = 0;

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.timer = options.timer;
    this.keepAlive = options.keepAlive;
    this.events = events;
    this.reader = new Reader(options.bytesMax);
    this.unasked = [...options.subscriptions];
    this.openedMs = options.timer.uptimeMs();
    this.heardMs = this.openedMs;
  }

  /** Constructs the client. Apart from the constructor, because a class may fail at once. */
  open(Client: MqttClientClass, setup: ClientSetup): void {
    this.guard = new DnsGuard(setup.dns);
    try {
      this.client = new Client({
        ...setup,
        dns: this.guard.dns,
        onReadable: (count, piece) => this.onReadable(count, piece),
        onWritable: (count) => this.onWritable(count),
        onControl: (message) => this.onControl(message),
        onError: () => this.onError(),
      });
    } catch {
      this.end("client");
    }
  }

  get ready(): boolean {
    return this.phase === "ready";
  }

  /** Whether `release` must wait for the client's call to return. */
  get busy(): boolean {
    return this.inside > 0;
  }

  /** Whether it was ready for so long that the next failure is the first. */
  get wasStable(): boolean {
    const { readyMs } = this;
    return readyMs !== undefined && this.timer.uptimeMs() - readyMs >= LINK_STABLE_MS;
  }

  /** Takes a publish, which from now on is not changed; false where it cannot. */
  publish(topic: string, payload: Uint8Array, retain: boolean): boolean {
    if (this.phase !== "ready") return false;
    if (!this.writer.push({ topic, payload, retain }, this.timer.uptimeMs())) return false;
    this.pump();
    return true;
  }

  /** Ends cleanly: this last word, acknowledged, then DISCONNECT; `ended("closed")` comes in any case. */
  finish(topic: string, payload: Uint8Array): void {
    if (this.phase !== "ready") return this.end("closed");
    this.endByMs = this.timer.uptimeMs() + LINK_END_MS;
    this.writer.dropWaiting();
    this.phase = "ending";
    // Without room for it the connection just goes, and the broker says it: the will has the same words.
    if (this.writer.push({ topic, payload, retain: true }, this.timer.uptimeMs())) this.pump();
    else this.end("closed");
  }

  /** Uptime of the next `check`. */
  get checkAtMs(): number | undefined {
    if (this.phase === "over") return undefined;
    if (this.phase === "ending") return this.endByMs;
    if (this.phase !== "ready") return this.openedMs + LINK_CONNECT_MS;
    const silentMs = this.silentAtMs();
    return Math.min(silentMs, this.writer.stuckAtMs ?? silentMs);
  }

  /** Ends what has lasted too long. */
  check(): void {
    const nowMs = this.timer.uptimeMs();
    const atMs = this.checkAtMs;
    if (atMs === undefined || nowMs < atMs) return;
    if (this.phase === "ending") this.end("closed");
    else if (this.phase !== "ready") this.end("connect-timeout");
    else this.end(nowMs >= this.silentAtMs() ? "silent" : "stuck");
  }

  /** Closes the client and its look-up. Idempotent; never while `busy`. */
  release(): void {
    this.phase = "over";
    this.guard?.silence();
    const { client } = this;
    this.client = undefined;
    client?.close();
  }

  private silentAtMs(): number {
    const { keepAlive } = this;
    if (keepAlive === 0) return Number.MAX_SAFE_INTEGER;
    return this.heardMs + keepAlive + keepAlive / 2 + LINK_SILENCE_SLACK_MS;
  }

  private onControl(message: MqttControl): void {
    if (this.phase === "over") return;
    this.inside++;
    try {
      this.hear();
      this.control(message);
    } finally {
      this.inside--;
    }
  }

  private control({ operation, id, payload, returnCode }: MqttControl): void {
    if (operation === Packet.connack && returnCode) return this.end("client");
    // Room to write is told right after a CONNACK, so that subscribing waits for it.
    if (operation === Packet.connack && this.phase === "opening") this.phase = "subscribing";
    else if (operation === Packet.suback && id !== undefined) this.onSuback(id, payload ?? []);
    else if (operation === Packet.puback && id !== undefined) {
      this.writer.acked(id, this.heardMs);
      this.pump();
    }
  }

  private hear(): void {
    this.heard++;
    this.heardMs = this.timer.uptimeMs();
  }

  private onSuback(id: number, codes: ArrayLike<number>): void {
    if (this.phase !== "subscribing") return;
    const count = this.asked.get(id);
    if (count === undefined) return;
    this.asked.delete(id);
    // 0x80 is a refusal (MQTT 3.1.1 section 3.9.3).
    let granted = 0;
    for (let i = 0; i < codes.length; i++) if (codes[i] <= 2) granted++;
    if (granted !== count) return this.end("subscribe-refused");
    if (this.asked.size > 0 || this.unasked.length > 0) return;
    this.phase = "ready";
    this.readyMs = this.timer.uptimeMs();
    this.events.onReady(this);
  }

  private onWritable(count: number): void {
    if (this.phase === "over") return;
    this.inside++;
    try {
      this.writer.onWritable(count);
      if (this.phase === "subscribing") this.subscribe();
      else this.pump();
    } finally {
      this.inside--;
    }
  }

  private onReadable(count: number, piece: MqttPiece): void {
    const { client } = this;
    if (!client || this.phase === "over") return;
    this.inside++;
    try {
      this.hear();
      const message = this.reader.take(client, count, piece);
      if (message && this.phase !== "ending") this.events.onMessage(this, message);
    } finally {
      this.inside--;
    }
  }

  private onError(): void {
    this.inside++;
    try {
      this.end("client");
    } finally {
      this.inside--;
    }
  }

  /** As many filters in a SUBSCRIBE as fit; the rest when there is room again. */
  private subscribe(): void {
    const { client, unasked, writer } = this;
    if (!client || unasked.length === 0) return;
    let room = writer.room - FIXED_BYTES - 2;
    let fits = 0;
    while (fits < unasked.length && (room -= topicBytes(unasked[fits]) + 3) >= 0) fits++;
    if (fits === 0) return;
    const items = unasked.slice(0, fits).map((topic) => ({ topic, QoS: 1 }) as const);
    const id = writer.takeId();
    try {
      writer.control(client, { operation: Packet.subscribe, id, items });
    } catch {
      return; // no room after all: asked again when there is
    }
    unasked.splice(0, fits);
    this.asked.set(id, fits);
  }

  private pump(): void {
    const { client, writer } = this;
    if (!client || (this.phase !== "ready" && this.phase !== "ending")) return;
    writer.pump(client, this.timer.uptimeMs());
    if (this.phase === "ending" && writer.idle && !this.saidGoodbye) this.sayGoodbye(client);
  }

  /** After DISCONNECT the broker closes (section 3.14.4), which the client says as an error. */
  private sayGoodbye(client: MqttClientIo): void {
    try {
      this.writer.control(client, { operation: Packet.disconnect });
      this.saidGoodbye = true;
    } catch {
      // No room: the deadline ends it, and the will says the same.
    }
  }

  private end(reason: EndReason): void {
    if (this.phase === "over") return;
    const clean = this.phase === "ending";
    this.phase = "over";
    this.events.onEnded(this, clean ? "closed" : reason);
  }
}
