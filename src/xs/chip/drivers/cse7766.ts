// SPDX-License-Identifier: Apache-2.0
/** CSE7766 and its kin. */
import { Cse7766 } from "#drivers/cse7766/cse7766";
import { type Drivers, line } from "#xs/chip/drivers/driver";

export const DRIVERS: Drivers = Object.freeze({
  cse7766: {
    calibration: [{ name: "pcoef", min: 1, max: 0xffffff }],
    open: (options, calibration) => {
      const powerCoefficient = calibration("pcoef");
      const known = powerCoefficient === undefined ? {} : { calibration: { powerCoefficient } };
      return new Cse7766({ ...options, sensor: line(), ...known });
    },
  },
} satisfies Drivers);
