// SPDX-License-Identifier: Apache-2.0
/** "Done when" of issue 2: the firmware. Parts: issue-2-*.ts. */
import type { Line } from "./harness.ts";
import { budgets } from "./issue-2-budgets.ts";
import { cutWays, powerCuts } from "./issue-2-cuts.ts";
import { drivers } from "./issue-2-drivers.ts";
import { newcomer } from "./issue-2-newcomer.ts";
import { link, simulator } from "./issue-2-sdk.ts";
import { provision, update } from "./issue-2-wire.ts";

export const issue2: Line[] = [
  link,
  simulator,
  budgets,
  drivers,
  powerCuts,
  cutWays,
  update,
  provision,
  newcomer,
];
