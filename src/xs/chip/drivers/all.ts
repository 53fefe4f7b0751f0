// SPDX-License-Identifier: Apache-2.0
/** Every driver. A build with `DRIVERS=<file>` has that file's in the place of this one. */
import { DRIVERS as ADE7953 } from "#xs/chip/drivers/ade7953";
import { DRIVERS as BL0942 } from "#xs/chip/drivers/bl0942";
import { DRIVERS as CSE7766 } from "#xs/chip/drivers/cse7766";
import type { Drivers } from "#xs/chip/drivers/driver";
import { DRIVERS as DSMR } from "#xs/chip/drivers/dsmr";
import { DRIVERS as MODBUS } from "#xs/chip/drivers/modbus";
import { DRIVERS as PULSES } from "#xs/chip/drivers/s0";
import { DRIVERS as SML } from "#xs/chip/drivers/sml";

export const DRIVERS: Drivers = Object.freeze({
  ...MODBUS,
  ...CSE7766,
  ...BL0942,
  ...ADE7953,
  ...DSMR,
  ...PULSES,
  ...SML,
});
