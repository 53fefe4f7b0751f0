// SPDX-License-Identifier: Apache-2.0
/**
 * The broker's end of a device's connection: MQTT 3.1.1 by the byte, on one side the socket, on the other the
 * bus of a simulated area. What it sends has QoS 1 and is sent once; a lost connection publishes the will.
 */
import type { LocalBus } from "../sim/local-bus.ts";

const CONNECT = 1;
const PUBLISH = 3;
const PUBACK = 4;
const SUBSCRIBE = 8;
const PINGREQ = 12;
const DISCONNECT = 14;

export interface BrokerCounts {
  /** Id of the client that connected last. */
  client: string;
  connections: number;
  published: number;
  delivered: number;
  acknowledged: number;
}

export class BrokerLink {
  private readonly bus: LocalBus;
  private readonly send: (bytes: Uint8Array) => void;
  private readonly hangUp: () => void;
  private readonly counts: BrokerCounts;
  private received: Buffer = Buffer.alloc(0);
  private will: { topic: string; payload: Buffer; retain: boolean } | undefined;
  private attached: { detach(): void } | undefined;
  private nextId = 0;
  private open = true;

  constructor(
    bus: LocalBus,
    counts: BrokerCounts,
    wire: { send(bytes: Uint8Array): void; hangUp(): void },
  ) {
    this.bus = bus;
    this.counts = counts;
    this.send = wire.send;
    this.hangUp = wire.hangUp;
  }

  /** Bytes of the device, in pieces of any size. */
  take(bytes: Uint8Array): void {
    this.received = Buffer.concat([this.received, bytes]);
    for (;;) {
      const header = headerOf(this.received);
      if (!header || this.received.length < header.at + header.length) return;
      const body = this.received.subarray(header.at, header.at + header.length);
      const first = this.received[0];
      this.received = this.received.subarray(header.at + header.length);
      if (this.open) this.packet(first >> 4, first & 15, body);
    }
  }

  /** The connection is gone: without DISCONNECT the will is said. */
  lost(): void {
    if (!this.open) return;
    this.open = false;
    this.attached?.detach();
    const { will } = this;
    if (will) this.bus.publish(will.topic, Uint8Array.from(will.payload), { retain: will.retain });
  }

  private packet(type: number, flags: number, body: Buffer): void {
    if (type === CONNECT) this.connect(body);
    else if (type === PUBLISH) this.publish(flags, body);
    else if (type === SUBSCRIBE) this.subscribe(body);
    else if (type === PUBACK) this.counts.acknowledged++;
    else if (type === PINGREQ) this.send(Uint8Array.of(0xd0, 0));
    else if (type === DISCONNECT) {
      this.will = undefined;
      this.lost();
      this.hangUp();
    } else throw new RangeError(`a packet of type ${type}`);
  }

  private connect(body: Buffer): void {
    const flags = body[7];
    const fields = stringsOf(body, 10);
    const [id, topic, payload] = fields;
    this.counts.client = id.toString();
    if (flags & 4) this.will = { topic: topic.toString(), payload, retain: (flags & 32) !== 0 };
    this.counts.connections++;
    this.send(Uint8Array.of(0x20, 2, 0, 0));
  }

  private publish(flags: number, body: Buffer): void {
    const [topic] = stringsOf(body, 0, 1);
    const qos = (flags >> 1) & 3;
    const at = 2 + topic.length;
    const payload = Uint8Array.from(body.subarray(at + (qos > 0 ? 2 : 0)));
    this.counts.published++;
    this.bus.publish(topic.toString(), payload, { retain: (flags & 1) !== 0 });
    if (qos > 0) this.send(Uint8Array.of(0x40, 2, body[at], body[at + 1]));
  }

  private subscribe(body: Buffer): void {
    const filters: string[] = [];
    for (let at = 2; at < body.length; ) {
      const [filter] = stringsOf(body, at, 1);
      filters.push(filter.toString());
      at += 3 + filter.length;
    }
    this.send(Uint8Array.of(0x90, 2 + filters.length, body[0], body[1], ...filters.map(() => 1)));
    this.attached = this.bus.attach(filters, (topic, payload) => this.deliver(topic, payload));
  }

  private deliver(topic: string, payload: Uint8Array): void {
    if (!this.open) return;
    this.counts.delivered++;
    const name = Buffer.from(topic);
    this.nextId = (this.nextId % 0xffff) + 1;
    const head = [0x32, ...lengthBytes(4 + name.length + payload.length)];
    const id = Uint8Array.of(this.nextId >> 8, this.nextId & 255);
    const size = Uint8Array.of(name.length >> 8, name.length & 255);
    this.send(Buffer.concat([Uint8Array.from(head), size, name, id, payload]));
  }
}

/** Where the packet's body begins, and how long it is; undefined while that is not known. */
function headerOf(bytes: Buffer): { at: number; length: number } | undefined {
  let length = 0;
  for (let i = 1; i < Math.min(5, bytes.length); i++) {
    length += (bytes[i] & 127) * 128 ** (i - 1);
    if (bytes[i] < 128) return { at: i + 1, length };
  }
  return undefined;
}

function lengthBytes(length: number): number[] {
  const bytes: number[] = [];
  let left = length;
  for (; left > 127; left >>= 7) bytes.push((left & 127) | 128);
  bytes.push(left);
  return bytes;
}

/** Strings of MQTT from `at` on, at most `count`. */
function stringsOf(body: Buffer, at: number, count = 8): Buffer[] {
  const strings: Buffer[] = [];
  for (let i = at; i + 2 <= body.length && strings.length < count; ) {
    const length = body.readUInt16BE(i);
    strings.push(body.subarray(i + 2, i + 2 + length));
    i += 2 + length;
  }
  return strings;
}
