// SPDX-License-Identifier: Apache-2.0
/**
 * A client class that behaves as the Moddable SDK's ECMA-419 MQTT client does, with its edges: pieces,
 * fragments, "overflow", packets of its own in between, and exceptions where it is used wrongly
 * (src/meter/link/client.ts lists them). Wires, timers and sizes are the test's.
 */
import type {
  MqttClientClass,
  MqttClientIo,
  MqttClientOptions,
  MqttPiece,
  MqttWriteOptions,
} from "#meter/link/client";
import { encodePacket, type MqttPacket, packetReader } from "./mqtt-packet.ts";

/** A TCP connection. */
export interface Wire {
  /** `sent` is called when the bytes have left the socket's buffer. */
  send(bytes: Uint8Array, sent: () => void): void;
  close(): void;
}

export interface WireEvents {
  open(): void;
  data(bytes: Uint8Array): void;
  closed(): void;
}

export interface DoublePorts {
  connect(address: string, port: number, events: WireEvents): Wire;
  after(delayMs: number, run: () => void): () => void;
  uptimeMs(): number;
  /** Size of the socket's send buffer, bytes. */
  bufferBytes(): number;
  /** Length of the next piece of an incoming payload of which `left` bytes are left. */
  pieceBytes(left: number): number;
  /** Whether it pings and notices that nothing answers. Default true. */
  pings?: boolean;
}

/** What is alive, and what was done wrong. */
export interface Census {
  clients: number;
  wires: number;
  timers: number;
  /** Uses that make the SDK's client throw or hang. */
  misuse: string[];
}

/** What the client keeps back of the writable count, for the header of a publish. */
const OVERHEAD = 8;
const OPERATIONS: Record<string, number> = {
  connack: 2,
  puback: 4,
  suback: 9,
  pingresp: 13,
};

type State = "resolving" | "connecting" | "login" | "connected" | "publishing" | "closed";

export function clientDouble(ports: DoublePorts, census: Census): MqttClientClass {
  return class extends Double {
    constructor(options: MqttClientOptions) {
      super(options, ports, census);
    }
  };
}

class Double implements MqttClientIo {
  private readonly ports: DoublePorts;
  private readonly census: Census;
  private state: State = "resolving";
  private options: MqttClientOptions;
  private wire: Wire | undefined;
  private writable = 0;
  /** Small packets of its own (PUBACK, PINGREQ) that wait for room. */
  private pending: MqttPacket[] = [];
  private flushing: (() => void) | undefined;
  /** The publish that is written in fragments. */
  private body: { packet: MqttPacket; bytes: number[]; byteLength: number } | undefined;
  private inbox: MqttPacket[] = [];
  /** The incoming publish that is being announced piece by piece. */
  private incoming: { packet: MqttPacket; at: number } | undefined;
  private announced: Uint8Array | undefined;
  private stuck = false;
  private calling = 0;
  private keepAlive: (() => void) | undefined;
  private pingedMs = 0;
  private heardMs = 0;

  constructor(options: MqttClientOptions, ports: DoublePorts, census: Census) {
    this.options = options;
    this.ports = ports;
    this.census = census;
    this.census.clients++;
    const dns = new options.dns.io(options.dns as never);
    dns.resolve({
      host: options.host,
      onResolved: (_host, address) => this.resolved(address),
      onError: () => this.fail(),
    });
  }

  close(): void {
    if (this.calling > 0) this.census.misuse.push("closed within a callback");
    this.shut();
  }

  read(count: number): ArrayBuffer;
  read(target: Uint8Array): number;
  read(what: number | Uint8Array): ArrayBuffer | number {
    const piece = this.announced;
    const count = typeof what === "number" ? what : what.byteLength;
    if (!piece || count !== piece.length || count === 0) {
      this.census.misuse.push(`read ${count} of ${piece?.length ?? "nothing"}`);
      throw new Error("invalid");
    }
    this.announced = undefined;
    if (typeof what === "number") return piece.slice().buffer;
    what.set(piece);
    return count;
  }

