// SPDX-License-Identifier: Apache-2.0
/** Acceptance of the consortium. Parts: issue-5-*.ts. */
import type { Line } from "./harness.ts";
import { chaos, chaosShort, townMutations, townMutationsShort } from "./issue-5-chaos.ts";
import { consensusSeeds, mutationsAll, mutationsShort } from "./issue-5-consensus.ts";

export const issue5: Line[] = [
  chaosShort,
  chaos,
  townMutationsShort,
  townMutations,
  mutationsShort,
  mutationsAll,
  consensusSeeds,
];
