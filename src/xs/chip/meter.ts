// SPDX-License-Identifier: Apache-2.0
/** The metering chip that the settings name, on the board's pins. */
import { board } from "#board";
import { assert } from "#core/errors/assert";
import { Ade7953 } from "#drivers/ade7953/ade7953";
import { Bl0942 } from "#drivers/bl0942/bl0942";
import type { Ratio } from "#drivers/chip/exact";
import { Cse7766 } from "#drivers/cse7766/cse7766";
import { Dsmr } from "#drivers/dsmr/dsmr";
import { Pzem004t } from "#drivers/modbus/pzem004t";
import { Sdm, type SdmModel } from "#drivers/modbus/sdm";
import { S0 } from "#drivers/s0/s0";
import { Sml } from "#drivers/sml/sml";
import type { DriverOptions, EnergySensor } from "#drivers/types";
import type { ResetReason } from "#meter/health/reset-reason";
import type { Board, CalibrationSpec, MeterSettings } from "#meter/provision/settings";
import { BoardI2c } from "#xs/chip/i2c";
import { UartSerial } from "#xs/chip/serial";
import { DriverMeter } from "#xs/device/driver-meter";
import type { MeterEvents, OpenMeter } from "#xs/device/parts";
import { deviceTimer, uptimeMs } from "#xs/device/timer";
import PulseCounter from "#xs/native/pulse/pulse";

/** What a chip's driver can be told, as `wattle set cal.<name>=` takes it; absent: the driver's own value. */
type Calibration = (name: string) => number | undefined;

interface Driver {
  calibration: readonly CalibrationSpec[];
  open(options: DriverOptions, calibration: Calibration): EnergySensor;
}

const ADDRESS: CalibrationSpec = Object.freeze({ name: "address", min: 1, max: 247 });
const BAUD: CalibrationSpec = Object.freeze({ name: "baud", min: 1200, max: 115_200 });

const MAINS: CalibrationSpec = Object.freeze({ name: "mains", min: 50, max: 60 });
const INVERTED: CalibrationSpec = Object.freeze({ name: "inverted", min: 0, max: 1 });

/**
 * What these chips show on common switch boards, as published with their open drivers: a start, and no more.
 * A meter whose energy is paid for is calibrated against a reference (docs/firmware.md).
 */
const BL0942_REFERENCE = Object.freeze({ uref: 1_587_336, iref: 25_121_346, pref: 59_600 });
const ADE7953_REFERENCE = Object.freeze({ uref: 2_600_000, iref: 10_000_000, pref: 15_400 });
/**
 * Counts of the energy register in a kWh for one count of the power register in a W: at full scale the latter
 * shows 4 862 401, and the former gains 217 245 a second (data sheet of the ADE7953, p. 25).
 */
const ADE7953_COUNTS_PER_KWH = (3_600_000 * 217_245) / 4_862_401;

/** What most meters have; printed on each. */
const IMPULSES_PER_KWH = 1000;

/** The meter's line; `direction` switches an RS-485 driver. */
function line(rs485 = false, inverted = false) {
  const { direction, ...pins } = board.meter.uart;
  return { io: UartSerial, ...pins, direction: rs485 ? direction : -1, inverted };
}

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

/** Units of a chip's register for 100 V, 100 A or 100 W: a board's calibration as a whole number. */
function ratioSpec(name: string): CalibrationSpec {
  return { name, min: 1, max: 99_999_999 };
}

function perHundred(units: number): Ratio {
  return { numerator: units, denominator: 100 };
}

/** `channels`: 1 input A, 2 input B, 3 both. `eref`: counts of the energy register for one kWh. */
function ade7953(options: DriverOptions, calibration: Calibration): Ade7953 {
  const pref = calibration("pref") ?? ADE7953_REFERENCE.pref;
  const channel = {
    current: perHundred(calibration("iref") ?? ADE7953_REFERENCE.iref),
    power: perHundred(pref),
    energy: {
      mwh: 1_000_000,
      perCounts: calibration("eref") ?? Math.round((pref * ADE7953_COUNTS_PER_KWH) / 100),
    },
    inverted: calibration("inverted") === 1,
  };
  const inputs = CHANNELS[calibration("channels") ?? 1];
  return new Ade7953({
    ...options,
    sensor: { io: BoardI2c },
    channels: inputs.map((input) => ({ ...channel, input })),
    voltage: perHundred(calibration("uref") ?? ADE7953_REFERENCE.uref),
  });
}

