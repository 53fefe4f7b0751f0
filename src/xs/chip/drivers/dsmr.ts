// SPDX-License-Identifier: Apache-2.0
/** P1 ports. */
import { UTC_OFFSET_RANGE } from "#drivers/dsmr/clock";
import { Dsmr } from "#drivers/dsmr/dsmr";
import { type Drivers, given, line } from "#xs/chip/drivers/driver";

export const DRIVERS: Drivers = Object.freeze({
  dsmr: {
    calibration: [
      { name: "version", min: 3, max: 5 },
      { name: "utc", ...UTC_OFFSET_RANGE },
    ],
    open: (options, calibration) =>
      new Dsmr({
        ...options,
        sensor: line(false, true),
        version: calibration("version") === 3 ? 3 : 5,
        ...given("utcOffsetMin", calibration("utc")),
      }),
  },
} satisfies Drivers);
