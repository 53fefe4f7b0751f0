// SPDX-License-Identifier: Apache-2.0
/** The table of attacks of ledger 4.4, row by row, and the odds of its committees as they are drawn. */
import { ATTACKS, BEYOND } from "#host-sim/smartchain/attacks";
import { type Counted, countSeed, interval } from "#host-sim/smartchain/rates";
import { atLeast, oddsOf } from "../unit/core/pot/odds.ts";
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

function check(seeds: number, from: number, find: Find, say: (line: string) => void): void {
  for (const { name, stated, run } of ATTACKS) {
    const won: number[] = [];
    for (let seed = from; seed < from + seeds; seed++) if (run(seed)) won.push(seed);
    const measured = won.length === 0 ? 0 : `${won.length}, seeds ${won.slice(0, 5)}`;
    find(`${name} (${stated}): successes in ${seeds} seeds`, 0, measured);
    say(name);
  }
  for (const { name, stated, run } of BEYOND) {
    let won = 0;
    for (let seed = from; seed < from + seeds; seed++) if (run(seed)) won++;
    find(`beyond, ${name} (${stated}): successes in ${seeds}`, "some", won, won > 0);
  }
  for (const row of ROWS) {
    const { n, colluders, k, m } = row;
    const counted: Counted = { draws: 0, forge: 0, twice: 0, noQuorum: 0, median: 0 };
    for (let seed = from; seed < from + seeds; seed++) countSeed(seed, row, TICKS, counted);
    const { forge, twice, noQuorum } = oddsOf(n, colluders, k, m);
    const median = atLeast(n - 1, colluders, k, Math.floor((m - 1) / 2) + 1);
    for (const [what, p] of Object.entries({ forge, twice, noQuorum, median })) {
      const [low, high] = interval(counted.draws, p);
      const count = counted[what as keyof Counted];
      const name = `${colluders} of ${n}, ${k},${m}: ${what} in ${counted.draws}`;
      find(name, `${low} to ${high} (95 %)`, count, count >= low && count <= high);
    }
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
