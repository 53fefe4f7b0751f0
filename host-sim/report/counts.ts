// SPDX-License-Identifier: Apache-2.0
/** What gateway processes counted while they ran; a run with restarts adds them up. */
import type { Code } from "#core/errors/codes";
import { MEANINGS } from "#core/errors/meanings";

export interface ProcessCounts {
  signaturesVerified: number;
  duplicates: number;
  /** Messages and transactions that are wrong whenever they come (codes of action `reject`). */
  rejected: number;
}

export const ZERO_COUNTS: ProcessCounts = Object.freeze({
  signaturesVerified: 0,
  duplicates: 0,
  rejected: 0,
});

/** Adds what one process counted, as its monitor topic or its counters show it. */
export function addCounts(
  sum: ProcessCounts,
  process:
    | { signaturesVerified: number; duplicates: number; notAccepted: Record<string, number> }
    | undefined,
): ProcessCounts {
  if (!process) return sum;
  let { rejected } = sum;
  for (const [name, count] of Object.entries(process.notAccepted))
    if (MEANINGS[name as Code]?.action === "reject") rejected += count;
  return {
    signaturesVerified: sum.signaturesVerified + process.signaturesVerified,
    duplicates: sum.duplicates + process.duplicates,
    rejected,
  };
}