  write(data: Uint8Array | null, options?: MqttWriteOptions): number {
    if (!this.wire) throw new TypeError("the socket is closed");
    if (this.state !== "connected") return this.goOn(data, options);
    if (!options || options.operation === 3) {
      if (!data || !options) throw new TypeError("no data or no options");
      return this.publish(data, options);
    }
    if (options.operation === 14) this.put({ cmd: "disconnect" });
    else {
      const subscriptions = options.items.map(({ topic, QoS }) => ({ topic, qos: QoS }));
      this.put({ cmd: "subscribe", messageId: options.id, subscriptions });
    }
    return this.reported();
  }

  private publish(data: Uint8Array, options: MqttWriteOptions): number {
    if (options.operation !== 3) throw new Error("not a publish");
    const { topic, id, QoS: qos, retain, byteLength } = options;
    if (data.byteLength > byteLength) throw new Error("invalid");
    if (!(id >= 1 && id <= 0xffff)) this.census.misuse.push(`packet id ${id}`);
    const packet = { cmd: "publish", topic, qos, retain, dup: false, messageId: id };
    const rest = Buffer.byteLength(topic) + 2 + byteLength + (qos ? 2 : 0);
    const lengthBytes = rest < 128 ? 1 : rest < 16_384 ? 2 : rest < 2_097_152 ? 3 : 4;
    const needed = 1 + lengthBytes + rest - byteLength + data.byteLength;
    if (needed > this.writable) throw new Error("overflow");
    this.writable -= needed;
    this.body = { packet, bytes: [...data], byteLength };
    this.state = "publishing";
    this.sent(needed);
    return this.reported();
  }

  private goOn(data: Uint8Array | null, options?: MqttWriteOptions): number {
    const { body } = this;
    if (this.state !== "publishing" || !body || !data || options)
      throw new Error(`write while ${this.state}`);
    if (body.bytes.length + data.byteLength > body.byteLength) throw new Error("too much");
    if (data.byteLength > this.writable) throw new Error("would block");
    if (data.byteLength === 0) this.census.misuse.push("an empty fragment");
    this.writable -= data.byteLength;
    body.bytes.push(...data);
    this.sent(data.byteLength);
    return this.reported();
  }

  /** A part of the publish, `bytes` with its header, is written; the wire gets it as a whole. */
  private sent(bytes: number): void {
    const { packet, bytes: payload, byteLength } = this.body!;
    if (payload.length < byteLength) {
      this.ports.after(0, () => this.drained(bytes));
      return;
    }
    this.body = undefined;
    this.state = "connected";
    const encoded = encodePacket({ ...packet, payload: Buffer.from(payload) });
    this.wire!.send(encoded, () => this.drained(bytes));
  }

  private put(packet: MqttPacket): void {
    const bytes = encodePacket(packet);
    if (bytes.length > this.writable) throw new Error("overflow");
    this.writable -= bytes.length;
    this.wire!.send(bytes, () => this.drained(bytes.length));
  }

  private reported(): number {
    return Math.max(0, this.writable - OVERHEAD);
  }

  private resolved(address: string): void {
    if (this.state === "closed") {
      this.census.misuse.push("resolved after close");
      throw new TypeError("options are gone");
    }
    this.state = "connecting";
    this.census.wires++;
    const open = {} as { wire?: Wire };
    const mine = () => open.wire !== undefined && open.wire === this.wire;
    open.wire = this.wire = this.ports.connect(address, this.options.port, {
      open: () => mine() && this.opened(),
      data: (bytes) => mine() && feed(bytes),
      closed: () => mine() && this.fail(),
    });
    const feed = packetReader((packet) => {
      this.inbox.push(packet);
      if (this.inbox.length === 1) this.parseSoon();
    });
  }

  private opened(): void {
    const { id, clean, keepAlive, user, password, will } = this.options;
    this.writable = this.ports.bufferBytes();
    this.state = "login";
    const payload = Buffer.from(will.message);
    this.put({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clientId: id,
      clean,
      keepalive: Math.ceil(keepAlive / 1000),
      ...(user !== undefined && { username: user }),
      ...(password !== undefined && { password: Buffer.from(password as ArrayBuffer) }),
      will: { topic: will.topic, payload, qos: will.QoS, retain: will.retain },
    });
    this.pingedMs = this.heardMs = this.ports.uptimeMs();
    if (keepAlive > 0 && this.ports.pings !== false) this.tickKeepAlive(keepAlive);
  }

