// SPDX-License-Identifier: Apache-2.0
/** Wiring of the ESP32 dev kit: README.md. */
import type { Board } from "#xs/device/board";

export const board: Board = Object.freeze({
  name: "esp32-devkit",
  network: "wifi",
  console: { port: 0, transmit: 1, receive: 3 },
  meter: {
    uart: { port: 2, transmit: 17, receive: 16, direction: 4 },
    i2c: { data: 21, clock: 22 },
    pulse: { pin: 27 },
  },
  button: 0,
  led: 2,
});
