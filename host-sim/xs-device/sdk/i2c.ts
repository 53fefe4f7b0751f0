// SPDX-License-Identifier: Apache-2.0
/** Stands in for the SDK's "embedded:io/i2c": a bus on which nothing answers. */
export default class I2C {
  read(_count: number, _stop?: boolean): ArrayBuffer {
    throw new Error("no answer");
  }
  write(_bytes: ArrayBuffer | Uint8Array, _stop?: boolean): void {
    throw new Error("no answer");
  }
  writeRead(_bytes: ArrayBuffer | Uint8Array, _count: number): ArrayBuffer {
    throw new Error("no answer");
  }
  close(): void {}
}
