// SPDX-License-Identifier: Apache-2.0
/** The odds of committees (ledger 4.4), exactly: drawn without putting back, in rational numbers. */

function choose(n: number, k: number): bigint {
  if (k < 0 || k > n) return 0n;
  let result = 1n;
  for (let i = 0; i < k; i++) result = (result * BigInt(n - i)) / BigInt(i + 1);
  return result;
}

/** 10^18 times a quotient, as a number: enough for what is shown with two digits. */
function quotient(a: bigint, b: bigint): number {
  return Number((a * 10n ** 24n) / b) / 1e24;
}

/** That exactly `hits` of `drawn` are among the `marked` of `all`. */
export function exactly(all: number, marked: number, drawn: number, hits: number): number {
  const ways = choose(marked, hits) * choose(all - marked, drawn - hits);
  return quotient(ways, choose(all, drawn));
}

/** That at least `hits` are. */
export function atLeast(all: number, marked: number, drawn: number, hits: number): number {
  let sum = 0n;
  for (let i = hits; i <= drawn; i++) sum += choose(marked, i) * choose(all - marked, drawn - i);
  return quotient(sum, choose(all, drawn));
}

/** That of `n` trials fewer than `m` succeed, each with probability `p`. */
function fewerThan(n: number, m: number, p: number): number {
  let sum = 0;
  for (let i = 0; i < m && i <= n; i++) sum += Number(choose(n, i)) * p ** i * (1 - p) ** (n - i);
  return sum;
}

/** Odds of one honest author's committee among `n` members with `colluders`, of which k witness and m have to. */
export function oddsOf(n: number, colluders: number, k: number, m: number) {
  const all = n - 1;
  let silent = 0;
  for (let hits = 0; hits <= k; hits++)
    silent += exactly(all, colluders, k, hits) * fewerThan(k - hits, m, 0.95);
  return {
    /** The colluders alone have m tokens. */
    forge: atLeast(all, colluders, k, m),
    /** Two sets of m out of k have 2m − k in common: as many who sign twice are needed. */
    twice: atLeast(all, colluders, k, 2 * m - k),
    /** Colluders refuse, and 95 % of the others are there. */
    noQuorum: silent,
  };
}
