// SPDX-License-Identifier: Apache-2.0
/** What a frame's cycles mean on a board, rounded to the nearest integer, and what no board has. */
import { type Ratio, scale } from "../chip/exact.ts";
import type { Cse7766Frame } from "./frame.ts";
import { CURRENT_FLOOR_MA } from "./registers.ts";

export interface BoardRatios {
  /** Mains volts per volt that the chip believes: 1 with the 1 MΩ divider of its data sheet. */
  voltage: Ratio;
  /** Mains amperes per ampere that the chip believes: 1 with a shunt of 1 mΩ. */
  current: Ratio;
}

/** For people. What was not measured is absent. */
export interface Values {
  voltageMv?: number;
  currentMa?: number;
  powerMw?: number;
}

/** No low-voltage grid has more, mV; the divider's own range ends at about 900 V. */
const VOLTAGE_MAX_MV = 500_000;
/** No board has more, mA: 200 A are beyond any relay or transformer that these chips come with. */
const CURRENT_MAX_MA = 200_000;

/** The values of `frame`; the power is a magnitude. */
export function valuesOf(frame: Cse7766Frame, { voltage, current }: BoardRatios): Values {
  const { coefficients, voltageCycle, currentCycle, powerCycle } = frame;
  const values: Values = {};
  if (voltageCycle !== undefined)
    values.voltageMv = onBoard(coefficients.voltage, voltageCycle, voltage);
  if (currentCycle !== undefined) {
    const currentMa = onBoard(coefficients.current, currentCycle, current);
    if (currentMa >= onBoard(CURRENT_FLOOR_MA, 1000, current)) values.currentMa = currentMa;
  }
  if (frame.idle) values.powerMw = 0;
  else if (powerCycle !== undefined) {
    const chipMw = onBoard(coefficients.power, powerCycle, voltage);
    values.powerMw = scale(chipMw, current.numerator, current.denominator);
  }
  return values;
}

/** coefficient/cycle in thousandths, times what the board makes of it. */
function onBoard(coefficient: number, cycle: number, { numerator, denominator }: Ratio): number {
  return scale(coefficient, 1000 * numerator, cycle * denominator);
}

/** Why no board has these values, or undefined. */
export function implausible(values: Values, powerMaxMw: number): string | undefined {
  const { voltageMv = 0, currentMa = 0, powerMw = 0 } = values;
  if (voltageMv > VOLTAGE_MAX_MV) return `${voltageMv} mV`;
  if (currentMa > CURRENT_MAX_MA) return `${currentMa} mA`;
  if (powerMw > powerMaxMw) return `${powerMw} mW`;
  return undefined;
}
