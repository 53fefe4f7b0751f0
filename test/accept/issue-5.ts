// SPDX-License-Identifier: Apache-2.0
/** Acceptance of the consortium. Parts: issue-5-*.ts. */
import type { Line } from "./harness.ts";
import {
  chaos,
  chaosShort,
  stateMutations,
  townMutations,
  townMutationsShort,
} from "./issue-5-chaos.ts";
import { consensusSeeds, mutationsAll, mutationsShort } from "./issue-5-consensus.ts";
import { evaluateLine, latency51 } from "./issue-5-evaluate.ts";
import { gatewaysDemo, gatewaysFaults, gatewaysShort } from "./issue-5-gateways.ts";
import { joins } from "./issue-5-joins.ts";
import { gatewaysLying } from "./issue-5-lying.ts";

export const issue5: Line[] = [
  mutationsShort,
  chaosShort,
  townMutationsShort,
  gatewaysShort,
  latency51,
  mutationsAll,
  consensusSeeds,
  chaos,
  townMutations,
  stateMutations,
  evaluateLine,
  gatewaysDemo,
  gatewaysFaults,
  joins,
  gatewaysLying,
];
