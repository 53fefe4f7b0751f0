// SPDX-License-Identifier: Apache-2.0
/** Units of SML's values (DLMS UA Blue Book, table of units), and the integers that values become. */
import type { Quantity } from "../obis/registers.ts";

/** Codes of the units that values can have. */
const UNITS: ReadonlyMap<number, Quantity> = new Map([
  [0x1b, "power"], // W
  [0x1e, "energy"], // Wh
  [0x21, "current"], // A
  [0x23, "voltage"], // V
  [0x2c, "frequency"], // Hz
]);

/** Powers of ten that a value can be multiplied with; meters use -4 (0.1 mWh) to 3 (kWh). */
const SCALER_MAX = 9;
/** Values are thousandths: mWh, mW, mV, mA, mHz. */
const MILLI_POWER = 3;

/** What a value of the unit measures, or undefined for a unit that no register of ours has. */
export function quantityOfUnit(unit: number): Quantity | undefined {
  return UNITS.get(unit);
}

/** Whether meters can scale values by ten to the power of `scaler`. */
export function isScaler(scaler: bigint): boolean {
  return scaler >= BigInt(-SCALER_MAX) && scaler <= BigInt(SCALER_MAX);
}

/**
 * `value` · 10^`scaler` in thousandths. What is finer than a thousandth is cut off downwards, so that a
 * register that only goes up still does.
 */
export function milliFloor(value: bigint, scaler: number): bigint {
  const power = scaler + MILLI_POWER;
  if (power >= 0) return value * 10n ** BigInt(power);
  const divisor = 10n ** BigInt(-power);
  const quotient = value / divisor;
  return quotient * divisor > value ? quotient - 1n : quotient;
}

/** How many thousandths one step of a value with this scaler is; at least one. */
export function milliStep(scaler: number): bigint {
  return scaler + MILLI_POWER > 0 ? 10n ** BigInt(scaler + MILLI_POWER) : 1n;
}
