// SPDX-License-Identifier: Apache-2.0
/**
 * Stands in for the SDK's "embedded:network/mqtt/client" (src/meter/link/client.ts says how that behaves), over
 * the TCP of this folder.
 */
import type { MqttClientIo, MqttClientOptions, MqttWriteOptions } from "#meter/link/client";
import type { TimerHandle } from "./machine.ts";
import { Parser } from "./mqtt-parser.ts";
import type TCP from "./tcp.ts";
import Timer from "./timer.ts";

/** What the client keeps back of the writable count for packets of its own. */
const OVERHEAD = 8;
const CONNECT_TIMEOUT_MS = 30_000;
const CONNECT = 1;
const CONNACK = 2;
const PUBLISH = 3;
const PUBACK = 4;
const SUBSCRIBE = 8;
const PINGREQ = 12;
const PINGRESP = 13;
/** Protocol name and level of MQTT 3.1.1. */
const PROTOCOL = Object.freeze([0, 4, 77, 81, 84, 84, 4]);

type State = "resolving" | "connecting" | "login" | "connected" | "publishing" | "closed";

interface SocketOptions {
  address: string;
  port: number;
  onReadable(count: number): void;
  onWritable(count: number): void;
  onError(): void;
}

export default class MQTTClient implements MqttClientIo {
  private options: MqttClientOptions | undefined;
  private state: State = "resolving";
  private socket: TCP | undefined;
  private writable = 0;
  /** Bytes of the publish under way that are not written. */
  private remaining = 0;
  private readonly parser: Parser;
  /** Packets of its own, which wait for room and for the end of a publish. */
  private readonly pending: Uint8Array[] = [];
  private connecting: TimerHandle | undefined;
  private keepAlive: TimerHandle | undefined;
  private flushing: TimerHandle | undefined;
  /** Quarters of the keep-alive since the last answer, and since the last ping. */
  private silent = 0;
  private unasked = 0;

  constructor(options: MqttClientOptions) {
    this.options = options;
    this.parser = new Parser({
      control: (message) => {
        if (message.operation === PINGRESP) this.silent = 0;
        if (message.operation === CONNACK) {
          if (message.returnCode) return this.fail();
          this.state = "connected";
        }
        this.options?.onControl(message);
        if (message.operation === CONNACK && this.socket) this.told();
      },
      piece: (count, piece, whole) => {
        if (whole !== undefined) this.queue(Uint8Array.of(PUBACK << 4, 2, whole >> 8, whole & 255));
        this.options?.onReadable(count, piece);
      },
    });
    const dns = new options.dns.io(options.dns as never);
    dns.resolve({
      host: options.host,
      onResolved: (_host, address) => this.connect(address),
      onError: () => this.fail(),
    });
  }

  close(): void {
    Timer.clear(this.connecting);
    Timer.clear(this.keepAlive);
    Timer.clear(this.flushing);
    this.state = "closed";
    this.options = undefined;
    this.socket?.close();
    this.socket = undefined;
  }

  read(count: number): ArrayBuffer;
  read(target: Uint8Array): number;
  read(what: number | Uint8Array): ArrayBuffer | number {
    const { parser, socket } = this;
    const count = typeof what === "number" ? what : what.byteLength;
    if (count > parser.payload || !socket) throw new Error("invalid");
    parser.payload -= count;
    parser.readable -= count;
    socket.format = "buffer";
    return socket.read(what)!;
  }

  write(data: Uint8Array | null, options?: MqttWriteOptions): number {
    if (this.state === "publishing" && data && !options && data.length <= this.remaining) {
      this.remaining -= data.length;
      if (this.remaining === 0) this.state = "connected";
      this.send(data);
    } else if (this.state !== "connected" || !options) throw new Error(`write while ${this.state}`);
    else if (options.operation === PUBLISH) this.publish(data!, options);
    else if (options.operation === SUBSCRIBE) this.subscribe(options);
    else this.begin(options.operation << 4, 0, 0);
    return Math.max(0, this.writable - OVERHEAD);
  }

  private publish(
    data: Uint8Array,
    options: MqttWriteOptions & { operation: typeof PUBLISH },
  ): void {
    const { topic, id, QoS, retain, byteLength } = options;
    const name = text(topic);
    const head = name.length + (QoS ? 2 : 0);
    const flags = (PUBLISH << 4) | (QoS << 1) | (retain ? 1 : 0);
    this.begin(flags, head + byteLength, head + data.length);
    this.send(name);
    if (QoS) this.send(Uint8Array.of(id >> 8, id & 255));
    if (data.length > 0) this.send(data);
    this.remaining = byteLength - data.length;
    if (this.remaining > 0) this.state = "publishing";
  }

