// SPDX-License-Identifier: Apache-2.0
/**
 * One MQTT 3.1.1 connection, as little of a client as a load needs: packets are built before they are sent,
 * and what comes is cut out of the stream without copies. QoS 1 both ways; nothing is repeated.
 */
import { connect, type Socket } from "node:net";

const CONNACK = 2;
const PUBLISH = 3;
const SUBACK = 9;
const KEEPALIVE_S = 600;

export interface WireHandlers {
  /** `payload` is a view that is good until this returns. */
  message(topic: string, payload: Buffer): void;
  closed(): void;
}

export interface Login {
  clientId: string;
  username: string;
  password: Uint8Array;
}

export class Wire {
  private readonly socket: Socket;
  private readonly handlers: WireHandlers;
  private rest: Buffer | undefined;
  private answered: (body: Buffer) => void = () => {};
  private ended = false;

  private constructor(socket: Socket, handlers: WireHandlers) {
    this.socket = socket;
    this.handlers = handlers;
    socket.on("data", (chunk: Buffer) => this.take(chunk));
    socket.on("error", () => {});
    socket.on("close", () => {
      if (!this.ended) handlers.closed();
    });
  }

  /** Connects; rejects where the broker refuses. */
  static async open(port: number, login: Login, handlers: WireHandlers): Promise<Wire> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    const wire = new Wire(socket, handlers);
    const body = await wire.ask(connectPacket(login));
    if (body[1] !== 0) throw new Error(`the broker refuses ${login.clientId}: code ${body[1]}`);
    return wire;
  }

  async subscribe(filters: readonly string[]): Promise<void> {
    const parts = filters.map((filter) => Buffer.concat([text(filter), Buffer.of(1)]));
    const body = await this.ask(packet(0x82, Buffer.concat([Buffer.of(0, 1), ...parts])));
    for (const code of body.subarray(2))
      if (code > 2) throw new Error(`a subscription was refused: ${filters.join(", ")}`);
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  close(): void {
    this.ended = true;
    this.socket.destroy();
  }

  private ask(bytes: Buffer): Promise<Buffer> {
    return new Promise((resolve) => {
      this.answered = resolve;
      this.send(bytes);
    });
  }

  private take(chunk: Buffer): void {
    let bytes = this.rest ? Buffer.concat([this.rest, chunk]) : chunk;
    for (;;) {
      const length = frameLength(bytes);
      if (length === undefined || bytes.length < length) break;
      this.frame(bytes.subarray(0, length));
      bytes = bytes.subarray(length);
    }
    this.rest = bytes.length > 0 ? bytes : undefined;
  }

  private frame(bytes: Buffer): void {
    const type = bytes[0] >> 4;
    let at = 2;
    while (bytes[at - 1] & 0x80) at++;
    if (type === CONNACK || type === SUBACK) return this.answered(Buffer.from(bytes.subarray(at)));
    if (type !== PUBLISH) return;
    const end = at + 2 + bytes.readUInt16BE(at);
    const topic = bytes.toString("latin1", at + 2, end);
    const hasId = (bytes[0] & 6) !== 0;
    if (hasId) this.send(Buffer.of(0x40, 2, bytes[end], bytes[end + 1]));
    this.handlers.message(topic, bytes.subarray(end + (hasId ? 2 : 0)));
  }
}

/** Bytes of the first packet with its header; undefined where that is not there yet. */
function frameLength(bytes: Buffer): number | undefined {
  let length = 0;
  for (let at = 1; at < 5; at++) {
    if (at >= bytes.length) return undefined;
    length += (bytes[at] & 0x7f) * 128 ** (at - 1);
    if (!(bytes[at] & 0x80)) return at + 1 + length;
  }
  throw new Error("the broker sent no MQTT");
}

/** A QoS 1 PUBLISH. */
export function publishPacket(topic: string, payload: Uint8Array, id: number): Buffer {
  return packet(0x32, Buffer.concat([text(topic), Buffer.of(id >> 8, id & 0xff), payload]));
}

function connectPacket({ clientId, username, password }: Login): Buffer {
  const flags = 0xc2; // user name, password, clean session
  const head = Buffer.of(0, 4, 77, 81, 84, 84, 4, flags, KEEPALIVE_S >> 8, KEEPALIVE_S & 0xff);
  const secret = Buffer.concat([Buffer.of(password.length >> 8, password.length & 0xff), password]);
  return packet(0x10, Buffer.concat([head, text(clientId), text(username), secret]));
}

function packet(first: number, body: Buffer): Buffer {
  const head = [first];
  let left = body.length;
  do {
    const digit = left % 128;
    left = Math.floor(left / 128);
    head.push(left > 0 ? digit | 0x80 : digit);
  } while (left > 0);
  return Buffer.concat([Buffer.from(head), body]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}
