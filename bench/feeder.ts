// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run bench -- feeder [areas] [synthetic]`: how often the feeder meter finds a lying member. Areas are
 * drawn from seeds on the CityLearn data (12 homes, a year of hours), or on 30 synthetic homes and 120 days
 * of quarter-hours; each with other meter errors, losses, liar and first day of the lie. Limits are the
 * defaults of the configuration.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { FEEDER_DEFAULTS } from "#gateway/feeder/terms";
import type { Lie } from "#host-sim/feeder/street";
import { runTrial, type Trial } from "#host-sim/feeder/trial";
import { loadWorld } from "#host-sim/worlds/load";
import { randomStream } from "#host-sim/worlds/random";
import type { World } from "#host-sim/worlds/types";
import { dataDir } from "#test/data";

const AREAS = 200;
const SHARES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
const WATTS = [20, 50, 100, 200, 500];

interface Found {
  /** Days from the first lie to the first alarm after it. */
  days: number[];
  /** Areas in which somebody was named; in which it was the liar, first and at the end. */
  named: number;
  first: number;
  last: number;
  byTest: Map<string, number>;
}

export function feeder(areas = AREAS, synthetic = false): void {
  const world = synthetic ? syntheticHomes() : yearOfHomes();
  const days = (world.slots * world.slotSeconds) / 86_400;
  say(
    `${world.name}: ${world.homes.length} homes, ${world.slotSeconds} s slots, ${Math.floor(days)} days`,
  );
  say(`limits: ${JSON.stringify(FEEDER_DEFAULTS)}; ${areas} areas for each line`);
  honest(world, areas, days);
  say(
    "\nlie          found  median days  90 % within   named  liar first  at the end   by which test",
  );
  for (const share of SHARES) lieOf(world, areas, `${share * 100} %`, { share });
  for (const watts of WATTS) lieOf(world, areas, `${watts} W`, { watts });
}

function yearOfHomes(): World {
  const data = join(dataDir() ?? "", "citylearn2022");
  if (existsSync(data)) return loadWorld({ data, seed: 1 });
  say("no CityLearn data: synthetic homes");
  return syntheticHomes();
}

function syntheticHomes(): World {
  return loadWorld({ seed: 1, days: 120, nodes: 30, slotSeconds: 900 });
}

function honest(world: World, areas: number, days: number): void {
  let alarms = 0;
  let areasWith = 0;
  const losses: number[] = [];
  let score = 0;
  for (let seed = 1; seed <= areas; seed++) {
    const trial = runTrial(world, seed, FEEDER_DEFAULTS);
    alarms += trial.alarms.length;
    if (trial.alarms.length > 0) areasWith++;
    losses.push(trial.lossShare);
    score = Math.max(score, trial.scoreMax);
  }
  losses.sort((a, b) => a - b);
  const years = (areas * days) / 365;
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  say(
    `losses of a year: ${percent(losses[0])} to ${percent(losses[losses.length - 1])} of the flows`,
  );
  say(
    `honest: ${alarms} alarms in ${years.toFixed(0)} area-years, in ${areasWith} areas; ` +
      `highest score of a member ${score.toFixed(2)} of 1`,
  );
}

function lieOf(world: World, areas: number, name: string, lie: Omit<Lie, "member">): void {
  const found: Found = { days: [], named: 0, first: 0, last: 0, byTest: new Map() };
  const slotsPerDay = 86_400 / world.slotSeconds;
  // It begins within the first half of the time.
  const firstDays = Math.floor(world.slots / slotsPerDay / 2);
  for (let seed = 1; seed <= areas; seed++) {
    const random = randomStream(seed, 0x11e);
    const member = random.below(world.homes.length);
    const fromSlot = random.below(firstDays) * slotsPerDay;
    const trial = runTrial(world, seed, FEEDER_DEFAULTS, { ...lie, member, fromSlot });
    count(found, trial, member, fromSlot, slotsPerDay);
  }
  const { days, named, first, last, byTest } = found;
  days.sort((a, b) => a - b);
  const at = (share: number) => {
    const value = days[Math.ceil(areas * share) - 1];
    return value === undefined ? "-" : value.toFixed(1);
  };
  const percent = (part: number, of: number) =>
    of === 0 ? "-" : `${Math.round((100 * part) / of)} %`;
  const tests = [...byTest]
    .sort((a, b) => b[1] - a[1])
    .map(([test, n]) => `${test} ${percent(n, areas)}`);
  say(
    name.padEnd(11) +
      percent(days.length, areas).padStart(7) +
      (days.length === 0 ? "-" : days[Math.floor((days.length - 1) / 2)].toFixed(1)).padStart(13) +
      at(0.9).padStart(13) +
      percent(named, areas).padStart(8) +
      percent(first, named).padStart(12) +
      percent(last, named).padStart(12) +
      `   ${tests.join(", ")}`,
  );
}

function count(
  found: Found,
  trial: Trial,
  member: number,
  fromSlot: number,
  slotsPerDay: number,
): void {
  const after = trial.alarms.filter(({ slot }) => slot >= fromSlot);
  if (after.length === 0) return;
  found.days.push((after[0].slot + 1 - fromSlot) / slotsPerDay);
  for (const test of new Set(after.map((alarm) => alarm.test)))
    found.byTest.set(test, (found.byTest.get(test) ?? 0) + 1);
  const tops = after.map(({ top }) => top).filter((top) => top !== undefined);
  if (tops.length === 0) return;
  found.named++;
  if (tops[0] === member) found.first++;
  if (tops[tops.length - 1] === member) found.last++;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
