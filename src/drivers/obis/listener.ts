// SPDX-License-Identifier: Apache-2.0
/** A serial line on which a meter speaks by itself, and the watch over its silence. */
import { assert } from "#core/errors/assert";
import type { DriverTimer, SerialConstruction, SerialIo, SerialOptions } from "../types.ts";

/**
 * Bytes taken in one callback, READS_MAX reads of READ_BYTES: twice the longest telegram, so that a babbling
 * line cannot hold up the machine, and a telegram that waited is never left half.
 */
const READ_BYTES = 512;
const READS_MAX = 32;

export interface ListenerOptions {
  sensor: SerialConstruction;
  line: Readonly<Pick<SerialOptions, "baud" | "data" | "parity" | "stop">>;
  timer: DriverTimer;
  /** Silence after which the meter counts as gone, ms. */
  timeoutMs: number;
  onBytes: (bytes: Uint8Array) => void;
  /** The io failed. */
  onError: (detail: string) => void;
  /** Once for every `timeoutMs` in which nobody called `heard`. */
  onSilence: (timeoutMs: number) => void;
}

export class Listener {
  private readonly options: ListenerOptions;
  /** Undefined while it is constructed, when it may already call. */
  private io: SerialIo | undefined;
  private timeoutMs: number;
  private cancel: () => void = () => {};
  private isClosed = false;
  private reading = false;

  constructor(options: ListenerOptions) {
    this.options = options;
    this.timeoutMs = checked(options.timeoutMs);
    const { io: Io, ...pins } = options.sensor;
    const onReadable = () => this.receive();
    this.io = new Io({ ...pins, ...options.line, format: "buffer", onReadable });
    this.heard();
  }

  get closed(): boolean {
    return this.isClosed;
  }

  /** A sensor's `configure`: takes `timeoutMs`, and leaves what it does not know. */
  configure(options: Record<string, unknown>): void {
    if (options.timeoutMs === undefined) return;
    this.timeoutMs = checked(options.timeoutMs);
    this.heard();
  }

  /** The meter said something that makes sense: the silence is over. */
  heard(): void {
    this.cancel();
    if (this.isClosed) return;
    this.cancel = this.options.timer.after(this.timeoutMs, () => {
      this.heard();
      this.options.onSilence(this.timeoutMs);
    });
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.cancel();
    this.io?.close();
  }

  private receive(): void {
    // A call from inside a delivery does nothing: the loop that delivers goes on until nothing is left.
    if (this.reading || !this.io) return;
    this.reading = true;
    try {
      for (let i = 0; i < READS_MAX && !this.isClosed; i++) {
        const part = this.read(this.io);
        if (part === undefined || part.byteLength === 0) return;
        this.options.onBytes(new Uint8Array(part));
      }
    } finally {
      this.reading = false;
    }
  }

  private read(io: SerialIo): ArrayBuffer | undefined {
    try {
      return io.read(READ_BYTES);
    } catch (error) {
      this.options.onError(String(error));
      return undefined;
    }
  }
}

function checked(timeoutMs: unknown): number {
  const right = typeof timeoutMs === "number" && Number.isInteger(timeoutMs) && timeoutMs > 0;
  assert(right, "TIMEOUT_MS", `${timeoutMs}`);
  return timeoutMs;
}
