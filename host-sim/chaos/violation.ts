// SPDX-License-Identifier: Apache-2.0
/** What a checker found: the invariant that does not hold, and where. */

export class Violation extends Error {
  readonly checker: string;

  constructor(checker: string, detail: string) {
    super(`${checker}: ${detail}`);
    this.checker = checker;
  }
}

/** Throws where `condition` does not hold; the detail is made only then. */
export function must(condition: unknown, checker: string, detail: () => string): asserts condition {
  if (!condition) throw new Violation(checker, detail());
}