const CHANNELS: Readonly<Record<number, readonly ("A" | "B")[]>> = Object.freeze({
  1: Object.freeze(["A"] as const),
  2: Object.freeze(["B"] as const),
  3: Object.freeze(["A", "B"] as const),
});

/** `{ name: value }`, or nothing where there is no value. */
function given<Name extends string>(name: Name, value: number | undefined) {
  return (value === undefined ? {} : { [name]: value }) as { [key in Name]?: number };
}

const TABLE: Record<string, Driver> = {
  pzem004t: {
    calibration: [ADDRESS],
    open: (options, calibration) =>
      new Pzem004t({ ...options, sensor: line(), ...given("address", calibration("address")) }),
  },
  sdm120: sdm("SDM120"),
  sdm630: sdm("SDM630"),
  cse7766: {
    calibration: [{ name: "pcoef", min: 1, max: 0xffffff }],
    open: (options, calibration) => {
      const powerCoefficient = calibration("pcoef");
      const known = powerCoefficient === undefined ? {} : { calibration: { powerCoefficient } };
      return new Cse7766({ ...options, sensor: line(), ...known });
    },
  },
  bl0942: {
    calibration: [ratioSpec("uref"), ratioSpec("iref"), ratioSpec("pref"), MAINS, INVERTED],
    open: (options, calibration) =>
      new Bl0942({
        ...options,
        sensor: line(),
        calibration: {
          voltage: perHundred(calibration("uref") ?? BL0942_REFERENCE.uref),
          current: perHundred(calibration("iref") ?? BL0942_REFERENCE.iref),
          power: perHundred(calibration("pref") ?? BL0942_REFERENCE.pref),
        },
        mainsHz: calibration("mains") === 60 ? 60 : 50,
        inverted: calibration("inverted") === 1,
      }),
  },
  ade7953: {
    calibration: [
      ratioSpec("uref"),
      ratioSpec("iref"),
      ratioSpec("pref"),
      ratioSpec("eref"),
      { name: "channels", min: 1, max: 3 },
      INVERTED,
    ],
    open: (options, calibration) => ade7953(options, calibration),
  },
  dsmr: {
    calibration: [{ name: "version", min: 3, max: 5 }],
    open: (options, calibration) =>
      new Dsmr({
        ...options,
        sensor: line(false, true),
        version: calibration("version") === 3 ? 3 : 5,
      }),
  },
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
  sml: { calibration: [], open: (options) => new Sml({ ...options, sensor: line() }) },
};

/** What the console offers: drivers with their calibration values. */
export const DRIVERS: Board["drivers"] = Object.freeze(
  Object.fromEntries(Object.entries(TABLE).map(([name, { calibration }]) => [name, calibration])),
);

export function openMeter(
  settings: MeterSettings,
  events: MeterEvents,
  chipStayedOn: boolean | undefined,
): OpenMeter {
  const driver = TABLE[settings.driver];
  assert(driver, "DRIVER", `${settings.driver}: there is no such driver`);
  const values = new Map(settings.calibration.map(({ name, value }) => [name, value]));
  const sensor = driver.open(
    {
      timer: deviceTimer,
      onFault: (fault, detail) => events.onFault(fault, detail),
    },
    (name) => values.get(name),
  );
  const meter = new DriverMeter(sensor, { uptimeMs, chipStayedOn, reversed: settings.reversed });
  return { meter, close: () => sensor.close() };
}

/**
 * Whether a chip beside the processor has kept its power over the start that had this reason; undefined where
 * that cannot be told: a hand on the reset line leaves the power on, a brownout may not.
 */
export function chipStayedOn(reason: ResetReason): boolean | undefined {
  if (reason === "software" || reason === "panic" || reason === "watchdog") return true;
  return reason === "power-on" ? false : undefined;
}
