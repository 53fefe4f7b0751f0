// SPDX-License-Identifier: Apache-2.0
/**
 * What power at a battery's meter does to the energy in it. Integers; each rounding is to the battery's
 * disadvantage, so that nothing is planned with energy that is not there. Efficiency is that of one way.
 */

/** Energy that arrives in the battery, mWh: ⌊W · s · η / 3600⌋, W below 4·10⁶ and s below a day. */
export function storedMwh(powerW: number, seconds: number, efficiencyPermille: number): number {
  return Math.floor((powerW * seconds * efficiencyPermille) / 3600);
}

/** Energy that leaves the battery, mWh: ⌈W · s / (3.6 · η)⌉. */
export function drawnMwh(powerW: number, seconds: number, efficiencyPermille: number): number {
  return Math.ceil((powerW * seconds * 2500) / (9 * efficiencyPermille));
}

/** Least power with which `mwh` arrive in `seconds`, W, rounded up. */
export function powerToStoreW(mwh: number, seconds: number, efficiencyPermille: number): number {
  return Math.ceil((mwh * 3600) / (seconds * efficiencyPermille));
}

/** Most power with which no more than `mwh` leave in `seconds`, W, rounded down. */
export function powerToDrawW(mwh: number, seconds: number, efficiencyPermille: number): number {
  return Math.floor((mwh * 9 * efficiencyPermille) / (seconds * 2500));
}

/** Most power with which no more than `mwh` arrive in `seconds`, W, rounded down. */
export function powerThatFitsW(mwh: number, seconds: number, efficiencyPermille: number): number {
  return Math.floor((mwh * 3600) / (seconds * efficiencyPermille));
}
