// SPDX-License-Identifier: Apache-2.0
/** The table of attacks of ledger 4.4, row by row, and the odds of its committees as they are drawn. */
import type { Attack } from "#host-sim/smartchain/attack";
import { ATTACKS } from "#host-sim/smartchain/attacks";
import { atLeast, oddsOf } from "#host-sim/smartchain/odds";
import { type Counted, countSeed, interval } from "#host-sim/smartchain/rates";
import type { Find, Line } from "./harness.ts";

const ROWS = [
  { n: 100, colluders: 10, k: 5, m: 4 },
  { n: 100, colluders: 10, k: 7, m: 5 },
  { n: 100, colluders: 10, k: 15, m: 10 },
  { n: 100, colluders: 20, k: 7, m: 5 },
  { n: 100, colluders: 20, k: 15, m: 10 },
  { n: 100, colluders: 20, k: 15, m: 11 },
  { n: 100, colluders: 20, k: 21, m: 15 },
  { n: 100, colluders: 30, k: 31, m: 21 },
] as const;
/** Ticks of each seed. */
const TICKS = 2;

/**
 * One rate in twenty lies outside its interval by chance, and there are many here: one that does is counted
 * again with other seeds, which are printed too.
 */
const MEASURES = 3;
/** From the seeds of one count to those of the next. */
const SEEDS_APART = 10_000_000;

/** Finds each count within 95 % of its rate; `count` counts all again, beginning with a seed. */
function rates(
  find: Find,
  from: number,
  expected: Record<string, { name: string; p: number }>,
  count: (from: number) => { draws: number; counts: Record<string, number> },
): void {
  let open = Object.keys(expected);
  for (let measure = 1; open.length > 0 && measure <= MEASURES; measure++) {
    const first = from + (measure - 1) * SEEDS_APART;
    const { draws, counts } = count(first);
    open = open.filter((key) => {
      const { name, p } = expected[key];
      const [low, high] = interval(draws, p);
      const holds = counts[key] >= low && counts[key] <= high;
      const again = holds || measure === MEASURES ? "" : ", and once more";
      const measured = `${counts[key]} of ${draws} from seed ${first}${again}`;
      find(name, `${low} to ${high} (95 %)`, measured, holds || measure < MEASURES);
      return !holds;
    });
  }
}

function successes(run: (seed: number) => boolean, from: number, seeds: number): number[] {
  const won: number[] = [];
  for (let seed = from; seed < from + seeds; seed++) if (run(seed)) won.push(seed);
  return won;
}

function row(attack: Attack, seeds: number, from: number, find: Find): void {
  const { name, stated, run, without } = attack;
  const won = successes(run, from, seeds);
  const measured = won.length === 0 ? 0 : `${won.length}, seeds ${won.slice(0, 5)}`;
  find(`${name} (${stated}): successes in ${seeds} seeds`, 0, measured);
  for (const { what, run, rate } of without) {
    const title = `  without (${what})`;
    if (rate === undefined) {
      const { length } = successes(run, from, seeds);
      find(`${title}: successes in ${seeds}`, "some", length, length > 0);
      continue;
    }
    rates(find, from, { won: { name: title, p: rate } }, (first) => {
      const { length } = successes(run, first, seeds);
      return { draws: seeds, counts: { won: length } };
    });
  }
}

function check(seeds: number, from: number, find: Find, say: (line: string) => void): void {
  for (const attack of ATTACKS) {
    row(attack, seeds, from, find);
    say(attack.name);
  }
  for (const row of ROWS) {
    const { n, colluders, k, m } = row;
    const median = atLeast(n - 1, colluders, k, Math.floor((m - 1) / 2) + 1);
    const expected: Record<string, { name: string; p: number }> = {};
    for (const [what, p] of Object.entries({ ...oddsOf(n, colluders, k, m), median }))
      expected[what] = { name: `${colluders} of ${n}, ${k},${m}: ${what}`, p };
    rates(find, from, expected, (first) => {
      const counted: Counted = { draws: 0, forge: 0, twice: 0, noQuorum: 0, median: 0 };
      for (let seed = first; seed < first + seeds; seed++) countSeed(seed, row, TICKS, counted);
      return { draws: counted.draws, counts: { ...counted } };
    });
    say(`${colluders} of ${n}`);
  }
}

export const attacksShort: Line = {
  name: "attacks-ci",
  title: "the table of attacks, 30 seeds each row",
  takes: "15 s",
  ci: true,
  run: async (find, say, { seed }) => check(30, seed, find, say),
};

export const attacks: Line = {
  name: "attacks",
  title: "the table of attacks, 1000 seeds each row; rates within 95 %",
  takes: "3 min",
  ci: false,
  run: async (find, say, { seed }) => check(1000, seed, find, say),
};
