// SPDX-License-Identifier: Apache-2.0
/** Acceptance of the credit bank. Parts: issue-6-*.ts. */
import type { Line } from "./harness.ts";
import { creditFigures, creditLatency, creditWeek } from "./issue-6-demo.ts";
import { creditCases, creditRuns, creditRunsShort } from "./issue-6-runs.ts";

export const issue6: Line[] = [
  creditCases,
  creditRunsShort,
  creditLatency,
  creditWeek,
  creditFigures,
  creditRuns,
];
