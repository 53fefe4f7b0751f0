// SPDX-License-Identifier: Apache-2.0
/** What a log has dropped. */
import { assert } from "#core/errors/assert";
import type { LogStore } from "#gateway/ports";

/** Where the gap is after this drop. It begins at one place, and only grows. */
export function checkDrop(
  { gap, length }: Pick<LogStore, "gap" | "length">,
  head: number,
  before: number,
): NonNullable<LogStore["gap"]> {
  assert(head >= 1 && before > head && before <= length, "STORE_DROP", `${head}, ${before}`);
  if (!gap) return { head, before };
  assert(gap.head === head, "STORE_DROP", `${gap.head} is not ${head}`);
  return { head, before: Math.max(gap.before, before) };
}
