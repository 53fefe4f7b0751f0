// SPDX-License-Identifier: Apache-2.0
/** Meters that speak Modbus: PZEM-004T and Eastron's SDM. */
import { Pzem004t } from "#drivers/modbus/pzem004t";
import { Sdm, type SdmModel } from "#drivers/modbus/sdm";
import type { CalibrationSpec } from "#meter/provision/settings";
import { type Driver, type Drivers, given, line } from "#xs/chip/drivers/driver";

const ADDRESS: CalibrationSpec = Object.freeze({ name: "address", min: 1, max: 247 });
const BAUD: CalibrationSpec = Object.freeze({ name: "baud", min: 1200, max: 115_200 });

function sdm(model: SdmModel): Driver {
  return {
    calibration: [ADDRESS, BAUD],
    open: (options, calibration) =>
      new Sdm({
        ...options,
        model,
        sensor: line(true),
        ...given("address", calibration("address")),
        ...given("baud", calibration("baud")),
      }),
  };
}

export const DRIVERS: Drivers = Object.freeze({
  pzem004t: {
    calibration: [ADDRESS],
    open: (options, calibration) =>
      new Pzem004t({ ...options, sensor: line(), ...given("address", calibration("address")) }),
  },
  sdm120: sdm("SDM120"),
  sdm630: sdm("SDM630"),
} satisfies Drivers);
