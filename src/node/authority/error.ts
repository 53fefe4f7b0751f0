// SPDX-License-Identifier: Apache-2.0

/** A mistake of whoever runs the authority, or a file that is not as it was left: cause and cure. */
export class AuthorityToolError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "AuthorityToolError";
  }
}

/** The authority's rules say no: nothing was written. */
export class RefusedError extends AuthorityToolError {
  constructor(message: string) {
    super(message);
    this.name = "RefusedError";
  }
}

/** `ENOENT` and the like, for a message. */
export function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code ?? error);
}
