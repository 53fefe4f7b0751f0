// SPDX-License-Identifier: Apache-2.0
/** Medians, and the few tests of the evaluation. Nothing here knows what was measured. */
import { assert } from "#core/errors/assert";

/** Of repeated measurements: the median and the 5 % and 95 % quantiles. */
export interface Spread {
  median: number;
  low: number;
  high: number;
  count: number;
}

/** The quantile `q` from 0 to 1 of some values, linear between the two nearest (type 7 of Hyndman and Fan). */
export function quantile(values: readonly number[], q: number): number {
  assert(values.length > 0 && q >= 0 && q <= 1, "EVALUATE_QUANTILE", `${q} of ${values.length}`);
  const sorted = values.slice().sort((a, b) => a - b);
  const place = q * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function spread(values: readonly number[]): Spread {
  const [low, high] = [quantile(values, 0.05), quantile(values, 0.95)];
  return { median: median(values), low, high, count: values.length };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Median of the last fifth of a series over that of its first: above 1 it grows. */
export function slope(series: readonly number[]): number {
  const fifth = Math.floor(series.length / 5);
  assert(fifth > 0, "EVALUATE_SLOPE", `${series.length} values`);
  return median(series.slice(-fifth)) / median(series.slice(0, fifth));
}

/** How far a sum of hashes is from what it must be on the average, in standard deviations. */
export interface HashCount {
  bits: number;
  blocks: number;
  hashes: number;
  expected: number;
  /** (hashes − expected) / σ: tries are geometric, of mean 2^bits and σ = √(1 − 2^−bits) · 2^bits. */
  sigmas: number;
  /** Chance to be as far off on that side: for few blocks it is not that of a normal distribution. */
  chance: number;
}

export function hashCount(bits: number, blocks: number, hashes: number): HashCount {
  const p = 2 ** -bits;
  const expected = blocks / p;
  const sigma = (Math.sqrt(blocks) * Math.sqrt(1 - p)) / p;
  const below = erlangAbove(blocks, hashes * p);
  const chance = Math.min(below, 1 - below);
  return { bits, blocks, hashes, expected, sigmas: (hashes - expected) / sigma, chance };
}

/**
 * Chance that the sum of `count` exponential waits of mean 1 is above `sum`: that of fewer than `count`
 * events of a Poisson process in that time. Terms are summed as logarithms, since each alone may vanish.
 */
export function erlangAbove(count: number, sum: number): number {
  let [term, total] = [-sum, 0];
  for (let i = 0; i < count; i++) {
    total += Math.exp(term);
    term += Math.log(sum) - Math.log(i + 1);
  }
  return Math.min(1, total);
}

/** The most of `trials` that may come out where each does with the chance `p`, four standard deviations up. */
export function mostOf(trials: number, p: number): number {
  return trials * p + 4 * Math.sqrt(trials * p * (1 - p));
}
