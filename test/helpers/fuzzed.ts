// SPDX-License-Identifier: Apache-2.0
/** What a fuzzer of a driver found; the acceptance run prints it, the unit tests assert it. */
export interface Fuzzed {
  /** Damaged frames that were sent. */
  damaged: number;
  /** Samples that say what nobody sent, one line each. */
  wrong: string[];
  /** Damage after which the driver did not go on: too much work, or a sound frame that was not taken. */
  stuck: string[];
  /** How often each fault was given. */
  faults: Record<string, number>;
}

/** Nothing yet. */
export function begun(): Fuzzed {
  return { damaged: 0, wrong: [], stuck: [], faults: {} };
}

export function tally(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
