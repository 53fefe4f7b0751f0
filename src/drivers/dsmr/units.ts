// SPDX-License-Identifier: Apache-2.0
/**
 * Values of a P1 telegram: fixed-point decimals with their unit, as "000004.426*kWh" (P1 companion standard
 * 5.0.2, chapter 6: F9(3,3) for energy, F5(3,3) for power, F4(1,1) for voltage, F3(0,0) for current; older
 * versions and other countries have other widths, and Wh and W). They become integers digit by digit.
 */
import type { Quantity } from "../obis/registers.ts";

/** For each unit: what it measures, and how many powers of ten it is above thousandths. */
const UNITS: ReadonlyMap<string, { quantity: Quantity; power: number }> = new Map([
  ["kWh", { quantity: "energy", power: 6 }],
  ["Wh", { quantity: "energy", power: 3 }],
  ["kW", { quantity: "power", power: 6 }],
  ["W", { quantity: "power", power: 3 }],
  ["V", { quantity: "voltage", power: 3 }],
  ["A", { quantity: "current", power: 3 }],
  ["Hz", { quantity: "frequency", power: 3 }],
]);

/**
 * One value. Nine digits before the point and three behind it are the widest of all countries' formats
 * (000000286*W; 123456.789*kWh): with the thousandths of a kWh they stay below 2^53.
 */
const VALUE = /^(\d{1,9})(?:\.(\d{1,3}))?\*([A-Za-z]{1,3})$/;

/** A value in thousandths of Wh, W, V, A or Hz, and what one of its last digit is. */
export interface Decimal {
  milli: number;
  stepMilli: number;
}

/** What `text` says of a `quantity`; undefined where it is no value, or one of another unit. */
export function decimalOf(text: string, quantity: Quantity): Decimal | undefined {
  const match = VALUE.exec(text);
  if (!match) return undefined;
  const [, whole, fraction = "", name] = match;
  const unit = UNITS.get(name);
  if (unit?.quantity !== quantity) return undefined;
  const digits = whole + fraction;
  let milli = 0;
  for (let i = 0; i < digits.length; i++) milli = milli * 10 + (digits.charCodeAt(i) - 48);
  let stepMilli = 1;
  for (let i = fraction.length; i < unit.power; i++) stepMilli *= 10;
  return { milli: milli * stepMilli, stepMilli };
}
