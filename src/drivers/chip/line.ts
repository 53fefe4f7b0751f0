// SPDX-License-Identifier: Apache-2.0
/**
 * A chip's UART: hands on what comes in, in order and never from inside another delivery, and closes the io
 * once. The io may call `onReadable` at any moment: in its own constructor, in a write, in a read.
 */
import type { SerialConstruction, SerialIo, SerialOptions } from "../types.ts";

/**
 * Bytes taken in one callback, READS_MAX reads of READ_BYTES: twenty frames, a second of a chip that never
 * pauses, so that a babbling line cannot hold up the machine.
 */
const READ_BYTES = 64;
const READS_MAX = 8;

export class ChipLine {
  private io: SerialIo | undefined;
  private closed = false;
  private reading = false;
  private readonly onBytes: (bytes: Uint8Array) => void;
  private readonly onError: (detail: string) => void;

  constructor(
    sensor: SerialConstruction,
    settings: Omit<SerialOptions, "format" | "onReadable" | "onWritable">,
    onBytes: (bytes: Uint8Array) => void,
    onError: (detail: string) => void,
  ) {
    this.onBytes = onBytes;
    this.onError = onError;
    const { io: Io, ...pins } = sensor;
    const onReadable = () => this.receive();
    this.io = new Io({ ...pins, ...settings, format: "buffer", onReadable });
  }

  /** Takes what the line has. */
  receive(): void {
    // A call from inside a delivery does nothing: the loop that delivers goes on until nothing is left.
    if (this.reading || this.closed || !this.io) return;
    this.reading = true;
    try {
      for (let i = 0; i < READS_MAX && !this.closed; i++) {
        const part = this.read(this.io);
        if (part === undefined || part.byteLength === 0) break;
        this.onBytes(new Uint8Array(part));
      }
    } finally {
      this.reading = false;
    }
  }

  private read(io: SerialIo): ArrayBuffer | undefined {
    try {
      return io.read(READ_BYTES);
    } catch (error) {
      this.onError(String(error));
      return undefined;
    }
  }

  /** False where the io refused; it has been reported then. */
  write(bytes: Uint8Array): boolean {
    if (this.closed || !this.io) return false;
    try {
      this.io.write(bytes);
      return true;
    } catch (error) {
      this.onError(String(error));
      return false;
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.io?.close();
    this.io = undefined;
  }
}
