// SPDX-License-Identifier: Apache-2.0
/** What the firmware knows of a metering driver, and what its descriptions share. */
import { board } from "#board";
import type { Ratio } from "#drivers/chip/exact";
import type { DriverOptions, EnergySensor } from "#drivers/types";
import type { CalibrationSpec } from "#meter/provision/settings";
import { UartSerial } from "#xs/chip/serial";

/** What a chip's driver can be told, as `wattle set cal.<name>=` takes it; absent: the driver's own value. */
export type Calibration = (name: string) => number | undefined;

export interface Driver {
  calibration: readonly CalibrationSpec[];
  open(options: DriverOptions, calibration: Calibration): EnergySensor;
}

/** Drivers by the name that the setting `driver` has. */
export type Drivers = Readonly<Record<string, Driver>>;

export const INVERTED: CalibrationSpec = Object.freeze({ name: "inverted", min: 0, max: 1 });

/** Units of a chip's register for 100 V, 100 A or 100 W: a board's calibration as a whole number. */
export function ratioSpec(name: string): CalibrationSpec {
  return { name, min: 1, max: 99_999_999 };
}

export function perHundred(units: number): Ratio {
  return { numerator: units, denominator: 100 };
}

/** The meter's line; `direction` switches an RS-485 driver. */
export function line(rs485 = false, inverted = false) {
  const { direction, ...pins } = board.meter.uart;
  return { io: UartSerial, ...pins, direction: rs485 ? direction : -1, inverted };
}

/** `{ name: value }`, or nothing where there is no value. */
export function given<Name extends string>(name: Name, value: number | undefined) {
  return (value === undefined ? {} : { [name]: value }) as { [key in Name]?: number };
}
