// SPDX-License-Identifier: Apache-2.0
/** An I2C bus for driver tests, with one chip on it that a test plays. */
import type { I2cConstruction, I2cIo } from "#drivers/types";

/** The chip's side. Either throws where the chip does not answer. */
export interface I2cTarget {
  write(bytes: Uint8Array): void;
  /** What the chip sends when `count` bytes are asked of it. */
  read(count: number): Uint8Array;
}

/** `construction` goes into a driver's `sensor` option. */
export class FakeI2c {
  options: ({ address: number; hz: number } & Record<string, unknown>) | undefined;
  closed = 0;
  /** Transfers so far. */
  transfers = 0;
  target: I2cTarget;

  constructor(target: I2cTarget) {
    this.target = target;
  }

  get construction(): I2cConstruction {
    const bus = this;
    class Io implements I2cIo {
      constructor(options: { address: number; hz: number } & Record<string, unknown>) {
        bus.options = options;
      }
      read(count: number): ArrayBuffer {
        bus.use();
        return Uint8Array.from(bus.target.read(count)).buffer;
      }
      write(bytes: ArrayBuffer | Uint8Array): void {
        bus.use();
        bus.target.write(
          Uint8Array.from(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)),
        );
      }
      close(): void {
        bus.closed++;
      }
    }
    return { io: Io };
  }

  private use(): void {
    if (this.closed > 0) throw new Error("the bus is closed");
    this.transfers++;
  }
}
