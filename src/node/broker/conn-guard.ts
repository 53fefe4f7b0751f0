// SPDX-License-Identifier: Apache-2.0
/**
 * Bounds what one connection can make the broker hold. aedes has no limit on the size of a packet
 * (its parser collects up to 256 MB), and it waits for a slow reader while it holds one of its
 * delivery slots, so that a few frozen clients would stall everybody.
 */
import type { Socket } from "node:net";

export interface ConnLimits {
  /** Largest MQTT packet taken from a client, bytes. */
  packetBytesMax: number;
  /** Bytes that may wait to be read by a client before it is dropped. */
  backlogBytesMax: number;
}

/** A guarded connection is destroyed with one of these; `code` is counted and logged. */
export class ConnError extends Error {
  readonly code: "PACKET_TOO_LARGE" | "SLOW_CLIENT";
  constructor(code: "PACKET_TOO_LARGE" | "SLOW_CLIENT", message: string) {
    super(message);
    this.name = "ConnError";
    this.code = code;
  }
}

/**
 * Follows the fixed headers in a stream of MQTT packets (MQTT 3.1.1 section 2.2): one byte of type
 * and flags, then the remaining length, seven bits a byte with the highest bit for "more".
 */
export class FrameScanner {
  readonly #max: number;
  readonly #types: ReadonlySet<number> | undefined;
  /** Bytes of the present packet's body that are still to come. */
  #body = 0;
  /** Bytes of the present header seen so far; 0 between packets. */
  #header = 0;
  #length = 0;

  /** `types`: the control packets that may come, by number; undefined: any. */
  constructor(packetBytesMax: number, types?: ReadonlySet<number>) {
    this.#max = packetBytesMax;
    this.#types = types;
  }

  /** Takes the next bytes of the stream; false once a packet announces more than the limit, or is no such. */
  accept(bytes: Uint8Array): boolean {
    let at = 0;
    while (at < bytes.length) {
      if (this.#body > 0) {
        const skipped = Math.min(this.#body, bytes.length - at);
        this.#body -= skipped;
        at += skipped;
      } else if (!this.#headerByte(bytes[at++])) {
        return false;
      }
    }
    return true;
  }

  #headerByte(byte: number): boolean {
    this.#header++;
    if (this.#header === 1) {
      this.#length = 0;
      return this.#types?.has(byte >> 4) ?? true;
    }
    this.#length += (byte & 0x7f) * 128 ** (this.#header - 2);
    if (this.#header + this.#length > this.#max) return false;
    if (byte & 0x80) return this.#header < 5; // four length bytes at most
    this.#body = this.#length;
    this.#header = 0;
    return true;
  }
}

/** Puts the limits on `socket` before aedes gets it. */
export function guardConnection(socket: Socket, limits: ConnLimits): void {
  const scanner = new FrameScanner(limits.packetBytesMax);
  const read = socket.read.bind(socket);
  socket.read = (size?: number) => {
    const chunk: Buffer | null = read(size);
    if (chunk === null || scanner.accept(chunk)) return chunk;
    const message = `a packet of more than ${limits.packetBytesMax} bytes`;
    socket.destroy(new ConnError("PACKET_TOO_LARGE", message));
    return null;
  };
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  socket.write = (...args: unknown[]) => {
    write(...args);
    if (socket.writableLength > limits.backlogBytesMax && !socket.destroyed) {
      const message = `more than ${limits.backlogBytesMax} bytes wait to be read`;
      socket.destroy(new ConnError("SLOW_CLIENT", message));
    }
    // Never "wait for drain": aedes would hold a delivery slot of all clients for this one.
    return true;
  };
}
