// SPDX-License-Identifier: Apache-2.0
/** The metering chip that the settings name, on the board's pins. */
import { assert } from "#core/errors/assert";
import type { ResetReason } from "#meter/health/reset-reason";
import type { Board, MeterSettings } from "#meter/provision/settings";
import { DRIVERS } from "#platform/drivers";
import { DriverMeter } from "#xs/device/driver-meter";
import type { MeterEvents, OpenMeter } from "#xs/device/parts";
import { deviceTimer, uptimeMs } from "#xs/device/timer";

/** What the console offers: drivers with their calibration values. */
export const CALIBRATION: Board["drivers"] = Object.freeze(
  Object.fromEntries(Object.entries(DRIVERS).map(([name, { calibration }]) => [name, calibration])),
);

export function openMeter(
  settings: MeterSettings,
  events: MeterEvents,
  chipStayedOn: boolean | undefined,
): OpenMeter {
  const driver = DRIVERS[settings.driver];
  assert(driver, "DRIVER", `${settings.driver}: not in this firmware`);
  const values = new Map(settings.calibration.map(({ name, value }) => [name, value]));
  const sensor = driver.open(
    {
      timer: deviceTimer,
      onFault: (fault, detail) => events.onFault(fault, detail),
      onTime: (time) => events.onTime(time),
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
