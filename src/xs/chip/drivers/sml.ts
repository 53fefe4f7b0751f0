// SPDX-License-Identifier: Apache-2.0
/** Optical interfaces that speak SML. */
import { Sml } from "#drivers/sml/sml";
import { type Drivers, line } from "#xs/chip/drivers/driver";

export const DRIVERS: Drivers = Object.freeze({
  sml: { calibration: [], open: (options) => new Sml({ ...options, sensor: line() }) },
} satisfies Drivers);
