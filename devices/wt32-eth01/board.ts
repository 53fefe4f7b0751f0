// SPDX-License-Identifier: Apache-2.0
/** Wiring of the WT32-ETH01: README.md. */
import type { Board } from "#xs/device/board";

export const board: Board = Object.freeze({
  name: "wt32-eth01",
  network: "ethernet",
  console: { port: 0, transmit: 1, receive: 3 },
  meter: {
    uart: { port: 2, transmit: 17, receive: 5, direction: 4 },
    i2c: { data: 33, clock: 32 },
    pulse: { pin: 14 },
  },
  button: 15,
  led: -1,
});
