// SPDX-License-Identifier: Apache-2.0
/** S0 pulse outputs. */
import { board } from "#board";
import { S0 } from "#drivers/s0/s0";
import type { Drivers } from "#xs/chip/drivers/driver";
import PulseCounter from "#xs/native/pulse/pulse";

/** What most meters have; printed on each. */
const IMPULSES_PER_KWH = 1000;

export const DRIVERS: Drivers = Object.freeze({
  s0: {
    calibration: [
      { name: "imp", min: 1, max: 100_000 },
      { name: "minon", min: 1, max: 1000 },
      { name: "minoff", min: 1, max: 1000 },
    ],
    open: (options, calibration) => {
      const minOnMs = calibration("minon");
      const minOffMs = calibration("minoff");
      return new S0({
        ...options,
        sensor: { io: PulseCounter, pin: board.meter.pulse.pin },
        impulsesPerKwh: calibration("imp") ?? IMPULSES_PER_KWH,
        ...(minOnMs !== undefined && { minOnUs: 1000 * minOnMs }),
        ...(minOffMs !== undefined && { minOffUs: 1000 * minOffMs }),
      });
    },
  },
} satisfies Drivers);
