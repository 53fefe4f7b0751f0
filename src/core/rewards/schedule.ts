// SPDX-License-Identifier: Apache-2.0
/** How much is minted, when: fixed before anything happens, in whole micro-coins. */
import { assert } from "../errors/assert.ts";

/** Reward n, from 0 on, is `firstMicro` halved after each `halveEvery` of them. */
export interface Schedule {
  readonly firstMicro: number;
  readonly halveEvery: number;
}

/** After so many halvings any safe integer is 0. */
const HALVINGS_MAX = 53;

/** Whether a schedule is one: whole numbers, and all of it together a safe integer. */
export function isSchedule({ firstMicro, halveEvery }: Schedule): boolean {
  if (!Number.isSafeInteger(firstMicro) || firstMicro < 0) return false;
  if (!Number.isSafeInteger(halveEvery) || halveEvery < 1) return false;
  return firstMicro <= Math.floor(Number.MAX_SAFE_INTEGER / 2 / halveEvery);
}

/** Reward `n`, µc. */
export function rewardAt(schedule: Schedule, n: number): number {
  assert(isSchedule(schedule), "REWARD_SCHEDULE");
  assert(Number.isSafeInteger(n) && n >= 0, "REWARD_NUMBER", String(n));
  return halved(schedule.firstMicro, Math.floor(n / schedule.halveEvery));
}

/** The most that rewards 0 to n − 1 mint together, µc: never above 2 · firstMicro · halveEvery. */
export function scheduledBefore(schedule: Schedule, n: number): number {
  assert(isSchedule(schedule), "REWARD_SCHEDULE");
  assert(Number.isSafeInteger(n) && n >= 0, "REWARD_NUMBER", String(n));
  const { firstMicro, halveEvery } = schedule;
  let sum = 0;
  let rest = n;
  for (let era = 0; era < HALVINGS_MAX && rest > 0; era++) {
    const count = Math.min(rest, halveEvery);
    sum += count * halved(firstMicro, era);
    rest -= count;
  }
  return sum;
}

function halved(micro: number, times: number): number {
  return times >= HALVINGS_MAX ? 0 : Number(BigInt(micro) >> BigInt(times));
}
