// SPDX-License-Identifier: Apache-2.0
/** Wiring of the ESP32-S3 dev kit with PSRAM: README.md. */
import type { Board } from "#xs/device/board";

export const board: Board = Object.freeze({
  name: "esp32s3-devkit",
  network: "wifi",
  console: { port: 0, transmit: 43, receive: 44 },
  meter: {
    uart: { port: 1, transmit: 17, receive: 18, direction: 16 },
    i2c: { data: 8, clock: 9 },
    pulse: { pin: 4 },
  },
  button: 0,
  led: -1,
});
