// SPDX-License-Identifier: Apache-2.0
/** Leaves out of a failing town's plan whatever it also fails without. */
import type { TownPlan } from "./plan.ts";

/** The checker that a plan breaks; undefined where it passes. */
export type TownJudge = (plan: TownPlan) => Promise<string | undefined>;

/**
 * A plan that breaks the same checker with less in it, and the runs that took: runs of faults are left out,
 * halves before single ones, then what else is in the town, tactics, rogues, weather and clocks; until
 * nothing can go, or `budget` runs are used up.
 */
export async function shrinkTown(
  plan: TownPlan,
  judge: TownJudge,
  budget = 120,
): Promise<{ plan: TownPlan; runs: number }> {
  const checker = await judge(plan);
  let runs = 1;
  if (checker === undefined) return { plan, runs };
  let least = plan;
  const attempt = async (candidate: TownPlan): Promise<boolean> => {
    if (runs >= budget) return false;
    runs++;
    if ((await judge(candidate)) !== checker) return false;
    least = candidate;
    return true;
  };
  for (let before = -1; before !== sizeOf(least) && runs < budget; ) {
    before = sizeOf(least);
    for (let length = least.faults.length; length >= 1; length = Math.floor(length / 2))
      for (let at = 0; at < least.faults.length; ) {
        const faults = [...least.faults.slice(0, at), ...least.faults.slice(at + length)];
        if (!(await attempt({ ...least, faults }))) at += length;
      }
    for (const candidate of simpler(least))
      if (sizeOf(candidate) < sizeOf(least)) await attempt(candidate);
  }
  return { plan: least, runs };
}

/** How much is in a plan: what shrinking makes less. */
export function sizeOf(plan: TownPlan): number {
  const { faults, liars, rogues, peers, area, clocks, nodeSkewMs } = plan;
  const { verifyMs, intervalMs, checkpointTurns, changes, bank, rewards } = plan;
  const { rule, leader, states, stops } = plan;
  const tactics = liars.reduce((sum, one) => sum + one.tactics.length + 1, 0);
  const rain = [...Object.values(peers), ...Object.values(area)].filter(
    (value) => value > 1,
  ).length;
  const skews = clocks.filter(({ skewMs, driftPpm }) => skewMs !== 0 || driftPpm !== 0).length;
  const nodes = nodeSkewMs.some((ms) => ms !== 0) ? 1 : 0;
  const waits = (verifyMs > 0 ? 1 : 0) + (intervalMs > 0 ? 1 : 0) + (checkpointTurns > 0 ? 1 : 0);
  const wishes = changes.reduce((sum, { by }) => sum + 2 + by.length, 0);
  const credit = bank ? 2 + bank.greedy.length + bank.slack.length + bank.banks.length : 0;
  const kinds = [
    !!rewards,
    !!states,
    !!stops,
    states?.keepTurns !== undefined,
    rule === "unanimous",
    leader === "proof-of-work",
  ];
  const kind = kinds.filter((has) => has).length + (bank?.changesTerms ? 1 : 0);
  const all = faults.length + tactics + rogues.length + rain + skews + nodes + waits;
  return all + wishes + credit + kind;
}

/** Plans without one of their features, or with less of it. */
function* plainer(plan: TownPlan): Generator<TownPlan> {
  const { bank, rewards, changes, states } = plan;
  const { bank: _, ...unbanked } = plan;
  if (bank) yield unbanked;
  const { rewards: __, ...unpaid } = plan;
  if (rewards) yield unpaid;
  const { states: ___, ...stateless } = plan;
  if (states) yield stateless;
  const { stops, ...falling } = plan;
  if (stops) yield falling;
  if (states) yield { ...plan, states: { stateTurns: states.stateTurns } };
  yield { ...plan, rule: "quorum" };
  yield { ...plan, leader: "round-robin" };
  // What follows a change goes with it.
  for (const { number } of changes)
    yield { ...plan, changes: changes.filter((other) => other.number < number) };
  for (const one of changes) {
    const others = changes.filter((other) => other !== one);
    if (others.some(({ number }) => number === one.number)) yield { ...plan, changes: others };
    for (const who of one.agreed ? [] : one.by) {
      const by = one.by.filter((other) => other !== who);
      if (by.length > 0) yield { ...plan, changes: [...others, { ...one, by }] };
    }
  }
  if (!bank) return;
  yield { ...plan, bank: { ...bank, greedy: [], slack: [], changesTerms: false } };
  for (const one of bank.banks) {
    const banks = bank.banks.filter((other) => other !== one);
    if (banks.length > 0) yield { ...plan, bank: { ...bank, banks } };
  }
}

/** Plans with one thing less each. */
function* simpler(plan: TownPlan): Generator<TownPlan> {
  yield* plainer(plan);
  const { liars, rogues, peers, area, clocks, nodeSkewMs } = plan;
  for (const one of liars) {
    const others = liars.filter((other) => other !== one);
    yield { ...plan, liars: others };
    for (const tactic of one.tactics) {
      const tactics = one.tactics.filter((other) => other !== tactic);
      if (tactics.length > 0) yield { ...plan, liars: [...others, { ...one, tactics }] };
    }
  }
  for (const one of rogues) yield { ...plan, rogues: rogues.filter((other) => other !== one) };
  for (const key of Object.keys(peers) as (keyof typeof peers)[])
    if ((peers[key] ?? 0) > 1) yield { ...plan, peers: { ...peers, [key]: least(key) } };
  for (const key of Object.keys(area) as (keyof typeof area)[])
    if (area[key] > 1) yield { ...plan, area: { ...area, [key]: least(key) } };
  yield { ...plan, clocks: clocks.map(() => ({ skewMs: 0, driftPpm: 0 })) };
  for (let i = 0; i < clocks.length; i++)
    yield { ...plan, clocks: clocks.map((one, j) => (i === j ? { skewMs: 0, driftPpm: 0 } : one)) };
  yield { ...plan, nodeSkewMs: nodeSkewMs.map(() => 0) };
  yield { ...plan, verifyMs: 0 };
  yield { ...plan, intervalMs: 0 };
  yield { ...plan, checkpointTurns: 0 };
}

function least(key: string): number {
  return key.endsWith("Permille") ? 0 : 1;
}
