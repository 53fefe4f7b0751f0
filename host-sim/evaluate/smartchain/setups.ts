// SPDX-License-Identifier: Apache-2.0
/** How much is run: the whole protocol of ledger 4.7, or a quick round of the same. */
import type { PotParams } from "#core/pot/params";
import type { EvaluateSetup } from "./evaluate.ts";

export interface EvaluateChoices {
  full: boolean;
  seed: number;
  repetitions?: number;
  transactions?: number;
}

export const STEP = 100;
const POTS: readonly PotParams[] = Object.freeze([
  { k: 0, m: 0 },
  { k: 7, m: 5 },
  { k: 15, m: 10 },
]);
const DRAWN = { k: 7, m: 5 } as const;
const WIDE = { k: 15, m: 10 } as const;

export function setupOf({ full, seed, repetitions, transactions }: EvaluateChoices): EvaluateSetup {
  return {
    seed,
    repetitions: repetitions ?? (full ? 30 : 3),
    extent: { transactions: transactions ?? 2000, step: STEP },
    pots: POTS,
    blocks: [1, 10, 100],
    // 20 bits are a second a block: few are mined.
    works: full
      ? [
          { bits: 12, blocks: 200 },
          { bits: 16, blocks: 20 },
          { bits: 20, blocks: 2 },
        ]
      : [
          { bits: 12, blocks: 50 },
          { bits: 16, blocks: 5 },
          { bits: 20, blocks: 1 },
        ],
    latencies: [
      { seed, nodes: 12, slots: full ? 96 : 48, committee: DRAWN },
      { seed, nodes: 24, slots: full ? 48 : 6, committee: DRAWN },
      { seed, nodes: 24, slots: full ? 48 : 6, committee: WIDE },
      ...(full ? [{ seed, nodes: 48, slots: 12, committee: DRAWN }] : []),
    ],
    loads: { seed, transactions: full ? 50_000 : 10_000, conflictRuns: full ? 200 : 30 },
  };
}
