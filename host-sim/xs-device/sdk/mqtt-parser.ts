// SPDX-License-Identifier: Apache-2.0
/** The incoming half of mqtt.ts: packets by the byte, payloads in the pieces in which they come. */
import { type MqttControl, type MqttPiece, Packet } from "#meter/link/client";
import type TCP from "./tcp.ts";

export interface ParserEvents {
  control(message: MqttControl): void;
  /** A piece of a publish waits in the socket; `whole`: it was the last, and this packet wants a PUBACK. */
  piece(count: number, piece: MqttPiece, whole: number | undefined): void;
}

/** What is read next. */
type Stage = "type" | "length" | "topic length" | "topic" | "id" | "payload" | "body";

export class Parser {
  /** Bytes in the socket. */
  readable = 0;
  /** Of the piece that was announced and not read. */
  payload = 0;
  private readonly events: ParserEvents;
  private stage: Stage = "type";
  private operation = 0;
  private flags = 0;
  /** Bytes that follow. */
  private left = 0;
  private shift = 0;
  private field: Uint8Array | undefined;
  private filled = 0;
  private topic: string | undefined;
  private id = 0;

  constructor(events: ParserEvents) {
    this.events = events;
  }

  /** Reads on, up to the end or to a piece that nobody has read yet; `isOpen` is asked after each packet. */
  run(socket: TCP, isOpen: () => boolean): void {
    while (isOpen() && this.payload === 0 && (this.readable > 0 || this.isDone()))
      this.step(socket);
  }

  private isDone(): boolean {
    return this.stage === "body" && this.left === 0;
  }

  private step(socket: TCP): void {
    if (this.stage === "type") {
      const first = this.byte(socket);
      this.operation = first >> 4;
      this.flags = first & 15;
      this.left = 0;
      this.shift = 0;
      this.stage = "length";
    } else if (this.stage === "length") {
      const part = this.byte(socket);
      this.left |= (part & 127) << this.shift;
      this.shift += 7;
      if (part > 127) return;
      if (this.operation === Packet.publish) this.want("topic length", 2);
      else this.want("body", this.left);
    } else if (this.stage === "payload") this.announce();
    else this.fill(socket);
  }

  private want(stage: Stage, bytes: number): void {
    this.stage = stage;
    this.field = new Uint8Array(bytes);
    this.filled = 0;
  }

  private fill(socket: TCP): void {
    const field = this.field!;
    const part = field.subarray(this.filled, this.filled + this.readable);
    if (part.length > 0) {
      socket.format = "buffer";
      socket.read(part);
      this.readable -= part.length;
      this.left -= part.length;
      this.filled += part.length;
    }
    if (this.filled < field.length) return;
    this.field = undefined;
    this.filledUp(field);
  }

  private filledUp(field: Uint8Array): void {
    if (this.stage === "body") {
      this.stage = "type";
      this.control(field);
    } else if (this.stage === "topic length") this.want("topic", field[0] * 256 + field[1]);
    else if (this.stage === "topic") {
      this.topic = String.fromCharCode(...field);
      this.id = 0;
      if (this.flags & 6) this.want("id", 2);
      else this.stage = "payload";
    } else {
      this.id = field[0] * 256 + field[1];
      this.stage = "payload";
    }
  }

  private control(field: Uint8Array): void {
    const { operation } = this;
    if (operation === Packet.connack) this.events.control({ operation, returnCode: field[1] });
    else if (field.length < 2) this.events.control({ operation });
    else {
      const message: MqttControl = { operation, id: field[0] * 256 + field[1] };
      if (operation === Packet.suback) message.payload = Array.from(field.subarray(2));
      this.events.control(message);
    }
  }

  private announce(): void {
    const count = Math.min(this.left, this.readable);
    const piece: MqttPiece = { more: count < this.left };
    if (this.topic !== undefined) {
      piece.topic = this.topic;
      piece.byteLength = this.left;
      piece.QoS = (this.flags >> 1) & 3;
      this.topic = undefined;
    }
    this.left -= count;
    if (!piece.more) this.stage = "type";
    this.payload = count;
    this.events.piece(count, piece, piece.more || this.id === 0 ? undefined : this.id);
  }

  private byte(socket: TCP): number {
    socket.format = "number";
    this.readable--;
    return socket.read() as number;
  }
}
