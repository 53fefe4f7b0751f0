// SPDX-License-Identifier: Apache-2.0
/**
 * Protocol P* once more, on its own: nothing of src or host-sim is used. The equilibrium comes from the paper's
 * equations (8) to (12) with their h's, not from the closed form, and (2) and (3) are written out.
 */

/** Loans by grade, A1 to G5. */
const TABLE =
  "22913 22485 23457 34531 44816 44972 48781 56323 55626 48833 53387 52236 50161 48857 41219 36238 29803 26554 " +
  "25558 21389 18268 17004 14134 11724 9575 7218 5392 4433 3409 2594 1871 1398 981 663 576";

function* uniform(seed: number): Generator<number, never> {
  let state = seed | 0;
  for (;;) {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    yield ((word ^ (word >>> 14)) >>> 0) / 4294967296;
  }
}

interface Person {
  g: number;
  d: number;
  th: number;
  t: number;
  l: number;
  c: number;
  Q: number;
}

const p = 2.8;
const eta = 3.5;

/** (3). */
const bankOf = (b: Person, R: number, beta: number, alpha: number) =>
  b.g * (beta * R * b.t - R * b.t * b.c) + (1 - b.g) * alpha * R;

/** (2) with (1). */
const selfOf = (b: Person, R: number, beta: number, alpha: number) =>
  b.l * (b.d * Math.log(R / p - b.Q + b.th) - beta * R * b.t) - (1 - b.l) * alpha * R;

/** (12), then (8); nothing where they give no positive loan. */
function equilibrium(b: Person): { R: number; alpha: number } {
  const k = b.Q * p - b.th * p;
  const h2 = b.l * b.d * b.g * b.t * b.c;
  const [h4, h6] = [k * b.g * b.t, k * (1 - b.g)];
  const under = (h4 + h6 * eta * b.t) * (b.l + eta - b.l * eta);
  const alpha = Math.sqrt((-h2 * eta * eta * b.t) / under);
  const beta = alpha / (eta * b.t);
  const R = (b.l * b.d) / (b.l * beta * b.t + (1 - b.l) * alpha) + k;
  return R > 0 ? { R, alpha } : { R: 0, alpha: 0 };
}

function person(u: () => number, cumulated: number[]): Person {
  const at = u() * cumulated[34];
  const n = cumulated.findIndex((upTo, i) => at < upTo || i === 34) + 1;
  const [d, th, month, l, c, Q] = [u(), u(), u(), u(), u(), u()];
  return {
    ...{ g: 1 - (n - 1) / 35, d: 20000 + 400 * d, th: 2000 + 500 * th, l: 1 - l },
    ...{ t: 1 + Math.floor(10 * month), c: 0.1 + 0.1 * c, Q: 1000 * Q },
  };
}

export interface Sums {
  /** SE, AAS, RAS: of all banks and of all borrowers. */
  bank: [number, number, number];
  self: [number, number, number];
  /** Borrowers with less than without a loan. */
  worse: [number, number, number];
  /** Mean of the five drawn ones, of each seed. */
  five: [number, number, number][];
}

export function protocolP(seeds: number): Sums {
  const sums: Sums = { bank: [0, 0, 0], self: [0, 0, 0], worse: [0, 0, 0], five: [] };
  let total = 0;
  const cumulated = TABLE.split(" ").map((count) => (total += Number(count)));
  for (let seed = 1; seed <= seeds; seed++) {
    const stream = uniform(seed);
    const u = () => stream.next().value;
    const everybody: [number, number, number][] = [];
    for (let bank = 0; bank < 5; bank++) {
      const people = Array.from({ length: 20 }, () => person(u, cumulated));
      const best = people.map(equilibrium);
      const fair = best.reduce((sum, { R }) => sum + R, 0) / 20;
      for (const [i, b] of people.entries()) {
        const flat = 0.1 * eta * b.t;
        const own: [number, number, number] = [best[i].R, fair, fair * u()];
        const rates = [best[i].alpha, flat, flat];
        const utilities = own.map((R, s) => selfOf(b, R, rates[s] / (eta * b.t), rates[s]));
        const none = b.l * b.d * Math.log(b.th - b.Q);
        own.forEach((R, s) => {
          sums.bank[s] += bankOf(b, R, rates[s] / (eta * b.t), rates[s]);
          sums.self[s] += utilities[s];
          if (utilities[s] < none - 1e-6) sums.worse[s]++;
        });
        everybody.push(utilities as [number, number, number]);
      }
    }
    const five: [number, number, number] = [0, 0, 0];
    for (let i = 0; i < 5; i++) {
      const j = i + Math.floor((100 - i) * u());
      [everybody[i], everybody[j]] = [everybody[j], everybody[i]];
      for (let s = 0; s < 3; s++) five[s] += everybody[i][s] / 5;
    }
    sums.five.push(five);
  }
  return sums;
}
