// SPDX-License-Identifier: Apache-2.0
/** Wiring of the ESP32-C3 dev kit: README.md. */
import type { Board } from "#xs/device/board";

export const board: Board = Object.freeze({
  name: "esp32c3-devkit",
  network: "wifi",
  console: { port: 0, transmit: 21, receive: 20 },
  meter: {
    uart: { port: 1, transmit: 5, receive: 4, direction: 3 },
    i2c: { data: 6, clock: 7 },
    pulse: { pin: 10 },
  },
  button: 9,
  led: -1,
});
