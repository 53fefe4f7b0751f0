// SPDX-License-Identifier: Apache-2.0

/** A mistake of whoever signs or publishes firmware: the message has cause and cure. */
export class FirmwareError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "FirmwareError";
  }
}

/** `ENOENT` and the like, for a message. */
export function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code ?? error);
}
