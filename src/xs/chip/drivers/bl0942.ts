// SPDX-License-Identifier: Apache-2.0
/** BL0942. */
import { Bl0942 } from "#drivers/bl0942/bl0942";
import type { CalibrationSpec } from "#meter/provision/settings";
import { type Drivers, INVERTED, line, perHundred, ratioSpec } from "#xs/chip/drivers/driver";

const MAINS: CalibrationSpec = Object.freeze({ name: "mains", min: 50, max: 60 });

/**
 * What these chips show on common switch boards, as published with their open drivers: a start, and no more.
 * A meter whose energy is paid for is calibrated against a reference (docs/firmware.md).
 */
const REFERENCE = Object.freeze({ uref: 1_587_336, iref: 25_121_346, pref: 59_600 });

export const DRIVERS: Drivers = Object.freeze({
  bl0942: {
    calibration: [ratioSpec("uref"), ratioSpec("iref"), ratioSpec("pref"), MAINS, INVERTED],
    open: (options, calibration) =>
      new Bl0942({
        ...options,
        sensor: line(),
        calibration: {
          voltage: perHundred(calibration("uref") ?? REFERENCE.uref),
          current: perHundred(calibration("iref") ?? REFERENCE.iref),
          power: perHundred(calibration("pref") ?? REFERENCE.pref),
        },
        mainsHz: calibration("mains") === 60 ? 60 : 50,
        inverted: calibration("inverted") === 1,
      }),
  },
} satisfies Drivers);
