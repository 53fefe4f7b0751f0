// SPDX-License-Identifier: Apache-2.0
/** An invariant that does not hold; thrown by checkers, and what a run ends with. */
export class Violation extends Error {
  /** "I5" to "I18", "V5", "fraud" where an honest member is suspended, "dead" where a party asserts. */
  readonly invariant: string;

  constructor(invariant: string, detail: string) {
    super(`${invariant}: ${detail}`);
    this.invariant = invariant;
  }

  override get name(): string {
    return "Violation";
  }
}

export function must(holds: unknown, invariant: string, detail: () => string): asserts holds {
  if (!holds) throw new Violation(invariant, detail());
}
