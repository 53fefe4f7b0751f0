// SPDX-License-Identifier: Apache-2.0
/** What a board's folder under devices/ says of its wiring. Pins are GPIO numbers. */

export interface Board {
  /** The folder's name; firmware images are made for one board. */
  name: string;
  network: "wifi" | "ethernet";
  /** The serial line of the USB socket: console and provisioning. */
  console: { port: number; transmit: number; receive: number };
  /** Where metering chips are wired; a build or the settings choose the driver. */
  meter: {
    /** CSE7766, BL0942, PZEM-004T, SDM, P1, SML. `direction` drives an RS-485 transceiver, -1: none. */
    uart: { port: number; transmit: number; receive: number; direction: number };
    /** ADE7953. */
    i2c: { data: number; clock: number };
    /** S0: between this pin and ground. */
    pulse: { pin: number };
  };
  /**
   * Between this pin and ground, with the chip's pull-up: a pin without one reads noise. Held for ten seconds
   * and let go, settings are forgotten (never keys, never registers). -1: none.
   */
  button: number;
  /** Status light, active high; -1: none. */
  led: number;
}
