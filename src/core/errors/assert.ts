// SPDX-License-Identifier: Apache-2.0
/** A broken promise of our own code: never caused by input from outside, and never caught to go on. */
export class AssertionFailure extends Error {
  // Neither a field nor an assignment: on the device Error.prototype is frozen, and compilers that target
  // ES2021 make a field an assignment.
  override get name(): string {
    return "AssertionFailure";
  }
  readonly code: string;
  constructor(code: string, detail = "") {
    super(detail ? `${code}: ${detail}` : code);
    this.code = code;
  }
}

/** Stays on in production: a bug must stop its node before it becomes a wrong record. */
export function assert(condition: unknown, code: string, detail?: string): asserts condition {
  if (!condition) throw new AssertionFailure(code, detail);
}