  private tickKeepAlive(intervalMs: number): void {
    this.census.timers++;
    const cancel = this.ports.after(intervalMs / 4, () => {
      this.census.timers--;
      this.keepAlive = undefined;
      const nowMs = this.ports.uptimeMs();
      const unsent = this.pending.some(({ cmd }) => cmd === "pingreq");
      const due = nowMs - this.pingedMs >= intervalMs * 0.75 - 500;
      if (nowMs - this.heardMs >= intervalMs * 1.5 || (due && unsent)) return this.fail();
      if (due) this.enqueue({ cmd: "pingreq" });
      this.tickKeepAlive(intervalMs);
    });
    this.keepAlive = () => {
      this.census.timers--;
      cancel();
    };
  }

  private enqueue(packet: MqttPacket): void {
    this.pending.push(packet);
    this.flushing ??= this.ports.after(0, () => {
      this.flushing = undefined;
      this.onWritable();
    });
  }

  private drained(bytes: number): void {
    if (this.state === "closed") return;
    this.writable += bytes;
    this.onWritable();
  }

  private onWritable(): void {
    if (this.state === "connected")
      while (this.pending.length > 0) {
        const [packet] = this.pending;
        if (this.writable < 4) return;
        this.pending.shift();
        if (packet.cmd === "pingreq") this.pingedMs = this.ports.uptimeMs();
        this.put(packet);
      }
    const tells = this.state === "connected" || this.state === "publishing";
    if (tells && this.writable > OVERHEAD)
      this.call(() => this.options.onWritable(this.reported()));
  }

  private parseSoon(): void {
    this.ports.after(0, () => this.parse());
  }

  /** One packet, or one piece of one, a turn. */
  private parse(): void {
    if (this.state === "closed" || this.stuck) return;
    if (this.announced) {
      this.census.misuse.push("a piece was not read");
      return;
    }
    const packet = this.inbox[0];
    if (!packet) return;
    if (packet.cmd !== "publish") {
      this.inbox.shift();
      this.control(packet);
    } else this.announce(packet);
    if (this.inbox.length > 0) this.parseSoon();
  }

  private announce(packet: MqttPacket): void {
    const payload = packet.payload!;
    if (payload.length === 0) {
      this.stuck = true; // as the SDK's parser
      return;
    }
    this.incoming ??= { packet, at: 0 };
    const { at } = this.incoming;
    const left = payload.length - at;
    const count = Math.max(1, Math.min(left, this.ports.pieceBytes(left)));
    const piece: MqttPiece = { more: count < left };
    if (at === 0) {
      const { topic, qos: QoS } = packet;
      Object.assign(piece, { topic, byteLength: payload.length, QoS });
    }
    if (piece.more) this.incoming.at += count;
    else {
      this.incoming = undefined;
      this.inbox.shift();
      if (packet.qos) this.enqueue({ cmd: "puback", messageId: packet.messageId });
    }
    this.announced = payload.subarray(at, at + count);
    this.call(() => this.options.onReadable(count, piece));
  }

  private control(packet: MqttPacket): void {
    const operation = OPERATIONS[packet.cmd];
    if (operation === 13) this.heardMs = this.ports.uptimeMs();
    if (operation === 2) {
      if (packet.returnCode) return this.fail();
      this.state = "connected";
    }
    const message = { operation, id: packet.messageId, returnCode: packet.returnCode };
    const payload = packet.granted && { payload: packet.granted };
    this.call(() => this.options.onControl({ ...message, ...payload }));
    if (operation === 2 && this.wire) this.onWritable();
  }

  private call(act: () => void): void {
    this.calling++;
    try {
      act();
    } finally {
      this.calling--;
    }
  }

  private fail(): void {
    if (this.state === "closed") {
      this.census.misuse.push("failed after close");
      throw new TypeError("options are gone");
    }
    this.options.onError();
    this.shut();
  }

  private shut(): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.census.clients--;
    this.keepAlive?.();
    this.flushing?.();
    if (this.wire) this.census.wires--;
    this.wire?.close();
    this.wire = undefined;
  }
}
