// SPDX-License-Identifier: Apache-2.0
/** Leaves out of a failing plan whatever it also fails without. */
import type { Plan, Weather } from "./plan.ts";

/** The checker that a plan breaks; undefined where it passes. */
export type Judge = (plan: Plan) => string | undefined;

/**
 * A plan that breaks the same checker with less in it, and the runs that took: first runs of faults are
 * left out, halves before single ones, then tactics, weather, clocks and changes of the set; until nothing
 * can go, or `budget` runs are used up.
 */
export function shrink(plan: Plan, judge: Judge, budget = 200): { plan: Plan; runs: number } {
  const checker = judge(plan);
  let runs = 1;
  if (checker === undefined) return { plan, runs };
  let least = plan;
  const attempt = (candidate: Plan): boolean => {
    if (runs >= budget) return false;
    runs++;
    if (judge(candidate) !== checker) return false;
    least = candidate;
    return true;
  };
  for (let size = -1; size !== sizeOf(least) && runs < budget; ) {
    size = sizeOf(least);
    dropFaults(() => least, attempt);
    for (const candidate of simpler(least))
      if (sizeOf(candidate) < sizeOf(least)) attempt(candidate);
  }
  return { plan: least, runs };
}

/** How much is in a plan: what `shrink` makes less. */
export function sizeOf({ faults, byzantine, weather, sets, skewMs, auditMs }: Plan): number {
  const tactics = byzantine.reduce((sum, one) => sum + one.tactics.length + 1, 0);
  const rain = Object.values(weather).filter((value) => value > 1).length;
  const clocks = skewMs.some((ms) => ms !== 0) ? 1 : 0;
  return faults.length + tactics + rain + sets.length + clocks + (auditMs > 0 ? 1 : 0);
}

function dropFaults(least: () => Plan, attempt: (plan: Plan) => boolean): void {
  for (
    let length = Math.ceil(least().faults.length / 2);
    length >= 1;
    length = Math.floor(length / 2)
  )
    for (let at = 0; at < least().faults.length; ) {
      const { faults } = least();
      const rest = [...faults.slice(0, at), ...faults.slice(at + length)];
      if (!attempt({ ...least(), faults: rest })) at += length;
    }
}

/** Plans with one thing less each. */
function* simpler(plan: Plan): Generator<Plan> {
  const { byzantine, weather, sets, skewMs } = plan;
  for (const one of byzantine) {
    const others = byzantine.filter((other) => other !== one);
    yield { ...plan, byzantine: others };
    for (const tactic of one.tactics) {
      const tactics = one.tactics.filter((other) => other !== tactic);
      if (tactics.length > 0) yield { ...plan, byzantine: [...others, { ...one, tactics }] };
    }
  }
  for (const key of Object.keys(weather) as (keyof Weather)[])
    if (weather[key] > 1)
      yield { ...plan, weather: { ...weather, [key]: key === "delayMs" ? 1 : 0 } };
  if (sets.length > 1) yield { ...plan, sets: sets.slice(0, 1) };
  if (skewMs.some((ms) => ms !== 0)) yield { ...plan, skewMs: skewMs.map(() => 0) };
  if (plan.auditMs > 0) yield { ...plan, auditMs: 0 };
}
