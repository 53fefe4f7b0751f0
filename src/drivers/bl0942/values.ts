// SPDX-License-Identifier: Apache-2.0
/** What the BL0942's units mean on a board, rounded to the nearest integer. */
import { checkedRatio, lowestTerms, type Ratio, scale } from "../chip/exact.ts";
import type { CounterSpec } from "../types.ts";
import type { Packet } from "./frame.ts";
import { PERIOD_MHZ, PULSE_MWH_TIMES_P, PULSES_MODULUS } from "./registers.ts";

/** A board's calibration: units of the chip's registers for one V, A and W. */
export interface Bl0942Calibration {
  voltage: Ratio;
  current: Ratio;
  power: Ratio;
}

/** For people. The power is positive where the watt register is. */
export interface Bl0942Values {
  voltageMv: number;
  currentMa: number;
  powerMw: number;
}

/** No low-voltage grid has more, mV. */
const VOLTAGE_MAX_MV = 500_000;
/** No board with this chip has more, mA. */
const CURRENT_MAX_MA = 200_000;
/** What is no mains frequency is no measurement, mHz. */
const FREQUENCY_MIN_MHZ = 40_000;
const FREQUENCY_MAX_MHZ = 70_000;

export function checkedCalibration(calibration: Bl0942Calibration): Bl0942Calibration {
  checkedRatio("voltage", calibration.voltage);
  checkedRatio("current", calibration.current);
  checkedRatio("power", calibration.power);
  return calibration;
}

export function valuesOf(packet: Packet, calibration: Bl0942Calibration): Bl0942Values {
  const { voltage, current, power } = calibration;
  return {
    voltageMv: thousandths(packet.voltageRms, voltage),
    currentMa: thousandths(packet.currentRms, current),
    powerMw: thousandths(packet.watt, power),
  };
}

function thousandths(units: number, { numerator, denominator }: Ratio): number {
  return scale(units, 1000 * denominator, numerator);
}

/** Why no board has these values, or undefined. */
export function implausible(values: Bl0942Values, powerMaxMw: number): string | undefined {
  const { voltageMv, currentMa, powerMw } = values;
  if (voltageMv > VOLTAGE_MAX_MV) return `${voltageMv} mV`;
  if (currentMa > CURRENT_MAX_MA) return `${currentMa} mA`;
  if (Math.abs(powerMw) > powerMaxMw) return `${powerMw} mW`;
  return undefined;
}

/** The frequency of the period, or undefined where it is none of a grid. */
export function frequencyOf(periodUs: number): number | undefined {
  const mhz = scale(1, PERIOD_MHZ, periodUs);
  return mhz >= FREQUENCY_MIN_MHZ && mhz <= FREQUENCY_MAX_MHZ ? mhz : undefined;
}

/** The chip's counter; its energy follows from the calibration of the power. */
export function counterOf({ power }: Bl0942Calibration): CounterSpec {
  const pulse = lowestTerms(
    PULSE_MWH_TIMES_P.numerator * BigInt(power.denominator),
    PULSE_MWH_TIMES_P.denominator * BigInt(power.numerator),
  );
  return Object.freeze({
    name: "CF_CNT",
    register: "signed",
    mwh: pulse.numerator,
    perCounts: pulse.denominator,
    modulus: BigInt(PULSES_MODULUS),
    origin: "powered",
  });
}
