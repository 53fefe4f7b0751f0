// SPDX-License-Identifier: Apache-2.0
/**
 * Disturbed lines of pulses: what the filter counts is what its definition counts, microsecond by microsecond,
 * and the next clean pulse counts once.
 */
import { CLOCK_US } from "#test/vectors/drivers/s0-pulses";
import { begun, type Fuzzed, tally } from "../../../helpers/fuzzed.ts";
import { Rng } from "../../../property/rng.ts";
import { count, type Line, slowCount } from "./slow-count.ts";

/** What lines do to pulses; lengths of open and closed in turn, which begin with open. */
const DISTURBANCES: Record<string, (rng: Rng, lengths: number[], line: Line) => void> = {
  /** A closed contact opens, or an open one closes, for a moment. */
  glitch(rng, lengths, line) {
    const at = rng.below(lengths.length);
    const glitch = 1 + rng.below(line.minOnUs);
    const before = rng.below(lengths[at] + 1);
    lengths.splice(at, 1, 1 + before, glitch, 1 + lengths[at] - before);
  },
  bounce(rng, lengths) {
    const at = rng.below(lengths.length);
    const times = 2 * (1 + rng.below(8));
    lengths.splice(at, 0, ...Array.from({ length: times }, () => 1 + rng.below(4)));
  },
  /** Two edges are not seen. */
  missed(rng, lengths) {
    const at = rng.below(lengths.length - 2);
    lengths.splice(at, 3, lengths[at] + lengths[at + 1] + lengths[at + 2]);
  },
  /** One part is as long as it likes. */
  length(rng, lengths, line) {
    lengths[rng.below(lengths.length)] = 1 + rng.below(2 * (line.minOnUs + line.minOffUs));
  },
};
const NAMES = Object.keys(DISTURBANCES);

export interface FuzzedS0 extends Fuzzed {
  /** Pulses that were counted. */
  pulses: number;
  /** Disturbances by kind. */
  disturbed: Record<string, number>;
}

export function fuzzS0(seed: number, cases: number): FuzzedS0 {
  const found: FuzzedS0 = { ...begun(), pulses: 0, disturbed: {} };
  const rng = new Rng(seed);
  for (; found.damaged < cases; found.damaged++) {
    const line = { minOnUs: 1 + rng.below(30), minOffUs: 1 + rng.below(30) };
    const lengths = Array.from({ length: 16 }, (_, i) => {
      const least = i % 2 === 0 ? line.minOffUs : line.minOnUs;
      return least + rng.below(30);
    });
    for (let i = 1 + rng.below(4); i > 0; i--) {
      const name = rng.pick(NAMES);
      DISTURBANCES[name](rng, lengths, line);
      tally(found.disturbed, name);
    }
    const what = `${seed}/${found.damaged}: ${line.minOnUs} ${line.minOffUs} ${lengths}`;
    const clock = { clockUs: CLOCK_US - rng.below(2000), settleUs: rng.below(10) };
    const counted = count(line, lengths, false, clock);
    found.pulses += counted;
    const right = slowCount(line, lengths, false);
    if (counted !== right) found.wrong.push(`${what}: ${counted}, not ${right}`);
    // The last part is closed or open; then a clean pause and a clean pulse.
    const tail = lengths.length % 2 === 0 ? [] : [1];
    const clean = [...lengths, ...tail, line.minOffUs, line.minOnUs];
    const more = count(line, clean, false, clock) - slowCount(line, [...lengths, ...tail], false);
    if (more !== 1) found.stuck.push(`${what}: a clean pulse counts ${more}`);
  }
  return found;
}
