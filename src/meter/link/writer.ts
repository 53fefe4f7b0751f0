// SPDX-License-Identifier: Apache-2.0
/**
 * What waits to be published on one connection, and writing it: in order, one message after the other, in
 * fragments where the socket's buffer is too small for it.
 */
import {
  LINK_ACK_MS,
  LINK_QUEUE_BYTES_MAX,
  LINK_QUEUE_MAX,
  LINK_UNACKED_MAX,
} from "#core/limits-device";
import { type MqttClientIo, Packet } from "./client.ts";

interface Outgoing {
  topic: string;
  payload: Uint8Array;
  retain: boolean;
}

interface Writing {
  id: number;
  /** How much of its payload is written. */
  bytes: number;
}

export class Writer {
  private readonly queue: Outgoing[] = [];
  private queuedBytes = 0;
  /** The first message in the queue, once it is begun. */
  private writing: Writing | undefined;
  /** Uptime at which each publish without PUBACK was written, by packet id, oldest first. */
  private readonly unacked = new Map<number, number>();
  private nextId = 1;
  private writable = 0;
  /** A message went out in fragments: the client's own packets (PUBACK, PINGREQ) come before the next. */
  private yielding = false;
  /** Uptime of the last sign that the connection takes what is written. */
  private movedMs = 0;

  /** Whether all that was taken is written and acknowledged. */
  get idle(): boolean {
    return this.queue.length === 0 && this.unacked.size === 0;
  }

  /** Takes a message, which from now on is not changed; false where there is no room. */
  push(message: Outgoing, nowMs: number): boolean {
    const bytes = message.payload.length;
    const fits = this.queuedBytes + bytes <= LINK_QUEUE_BYTES_MAX || this.queue.length === 0;
    if (!fits || this.queue.length >= LINK_QUEUE_MAX) return false;
    if (this.idle) this.movedMs = nowMs;
    this.queue.push(message);
    this.queuedBytes += bytes;
    return true;
  }

  /** Drops what is not begun; the message that is being written must end. Returns how many. */
  dropWaiting(): number {
    const dropped = this.queue.splice(this.writing ? 1 : 0);
    for (const { payload } of dropped) this.queuedBytes -= payload.length;
    return dropped.length;
  }

  /** The client can take `count` bytes. */
  onWritable(count: number): void {
    this.writable = count;
    this.yielding = false;
  }

  /** A PUBACK; one that nobody waits for is nothing. */
  acked(id: number, nowMs: number): void {
    if (this.unacked.delete(id)) this.movedMs = nowMs;
  }

  /** Uptime at which the connection counts as stuck; undefined while nothing waits. */
  get stuckAtMs(): number | undefined {
    if (this.idle) return undefined;
    const [oldestMs = this.movedMs] = this.unacked.values();
    const waitingMs = this.queue.length > 0 ? this.movedMs : oldestMs;
    return Math.min(oldestMs, waitingMs) + LINK_ACK_MS;
  }

  /** A packet id that is not in use (MQTT 3.1.1 section 2.3.1: 1 to 65535). */
  takeId(): number {
    let id: number;
    do {
      id = this.nextId;
      this.nextId = id === 0xffff ? 1 : id + 1;
    } while (this.unacked.has(id));
    return id;
  }

  /** What the client said can be written, for packets that are no publishes. */
  get room(): number {
    return this.writing ? 0 : this.writable;
  }

  /** Writes a packet that is no publish. */
  control(client: MqttClientIo, options: Parameters<MqttClientIo["write"]>[1]): void {
    this.writable = client.write(null, options);
  }

  /** Writes as much as goes. An exception of the client (it sent packets of its own) means: no room now. */
  pump(client: MqttClientIo, nowMs: number): void {
    try {
      while (this.step(client, nowMs)) this.movedMs = nowMs;
    } catch {
      this.writable = 0;
    }
  }

  private step(client: MqttClientIo, nowMs: number): boolean {
    const message = this.queue[0];
    if (!message || this.writable <= 0) return false;
    const { writing } = this;
    const part = writing ? this.goOn(client, message, writing) : this.begin(client, message);
    if (part === undefined) return false;
    const { id, bytes } = this.writing!;
    if (bytes < message.payload.length) return true;
    this.yielding = bytes > part;
    this.unacked.set(id, nowMs);
    this.queue.shift();
    this.queuedBytes -= bytes;
    this.writing = undefined;
    return true;
  }

  /** Returns how much of the payload went with the header; undefined where there is no room. */
  private begin(client: MqttClientIo, { topic, payload, retain }: Outgoing): number | undefined {
    if (this.yielding || this.unacked.size >= LINK_UNACKED_MAX) return undefined;
    const room = this.writable - PUBLISH_BYTES - topicBytes(topic);
    const byteLength = payload.length;
    if (room < Math.min(1, byteLength)) return undefined;
    const id = this.takeId();
    const part = payload.subarray(0, room);
    const operation = Packet.publish;
    const options = { operation, topic, id, QoS: 1, retain, byteLength } as const;
    this.writable = client.write(part, options);
    this.writing = { id, bytes: part.length };
    return part.length;
  }

  private goOn(client: MqttClientIo, { payload }: Outgoing, writing: Writing): number {
    const part = payload.subarray(writing.bytes, writing.bytes + this.writable);
    this.writable = client.write(part);
    writing.bytes += part.length;
    return part.length;
  }
}

/** Most bytes of a packet's type and remaining length (MQTT 3.1.1 section 2.2). */
export const FIXED_BYTES = 5;
/** A QoS 1 PUBLISH without topic and payload: fixed header, length of the topic, packet id (section 3.3). */
const PUBLISH_BYTES = FIXED_BYTES + 4;

/** Length in UTF-8. */
export function topicBytes(topic: string): number {
  let bytes = 0;
  for (const char of topic) {
    const code = char.codePointAt(0)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** Why there is no publishing to `topic`: wildcards and NUL (section 3.3.2.1), nothing at all, too much. */
export function topicFault(topic: string, bytesMax: number): string | undefined {
  if (topic.length === 0) return "empty";
  if (topic.includes("+") || topic.includes("#") || topic.includes("\0")) return "wildcard";
  return topicBytes(topic) > bytesMax ? "too long" : undefined;
}
