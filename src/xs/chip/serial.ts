// SPDX-License-Identifier: Apache-2.0
/**
 * ECMA-419 Serial over native/esp32/uart.c: any parity and word length, an inverted line, RS-485, and a
 * buffer that holds a whole telegram while the application is busy.
 */

import { assert } from "#core/errors/assert";
import type { SerialIo, SerialOptions } from "#drivers/types";
import { ffi } from "#xs/device/ffi";
import { every } from "#xs/device/timer";

/** Two P1 telegrams of 2 KB: one arrives while the other is read. */
const BUFFER_BYTES = 4096;
/** How often the buffer is looked at, ms: at 115200 baud 230 bytes arrive meanwhile. */
const POLL_MS = 20;
/** Bytes handed over at once. */
const READ_BYTES = 1024;

const PARITY = Object.freeze({ none: 0, odd: 1, even: 2 });

export interface UartPins {
  port: number;
  transmit: number;
  receive: number;
  /** RS-485 driver enable, or −1. */
  direction?: number;
  /** The received line is inverted (P1). */
  inverted?: boolean;
}

export class UartSerial implements SerialIo {
  private readonly port: number;
  private readonly onReadable: ((count: number) => void) | undefined;
  private readonly cancel: () => void;
  private open = true;

  constructor(options: SerialOptions & Partial<UartPins>) {
    const { port = 1, transmit = -1, receive = -1, direction = -1, inverted = false } = options;
    this.port = port;
    this.onReadable = options.onReadable;
    const failed = ffi().wattle_uart_open(
      port,
      transmit,
      receive,
      options.baud,
      options.data ?? 8,
      PARITY[options.parity ?? "none"],
      options.stop ?? 1,
      inverted ? 1 : 0,
      direction,
      BUFFER_BYTES,
    );
    assert(failed === 0, "UART", `port ${port}: error ${failed}`);
    this.cancel = every(POLL_MS, () => this.poll());
  }

  read(count = READ_BYTES): ArrayBuffer | undefined {
    const length = Math.min(count, READ_BYTES, ffi().wattle_uart_waiting(this.port));
    if (length <= 0) return undefined;
    const buffer = new ArrayBuffer(length);
    const got = ffi().wattle_uart_read(this.port, buffer, length);
    return got === length ? buffer : buffer.slice(0, Math.max(0, got));
  }

  write(bytes: ArrayBuffer | Uint8Array): void {
    const view = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
    const buffer = view.buffer as ArrayBuffer;
    ffi().wattle_uart_write(this.port, buffer, view.byteOffset, view.length);
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.cancel();
    ffi().wattle_uart_close(this.port);
  }

  private poll(): void {
    const waiting = ffi().wattle_uart_waiting(this.port);
    if (waiting > 0) this.onReadable?.(waiting);
  }
}
