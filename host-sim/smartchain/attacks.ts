// SPDX-License-Identifier: Apache-2.0
/** The table of attacks of ledger 4.4: each row by seed, against the code that defends it and without. */
import type { Attack } from "./attack.ts";
import { COMMITTEE_ATTACKS } from "./attacks-committee.ts";
import { IDENTITY_ATTACKS } from "./attacks-identity.ts";
import { WITNESS_ATTACKS } from "./attacks-witness.ts";

export const ATTACKS: readonly Attack[] = Object.freeze([
  ...IDENTITY_ATTACKS,
  ...WITNESS_ATTACKS,
  ...COMMITTEE_ATTACKS,
]);
