// SPDX-License-Identifier: Apache-2.0
/** Acceptance of SmartChain: invariants under faults, and the table of attacks. */

import type { Line } from "./harness.ts";
import { attacks, attacksShort } from "./issue-4-attacks.ts";
import { invariants, invariantsShort } from "./issue-4-invariants.ts";
import { tokensDay, tokensWeek } from "./issue-4-tokens.ts";

export const issue4: Line[] = [
  tokensDay,
  invariantsShort,
  attacksShort,
  tokensWeek,
  invariants,
  attacks,
];
