// SPDX-License-Identifier: Apache-2.0
/**
 * Improv Wi-Fi over a serial line (https://www.improv-wifi.com/serial/), the device's side:
 *
 *   "IMPROV" ‖ version 1 ‖ type ‖ length n ‖ n bytes of data ‖ checksum
 *
 * The checksum is the sum of all bytes before it, mod 256. The line also carries log text and console
 * commands, so the decoder hands on as text whatever is no packet. Strings are UTF-8 behind one byte of
 * length.
 */
import { assert } from "#core/errors/assert";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

export const PacketType = Object.freeze({
  currentState: 1,
  errorState: 2,
  rpcCommand: 3,
  rpcResult: 4,
});

/** Packet "current state". */
export const ImprovState = Object.freeze({ authorized: 2, provisioning: 3, provisioned: 4 });

/** Packet "error state". */
export const ImprovError = Object.freeze({
  none: 0,
  invalidRpc: 1,
  unknownRpc: 2,
  unableToConnect: 3,
  unknown: 0xff,
});

export const RpcCommand = Object.freeze({
  wifiSettings: 1,
  currentState: 2,
  deviceInfo: 3,
  scan: 4,
});

/** "IMPROV" and the version. The 1 is no printable character, so that no line of text begins a packet. */
const HEADER: readonly number[] = Object.freeze([0x49, 0x4d, 0x50, 0x52, 0x4f, 0x56, 1]);
/** Header, type and length. */
const HEAD_BYTES = HEADER.length + 2;
/** A length is one byte. */
const DATA_BYTES_MAX = 255;
const PACKET_BYTES_MAX = HEAD_BYTES + DATA_BYTES_MAX + 1;

/** The bytes of one packet. */
export function encodePacket(type: number, data: Uint8Array | readonly number[]): Uint8Array {
  assert(data.length <= DATA_BYTES_MAX, "IMPROV_LENGTH", String(data.length));
  const bytes = new Uint8Array(HEAD_BYTES + data.length + 1);
  bytes.set(HEADER);
  bytes[HEADER.length] = type;
  bytes[HEADER.length + 1] = data.length;
  bytes.set(data, HEAD_BYTES);
  bytes[bytes.length - 1] = sum(bytes, bytes.length - 1);
  return bytes;
}

function sum(bytes: Uint8Array, length: number): number {
  let total = 0;
  for (let i = 0; i < length; i++) total += bytes[i];
  return total & 0xff;
}

/** Where the decoder puts what it found. */
export interface ImprovSink {
  /** A byte that belongs to no packet. */
  text(byte: number): void;
  /** A whole packet with the right checksum, of whatever type. */
  packet(type: number, data: Uint8Array): void;
  /** A packet that was broken or never finished. Its bytes are not handed on as text. */
  fault(): void;
}

/** Finds packets in a stream that also carries text. Memory is one packet, whatever comes. */
export class ImprovDecoder {
  private readonly sink: ImprovSink;
  private readonly held = new Uint8Array(PACKET_BYTES_MAX);
  private length = 0;
  /** Leading bytes of `held` that were part of a broken packet: another may begin there, but no text. */
  private broken = 0;

  constructor(sink: ImprovSink) {
    this.sink = sink;
  }

  push(byte: number): void {
    this.held[this.length++] = byte;
    this.settle();
  }

  /** Nothing has come for a while: an unfinished packet will not be finished. */
  idle(): void {
    while (this.length >= HEADER.length) {
      this.giveUp();
      this.settle();
    }
  }

  /** Takes away from the front of `held` all that is decided. */
  private settle(): void {
    while (this.length > 0) {
      const { held } = this;
      let matched = 0;
      while (matched < this.length && matched < HEADER.length && held[matched] === HEADER[matched])
        matched++;
      if (matched < this.length && matched < HEADER.length) {
        if (this.broken === 0) this.sink.text(held[0]);
        this.drop(1);
        continue;
      }
      if (this.length < HEAD_BYTES) return;
      const end = HEAD_BYTES + held[HEAD_BYTES - 1];
      if (this.length <= end) return;
      if (held[end] !== sum(held, end)) {
        this.giveUp();
        continue;
      }
      const type = held[HEADER.length];
      const data = held.slice(HEAD_BYTES, end);
      this.drop(end + 1);
      this.sink.packet(type, data);
    }
  }

  /** What is held begins like a packet and is none: the next one may begin inside it. */
  private giveUp(): void {
    this.broken = this.length;
    this.drop(1);
    this.sink.fault();
  }

  private drop(count: number): void {
    this.held.copyWithin(0, count, this.length);
    this.length -= count;
    this.broken = Math.max(0, this.broken - count);
  }
}

/** An RPC command's number and its data, or undefined where the lengths do not fit. */
export function decodeRpc(data: Uint8Array): { command: number; body: Uint8Array } | undefined {
  if (data.length < 2 || data[1] !== data.length - 2) return undefined;
  return { command: data[0], body: data.slice(2) };
}

/** The body of "send Wi-Fi settings", or undefined where it is not two strings. */
export function decodeWifi(body: Uint8Array): { ssid: string; passphrase: string } | undefined {
  const strings = decodeStrings(body);
  if (strings?.length !== 2) return undefined;
  return { ssid: strings[0], passphrase: strings[1] };
}

function decodeStrings(bytes: Uint8Array): string[] | undefined {
  const strings: string[] = [];
  for (let i = 0; i < bytes.length; ) {
    const end = i + 1 + bytes[i];
    if (end > bytes.length) return undefined;
    const text = decodeUtf8(bytes.slice(i + 1, end));
    if (text === undefined) return undefined;
    strings.push(text);
    i = end;
  }
  return strings;
}

/**
 * The data of an RPC result: the answer to `command`. What does not fit into one packet is a caller's bug
 * (assertion IMPROV_LENGTH).
 */
export function encodeRpcResult(command: number, strings: readonly string[]): number[] {
  const body: number[] = [];
  for (const text of strings) {
    const bytes = encodeUtf8(text);
    assert(body.length + 1 + bytes.length <= DATA_BYTES_MAX - 2, "IMPROV_LENGTH", `rpc ${command}`);
    body.push(bytes.length);
    for (let i = 0; i < bytes.length; i++) body.push(bytes[i]);
  }
  return [command, body.length, ...body];
}