  private subscribe({ id, items }: MqttWriteOptions & { operation: typeof SUBSCRIBE }): void {
    const topics = items.map(({ topic }) => text(topic));
    const length = topics.reduce((sum, topic) => sum + topic.length + 1, 2);
    this.begin((SUBSCRIBE << 4) | 2, length, length);
    this.send(Uint8Array.of(id >> 8, id & 255));
    items.forEach(({ QoS }, i) => {
      this.send(topics[i]);
      this.send(Uint8Array.of(QoS));
    });
  }

  /** The fixed header, where it and `now` bytes behind it have room. */
  private begin(first: number, length: number, now: number): void {
    const header = [first];
    let left = length;
    for (; left > 127; left >>= 7) header.push((left & 127) | 128);
    header.push(left);
    if (header.length + now > this.writable) throw new Error("overflow");
    this.send(Uint8Array.from(header));
  }

  private send(bytes: Uint8Array): void {
    this.writable = this.socket!.write(bytes);
  }

  private connect(address: string): void {
    const { options } = this;
    if (!options) throw new TypeError("closed before");
    this.state = "connecting";
    const { io: Socket, ...rest } = options.socket as { io: new (options: SocketOptions) => TCP };
    this.socket = new Socket({
      ...rest,
      address,
      port: options.port,
      onReadable: (count) => this.onReadable(count),
      onWritable: (count) => this.onWritable(count),
      onError: () => this.fail(),
    });
    this.connecting = Timer.set(() => this.fail(), CONNECT_TIMEOUT_MS);
  }

  private login({ id, user, password, will, clean, keepAlive }: MqttClientOptions): void {
    const fields = [text(id), text(will.topic), text(will.message)];
    if (user) fields.push(text(user));
    if (password) fields.push(typeof password === "string" ? text(password) : counted(password));
    const flags = (clean ? 2 : 0) | 4 | (will.QoS << 3) | (will.retain ? 32 : 0);
    const seconds = Math.ceil(keepAlive / 1000);
    const last = flags | (user ? 128 : 0) | (password ? 64 : 0);
    const length = fields.reduce((sum, field) => sum + field.length, 10);
    this.begin(CONNECT << 4, length, length);
    this.send(Uint8Array.of(...PROTOCOL, last, seconds >> 8, seconds & 255));
    for (const field of fields) this.send(field);
    if (keepAlive > 0) this.keepAlive = Timer.repeat(() => this.keep(), keepAlive / 4);
    this.state = "login";
  }

  /** A ping after three quarters of the keep-alive; six without an answer are the end. */
  private keep(): void {
    if (++this.silent >= 6) return this.fail();
    if (++this.unasked < 3) return;
    this.unasked = 0;
    this.queue(Uint8Array.of(PINGREQ << 4, 0));
  }

  private queue(packet: Uint8Array): void {
    this.pending.push(packet);
    this.flushing ??= Timer.set(() => {
      this.flushing = undefined;
      this.onWritable(this.writable);
    });
  }

  private onWritable(count: number): void {
    this.writable = count;
    const { options, pending } = this;
    if (!options) return;
    if (this.state === "connecting") {
      Timer.clear(this.connecting);
      return this.login(options);
    }
    if (this.state === "connected")
      while (pending.length > 0) {
        if (this.writable < pending[0].length) return;
        this.send(pending.shift()!);
      }
    if (this.state === "connected" || this.state === "publishing") this.told();
  }

  private told(): void {
    if (this.writable > OVERHEAD) this.options?.onWritable(this.writable - OVERHEAD);
  }

  private onReadable(count: number): void {
    this.parser.readable = count;
    if (this.socket) this.parser.run(this.socket, () => this.socket !== undefined);
  }

  private fail(): void {
    this.options?.onError();
    this.close();
  }
}

/** Binary data of MQTT, as a string is. */
function counted(data: ArrayBuffer): Uint8Array {
  const bytes = new Uint8Array(data.byteLength + 2);
  bytes[0] = data.byteLength >> 8;
  bytes[1] = data.byteLength & 255;
  bytes.set(new Uint8Array(data), 2);
  return bytes;
}

/** A string of MQTT: its length and its bytes. */
function text(value: string): Uint8Array {
  const bytes = new Uint8Array(value.length + 2);
  bytes[0] = value.length >> 8;
  bytes[1] = value.length & 255;
  for (let i = 0; i < value.length; i++) bytes[i + 2] = value.charCodeAt(i);
  return bytes;
}
