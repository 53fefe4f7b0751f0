// SPDX-License-Identifier: Apache-2.0
/** Money is an integer number of micro-coins (µc); one coin is one unit of the data's currency. */

/** µc in one coin. */
export const MICRO_PER_COIN = 1_000_000;

/** `micro` as a decimal number of coins with six places, exact, for people. */
export function formatCoins(micro: number): string {
  const sign = micro < 0 ? "-" : "";
  const digits = String(Math.abs(micro)).padStart(7, "0");
  return `${sign}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

/**
 * Coins written as a decimal (`12`, `0.5`) in µc, exact.
 * @returns undefined for anything that is not a non-negative decimal with at most six places.
 */
export function parseCoins(text: string): number | undefined {
  const match = /^(\d{1,9})(?:\.(\d{1,6}))?$/.exec(text);
  if (!match) return undefined;
  const fraction = (match[2] ?? "").padEnd(6, "0");
  return Number(match[1]) * MICRO_PER_COIN + Number(fraction);
}
