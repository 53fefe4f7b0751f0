// SPDX-License-Identifier: Apache-2.0
/** ADE7953. */
import { Ade7953 } from "#drivers/ade7953/ade7953";
import type { DriverOptions } from "#drivers/types";
import {
  type Calibration,
  type Drivers,
  INVERTED,
  perHundred,
  ratioSpec,
} from "#xs/chip/drivers/driver";
import { BoardI2c } from "#xs/chip/i2c";

/** As with the BL0942: of common boards, and a start only. */
const REFERENCE = Object.freeze({ uref: 2_600_000, iref: 10_000_000, pref: 15_400 });
/**
 * Counts of the energy register in a kWh for one count of the power register in a W: at full scale the latter
 * shows 4 862 401, and the former gains 217 245 a second (data sheet, p. 25).
 */
const COUNTS_PER_KWH = (3_600_000 * 217_245) / 4_862_401;

const CHANNELS: Readonly<Record<number, readonly ("A" | "B")[]>> = Object.freeze({
  1: Object.freeze(["A"] as const),
  2: Object.freeze(["B"] as const),
  3: Object.freeze(["A", "B"] as const),
});

/** `channels`: 1 input A, 2 input B, 3 both. `eref`: counts of the energy register for one kWh. */
function open(options: DriverOptions, calibration: Calibration): Ade7953 {
  const pref = calibration("pref") ?? REFERENCE.pref;
  const channel = {
    current: perHundred(calibration("iref") ?? REFERENCE.iref),
    power: perHundred(pref),
    energy: {
      mwh: 1_000_000,
      perCounts: calibration("eref") ?? Math.round((pref * COUNTS_PER_KWH) / 100),
    },
    inverted: calibration("inverted") === 1,
  };
  const inputs = CHANNELS[calibration("channels") ?? 1];
  return new Ade7953({
    ...options,
    sensor: { io: BoardI2c },
    channels: inputs.map((input) => ({ ...channel, input })),
    voltage: perHundred(calibration("uref") ?? REFERENCE.uref),
  });
}

export const DRIVERS: Drivers = Object.freeze({
  ade7953: {
    calibration: [
      ratioSpec("uref"),
      ratioSpec("iref"),
      ratioSpec("pref"),
      ratioSpec("eref"),
      { name: "channels", min: 1, max: 3 },
      INVERTED,
    ],
    open,
  },
} satisfies Drivers);
