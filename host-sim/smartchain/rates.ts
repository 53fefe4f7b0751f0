// SPDX-License-Identifier: Apache-2.0
/** How often colluders have enough of a committee (the table of ledger 4.4), counted as they are drawn. */
import type { PotToken } from "#core/records/tx";
import { twoSets } from "./attacks-committee.ts";
import { Lab } from "./lab.ts";

export interface RateRow {
  n: number;
  colluders: number;
  k: number;
  m: number;
}

export interface Counted {
  draws: number;
  /** They alone have m tokens. */
  forge: number;
  /** So many that sign twice make two sets possible. */
  twice: number;
  /** They refuse, 95 in 100 of the others are there, and there are fewer than m. */
  noQuorum: number;
  /** Enough to move the median. */
  median: number;
}

/** Committees of `ticks` ticks in one epoch, whose beacon is of the seed. */
export function countSeed(seed: number, row: RateRow, ticks: number, into: Counted): void {
  const { n, colluders, k, m } = row;
  const lab = new Lab(seed, n, { k, m });
  const at = lab.random.below(n);
  const author = lab.people[at];
  const bad = lab.colluders(colluders, at);
  for (let i = 0; i < ticks; i++) {
    const body = lab.body(author);
    const committee = lab.committee(body);
    const hits = committee.filter((index) => bad.has(index)).length;
    let there = 0;
    for (let j = hits; j < k; j++) if (lab.random.below(100) < 95) there++;
    into.draws++;
    if (hits >= m) into.forge++;
    if (hits >= 2 * m - k) into.twice++;
    if (there < m) into.noQuorum++;
    if (hits >= Math.floor((m - 1) / 2) + 1) into.median++;
    if (i === 0 || hits >= m) attempt(lab, at, bad, hits >= m);
    // At the edge, where one more or less of them decides.
    if (Math.abs(hits - (2 * m - k)) <= 1 && twoSets(lab, author, bad, i + 1) !== hits >= 2 * m - k)
      throw new Error(`two sets of tokens with ${hits} colluders came out otherwise`);
    lab.nowMs += 30_000;
  }
}

/** The forgery itself: what colluders sign, and for the rest tokens that nobody signed. */
function attempt(lab: Lab, at: number, bad: ReadonlySet<number>, enough: boolean): void {
  const author = lab.people[at];
  const body = lab.body(author);
  const committee = lab.committee(body);
  const pot: PotToken[] = committee.filter((i) => bad.has(i)).map((i) => lab.token(i, body));
  for (const i of committee) {
    if (pot.length >= lab.epoch.m) break;
    if (!bad.has(i)) pot.push(lab.forged(i, body));
  }
  if (lab.valid(lab.tx(author, body, pot)) !== enough)
    throw new Error(`a forgery with ${enough ? "enough" : "too few"} colluders came out otherwise`);
}

/** Where 95 (or another) of 100 binomial counts lie: no tail has more than half of the rest. */
export function interval(draws: number, p: number, outside = 0.05): [number, number] {
  if (p >= 1) return [draws, draws];
  let low = 0;
  let sum = 0;
  let log = draws * Math.log1p(-p);
  for (let count = 0; count <= draws; count++) {
    const mass = Math.exp(log);
    if (sum + mass <= outside / 2) low = count + 1;
    sum += mass;
    if (1 - sum <= outside / 2) return [low, count];
    log += Math.log((draws - count) / (count + 1)) + Math.log(p / (1 - p));
  }
  return [low, draws];
}
