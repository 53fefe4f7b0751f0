// SPDX-License-Identifier: Apache-2.0
/** Scales and ticks of the charts. Pixels are floats; they are drawn and never counted with. */
import { clock, dayMonth, monthYear } from "./format.ts";

export interface Tick {
  at: number;
  label: string;
}

export interface Scale {
  /** Data to pixels. */
  at(value: number): number;
  readonly ticks: readonly Tick[];
  readonly low: number;
  readonly high: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const TIME_STEPS_MS = [
  60_000,
  300_000,
  900_000,
  1_800_000,
  HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  DAY_MS,
  2 * DAY_MS,
  7 * DAY_MS,
  14 * DAY_MS,
];
const TICKS_MOST = 10;

/**
 * A linear scale that covers low … high and ends on ticks of 1, 2 or 5 times a power of ten.
 * @param pixels where the low and the high end are drawn
 */
export function linearScale(low: number, high: number, pixels: [number, number]): Scale {
  const size = Math.max(1, Math.abs(low), Math.abs(high));
  // What differs by less than rounding is one value, and gets a scale of its own size.
  const span = high - low > size * 1e-9 ? high - low : size;
  const raw = span / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999)! * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(Math.ceil(high / step - 1e-9), first + 1);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const ticks: Tick[] = [];
  for (let i = first; i <= last; i += 1) {
    ticks.push({ at: i * step, label: (i * step).toFixed(decimals).replace(/^-/, "\u2212") });
  }
  return { ...straight(first * step, last * step, pixels), ticks };
}

/**
 * A time scale from startMs to endMs with ticks on whole hours, days or months of the data's clock.
 */
export function timeScale(startMs: number, endMs: number, pixels: [number, number]): Scale {
  const end = endMs > startMs ? endMs : startMs + HOUR_MS;
  const step = TIME_STEPS_MS.find((candidate) => (end - startMs) / candidate <= TICKS_MOST);
  const ticks = step === undefined ? monthTicks(startMs, end) : stepTicks(startMs, end, step);
  return { ...straight(startMs, end, pixels), ticks };
}

function stepTicks(startMs: number, endMs: number, step: number): Tick[] {
  const ticks: Tick[] = [];
  for (let at = Math.ceil(startMs / step) * step; at <= endMs; at += step) {
    ticks.push({ at, label: at % DAY_MS === 0 ? dayMonth(at) : clock(at) });
  }
  return ticks;
}

/** Every month, or every few months where the data have many. */
function monthTicks(startMs: number, endMs: number): Tick[] {
  const every = Math.max(1, Math.ceil((endMs - startMs) / (30 * DAY_MS) / (TICKS_MOST + 3)));
  const first = new Date(startMs);
  const ticks: Tick[] = [];
  for (let month = first.getUTCMonth() + 1; ; month += every) {
    const at = Date.UTC(first.getUTCFullYear(), month, 1);
    if (at > endMs) return ticks;
    ticks.push({ at, label: monthYear(at) });
  }
}

function straight(low: number, high: number, [from, to]: [number, number]): Omit<Scale, "ticks"> {
  const factor = (to - from) / (high - low);
  return { low, high, at: (value) => from + (value - low) * factor };
}
