// SPDX-License-Identifier: Apache-2.0
/** P1 ports. */
import { Dsmr } from "#drivers/dsmr/dsmr";
import { type Drivers, line } from "#xs/chip/drivers/driver";

export const DRIVERS: Drivers = Object.freeze({
  dsmr: {
    calibration: [{ name: "version", min: 3, max: 5 }],
    open: (options, calibration) =>
      new Dsmr({
        ...options,
        sensor: line(false, true),
        version: calibration("version") === 3 ? 3 : 5,
      }),
  },
} satisfies Drivers);
