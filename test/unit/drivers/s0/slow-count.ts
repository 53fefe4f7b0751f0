// SPDX-License-Identifier: Apache-2.0
/** Pulses of a line by the definition of the filter, and by the filter. */
import { PulseFilter } from "#drivers/s0/pulse-filter";
import { CLOCK_US } from "#test/vectors/drivers/s0-pulses";

export interface Line {
  minOnUs: number;
  minOffUs: number;
}

/** Pulses of a line by the definition: one step a microsecond. */
export function slowCount(
  { minOnUs, minOffUs }: Line,
  durations: readonly number[],
  on: boolean,
): number {
  let pulse = on;
  let net = 0;
  let count = 0;
  durations.forEach((duration, i) => {
    const level = (i % 2 === 0) === on;
    for (let us = 0; us < duration; us++) {
      net = level === pulse ? Math.max(0, net - 1) : net + 1;
      if (net < (pulse ? minOffUs : minOnUs)) continue;
      pulse = !pulse;
      net = 0;
      if (pulse) count++;
    }
  });
  return count;
}

/** The same by the filter; `settles` are further looks at the line, each after so many µs of a level. */
export function count(
  line: Line,
  durations: readonly number[],
  on: boolean,
  { clockUs = 0, settleUs = 0 } = {},
): number {
  let nowUs = clockUs;
  const filter = new PulseFilter(line, on, nowUs % CLOCK_US);
  let level = on;
  for (const duration of durations) {
    if (settleUs > 0)
      for (let us = settleUs; us < duration; us += settleUs) filter.settle((nowUs + us) % CLOCK_US);
    nowUs += duration;
    level = !level;
    filter.edge(level, nowUs % CLOCK_US);
  }
  return filter.count;
}
