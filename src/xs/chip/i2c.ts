// SPDX-License-Identifier: Apache-2.0
/**
 * ECMA-419 I2C on the board's pins. The SDK (8.2.3) ends every write with a stop, whatever it is told; a chip
 * whose register is written first and read after a repeated start gets both as one transaction here.
 */
import I2C from "embedded:io/i2c";
import { board } from "#board";
import type { I2cIo } from "#drivers/types";

export class BoardI2c implements I2cIo {
  private readonly bus: I2C;
  /** Written without a stop: it goes out with the read that follows. */
  private open: Uint8Array | undefined;

  constructor({ address, hz }: { address: number; hz: number }) {
    this.bus = new I2C({ address, hz, ...board.meter.i2c });
  }

  write(bytes: ArrayBuffer | Uint8Array, stop = true): void {
    this.open = stop ? undefined : new Uint8Array(bytes);
    if (stop) this.bus.write(bytes);
  }

  read(count: number): ArrayBuffer {
    const { open } = this;
    this.open = undefined;
    return open ? this.bus.writeRead(open, count) : this.bus.read(count);
  }

  close(): void {
    this.bus.close();
  }
}
